// Runs under their shim, with real processes: what survives what, and who is ended by whom.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import {
  attemptDir,
  createAttempt,
  processesOf,
  readAttempt,
  readProcesses,
} from "../../src/effects/supervise/attempts.ts";
import type { AttemptState } from "../../src/effects/supervise/attempts.ts";
import {
  hostFacts,
  identityOf,
  isAlive,
  processesWith,
} from "../../src/effects/os/process-identity.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import type { AttemptEnd } from "../../src/effects/supervise/supervisor.ts";
import type { AttemptSpec, ProcessIdentity } from "../../src/domain/run.ts";
import { makeBench, until } from "./run-harness.ts";
import type { Bench } from "./run-harness.ts";

const SHIM = fileURLToPath(new URL("../../src/effects/supervise/shim.sh", import.meta.url));
const LONG_MS = 60_000;

let bench: Bench;
let supervisor: Supervisor;

beforeEach(() => {
  bench = makeBench();
  supervisor = new Supervisor({ graceMs: 1_000, pollMs: 50 });
});
afterEach(async () => {
  for (let number = 1; number <= 3; number += 1) {
    await supervisor.stop(bench.spec(number));
  }
  supervisor.close();
  bench.remove();
});

const dirOf = (spec: AttemptSpec): string => attemptDir(spec.lab, spec.attempt);
const stateOf = async (spec: AttemptSpec): Promise<AttemptState> =>
  readAttempt(dirOf(spec), hostFacts());
const endOf = async (spec: AttemptSpec, of = supervisor): Promise<AttemptEnd> =>
  new Promise((resolve) => {
    of.onExit(spec, resolve);
  });
const start = async (
  spec: AttemptSpec,
  argv: readonly string[],
  limitMs = LONG_MS,
): Promise<ProcessIdentity> => supervisor.start(spec, argv, process.env, limitMs);
const consoleOf = (spec: AttemptSpec): string =>
  readFileSync(join(dirOf(spec), "console.log"), "utf8");
const codeOf = (end: AttemptEnd): number | undefined =>
  end.kind === "ended" ? end.exit.code : undefined;
const shimOf = async (spec: AttemptSpec): Promise<ProcessIdentity> => {
  const { shim } = await readProcesses(dirOf(spec));
  assert.ok(shim);
  return shim;
};

/** Runs `body` with a supervisor in a Node process of its own, which ends by SIGKILL. */
async function inDoomedDaemon(
  spec: AttemptSpec,
  argv: readonly string[],
  limitMs = LONG_MS,
): Promise<void> {
  const supervisorUrl = new URL("../../src/effects/supervise/supervisor.ts", import.meta.url).href;
  const program = `
    const { Supervisor } = await import(${JSON.stringify(supervisorUrl)});
    const [spec, argv, limitMs] = JSON.parse(process.argv[1]);
    await new Supervisor({ graceMs: 1000 }).start(spec, argv, process.env, limitMs);
    process.kill(process.pid, "SIGKILL");`;
  const daemon = spawn(
    process.execPath,
    ["--input-type=module", "-e", program, JSON.stringify([spec, argv, limitMs])],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  await new Promise((resolve) => daemon.once("exit", resolve));
  assert.equal(daemon.signalCode, "SIGKILL");
}

describe("a run", () => {
  it("tells its exit code, prints into console.log, and leaves no process behind", async () => {
    for (const [number, code] of [
      [1, 0],
      [2, 3],
    ] as const) {
      const spec = bench.spec(number);
      await start(spec, ["sh", "-c", `echo out; echo err >&2; exit ${code}`]);
      const before = Date.now();
      const end = await endOf(spec);
      assert.deepEqual(end.kind === "ended" && { ...end.exit, endedAtMs: 0 }, {
        code,
        endedAtMs: 0,
        overLimit: false,
      });
      assert.ok(end.kind === "ended" && Math.abs(end.exit.endedAtMs - before) < 5_000);
      assert.equal(consoleOf(spec), "out\nerr\n");
      const shim = await shimOf(spec);
      await until("the shim's end", () => !isAlive(shim));
      assert.deepEqual(processesInDir(dirOf(spec)), []);
    }
    assert.ok(!existsSync(join(bench.experiment, "pwned")));
  });

  it("that is over at once leaves no shim behind, time after time", async () => {
    for (let number = 1; number <= 60; number += 1) {
      const spec = bench.spec(number);
      await start(spec, ["true"]);
      await endOf(spec);
      const shim = await shimOf(spec);
      await until("the shim's end", () => !isAlive(shim), 10_000);
    }
  });

  it("whose program does not exist ends with 127 and says so on its console", async () => {
    const spec = bench.spec(1);
    await start(spec, ["/nowhere/to be found"]);
    assert.equal(codeOf(await endOf(spec)), 127);
    assert.match(consoleOf(spec), /nowhere\/to be found/);
  });

  it("gets its arguments, folder and environment exactly as given", async () => {
    const args = [
      "a b",
      `'"`,
      "$(touch pwned)",
      "`touch pwned`",
      "*",
      "",
      "-n",
      "--",
      "é\nλ",
      "\\",
    ];
    const spec = bench.spec(1);
    const code =
      "process.stdout.write(JSON.stringify([process.argv.slice(1), process.cwd(), process.env.NIGHTLAB_RUN_ID, process.env.GIVEN]))";
    await supervisor.start(
      spec,
      [process.execPath, "-e", code, "--", ...args],
      { ...process.env, GIVEN: "$x 'y'" },
      LONG_MS,
    );
    await endOf(spec);
    assert.deepEqual(JSON.parse(consoleOf(spec)), [args, bench.experiment, spec.attempt, "$x 'y'"]);
  });

  it("knows its id and name, its command's variables, and prints unbuffered", async () => {
    const spec = bench.spec(1, { env: { LR: "1 e", NIGHTLAB_RUN_ID: "other" } });
    const names = "NIGHTLAB_RUN_ID NIGHTLAB_RUN_NAME PYTHONUNBUFFERED LR NIGHTLAB_OUTER";
    const env = { ...process.env, NIGHTLAB_RUN_ID: "outer", NIGHTLAB_OUTER: "kept" };
    await supervisor.start(spec, ["sh", "-c", `printenv ${names}`], env, LONG_MS);
    await endOf(spec);
    assert.equal(consoleOf(spec), "k7f3-1\nde-risk\n1\n1 e\nkept\n");
  });

  it("cannot be started with a NUL among its arguments, and the error says so", async () => {
    await assert.rejects(
      start(bench.spec(1), ["sh", "\0"]),
      /Cannot start de-risk in .*null bytes/s,
    );
  });

  it("leads a group of its own, reads nothing, and holds neither pipe nor FIFO", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, ["sleep", "30"]);
    await until("its own group", () => identityOf(child.pid)?.group === child.pid);
    assert.equal(readlinkSync(`/proc/${child.pid}/fd/0`), "/dev/null");
    assert.equal(readlinkSync(`/proc/${child.pid}/fd/1`), join(dirOf(spec), "console.log"));
    assert.ok(!openFiles(child.pid).includes(join(dirOf(spec), "alive")));
  });

  it("is started once however often it is asked for, and a second shim leaves with 99", async () => {
    const spec = bench.spec(1);
    const argv = ["sh", "-c", "echo once >>times; sleep 30"];
    const first = await start(spec, argv);
    const again = await Promise.all([
      start(spec, argv),
      new Supervisor().start(spec, argv, process.env, LONG_MS),
    ]);
    assert.deepEqual(again, [first, first]);
    const times = join(bench.experiment, "times");
    await until("its first line", () => existsSync(times) && readFileSync(times, "utf8") !== "");
    const second = spawn("sh", [SHIM, dirOf(spec), "1", "--", ...argv], {
      cwd: bench.experiment,
      stdio: "ignore",
    });
    assert.equal(await new Promise((resolve) => second.once("exit", resolve)), 99);
    assert.equal(readFileSync(times, "utf8"), "once\n");
    assert.equal((await stateOf(spec)).kind, "running");
  });

  it("is started once by shims that race for it", async () => {
    const spec = bench.spec(1);
    await createAttempt(spec);
    writeFileSync(join(dirOf(spec), "limit"), "60\n");
    const codes = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const shim = spawn("sh", [SHIM, dirOf(spec), "1", "--", "sh", "-c", "echo x >>times"], {
          cwd: bench.experiment,
          stdio: "ignore",
        });
        return new Promise<unknown>((resolve) => shim.once("exit", resolve));
      }),
    );
    assert.deepEqual(
      codes.toSorted((a, b) => Number(a) - Number(b)),
      [0, 99, 99, 99, 99, 99],
    );
    assert.equal(readFileSync(join(bench.experiment, "times"), "utf8"), "x\n");
  });

  it("cannot be started where its folder is gone, and the error says so", async () => {
    const spec = bench.spec(1, { experiment: join(bench.lab, "gone") });
    await assert.rejects(start(spec, ["true"]), /Cannot start de-risk in .*gone/s);
  });
});

describe("a run whose daemon is killed", () => {
  it("goes on, and its exit code is read by the next daemon", async () => {
    const spec = bench.spec(1);
    await inDoomedDaemon(spec, [
      "sh",
      "-c",
      "while [ ! -e go ]; do sleep 0.02; done; echo done; exit 3",
    ]);
    assert.equal((await stateOf(spec)).kind, "running");
    const end = endOf(spec);
    bench.write("go", "");
    assert.equal(codeOf(await end), 3);
    assert.equal(consoleOf(spec), "done\n");
  });

  it("is ended by its limit all the same", async () => {
    const spec = bench.spec(1);
    await inDoomedDaemon(spec, ["sleep", "30"], 1_000);
    const end = await endOf(spec);
    assert.ok(end.kind === "ended" && end.exit.overLimit);
    assert.equal(end.exit.code, 143);
  });
});

describe("a run whose shim is killed", () => {
  it("is waited for, and is then lost", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"]);
    process.kill((await shimOf(spec)).pid, "SIGKILL");
    await until("an unwatched run", async () => (await stateOf(spec)).kind === "running-unwatched");
    assert.deepEqual(await stateOf(spec), { kind: "running-unwatched", process: child });
    const end = endOf(spec);
    bench.write("go", "");
    assert.deepEqual(await end, { kind: "lost", why: "lost" });
  });

  it("can still be stopped", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, ["sleep", "30"]);
    process.kill((await shimOf(spec)).pid, "SIGKILL");
    await until("an unwatched run", async () => (await stateOf(spec)).kind === "running-unwatched");
    await supervisor.stop(spec);
    assert.ok(!isAlive(child));
    assert.deepEqual(await stateOf(spec), { kind: "lost", why: "lost" });
  });

  it("is still held to its limit", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, ["sleep", "30"], 1_000);
    process.kill((await shimOf(spec)).pid, "SIGKILL");
    await until("its end", () => !isAlive(child));
  });
});

describe("a shim", () => {
  it("that is asked to end waits for its run", async () => {
    const spec = bench.spec(1);
    await start(spec, ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; exit 5"]);
    const shim = await shimOf(spec);
    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) process.kill(shim.pid, signal);
    const end = endOf(spec);
    bench.write("go", "");
    assert.equal(codeOf(await end), 5);
  });
});

describe("the shim under another shell", () => {
  const named = process.env["NIGHTLAB_TEST_SHELLS"]?.split(":") ?? [];
  const there = ["/bin/dash", "/bin/bash", "/bin/ksh", "/bin/zsh"].filter((path) =>
    existsSync(path),
  );
  const shells = [...there, ...named].map((path) =>
    path.endsWith("zsh")
      ? [path, "--emulate", "sh"]
      : path.endsWith("busybox")
        ? [path, "sh"]
        : [path],
  );
  for (const [shell = "", ...flags] of shells) {
    it(`keeps exit code and limit, and leaves nothing behind: ${shell}`, async () => {
      const [quick, slow] = [bench.spec(1), bench.spec(2)];
      const ends = [quick, slow].map(async (spec) => {
        await createAttempt(spec);
        writeFileSync(join(dirOf(spec), "limit"), spec === slow ? "1\n" : "60\n");
        const argv =
          spec === slow ? ["sleep", "30"] : ["sh", "-c", "echo $NIGHTLAB_RUN_ID; exit 3"];
        const shim = spawn(shell, [...flags, SHIM, dirOf(spec), "1", "--", ...argv], {
          cwd: bench.experiment,
          detached: true,
          stdio: "ignore",
        });
        await new Promise((resolve) => shim.once("exit", resolve));
        return stateOf(spec);
      });
      const [first, second] = await Promise.all(ends);
      assert.ok(first?.kind === "ended" && second?.kind === "ended");
      assert.equal(first.exit.code, 3);
      assert.equal(consoleOf(quick), "k7f3-1\n");
      assert.deepEqual([second.exit.code, second.exit.overLimit], [143, true]);
      assert.deepEqual([...processesInDir(dirOf(quick)), ...processesInDir(dirOf(slow))], []);
      assert.deepEqual(processesOf(dirOf(slow)), []);
    });
  }
});

describe("a limit", () => {
  it("may grow while the run goes on", async () => {
    const spec = bench.spec(1);
    await start(spec, ["sleep", "2"], 1_000);
    await supervisor.extendLimit(spec.lab, spec.attempt, LONG_MS);
    const end = await endOf(spec);
    assert.ok(end.kind === "ended" && !end.exit.overLimit);
    assert.equal(end.exit.code, 0);
  });

  it("kills what ignores its first signal, the rest of the group too", async () => {
    const spec = bench.spec(1);
    await start(spec, ["sh", "-c", "(trap '' TERM; while :; do sleep 1; done) & sleep 30"], 1_000);
    const end = await endOf(spec);
    assert.ok(end.kind === "ended" && end.exit.overLimit);
    assert.deepEqual(processesOf(dirOf(spec)), []);
  });
});

describe("stopping", () => {
  it("ends a run at its first signal", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, [
      "sh",
      "-c",
      "trap 'echo saved; exit 7' TERM; echo ready; while :; do sleep 0.05; done",
    ]);
    await until("the trap", () => consoleOf(spec).includes("ready"));
    const end = endOf(spec);
    await supervisor.stop(spec);
    assert.ok(!isAlive(child));
    assert.equal(codeOf(await end), 7);
    assert.match(consoleOf(spec), /saved/);
  });

  it("kills what does not listen, and children that left the group by setsid", async () => {
    const spec = bench.spec(1);
    const child = await start(spec, [
      "sh",
      "-c",
      "trap '' TERM; setsid sh -c 'echo $$ >escaped; while :; do sleep 1; done' & while :; do sleep 1; done",
    ]);
    const path = join(bench.experiment, "escaped");
    const escaped = await until(
      "a child that left",
      () => existsSync(path) && identityOf(Number(readFileSync(path, "utf8"))),
    );
    assert.notEqual(escaped.group, child.pid);
    const end = endOf(spec);
    await supervisor.stop(spec);
    assert.ok(!isAlive(escaped));
    assert.ok(!isAlive(child));
    assert.equal(codeOf(await end), 137);
    assert.deepEqual(processesOf(dirOf(spec)), []);
  });

  it("leaves the processes of a copied lab alone, whose attempt has the same id", async () => {
    const [spec, other] = [bench.spec(1), makeBench()];
    const twin = other.spec(1);
    const sleeper = ["sh", "-c", "setsid sleep 30 & wait"];
    try {
      await Promise.all([start(spec, sleeper), start(twin, sleeper)]);
      await until("both", () => processesWith("NIGHTLAB_RUN_ID", spec.attempt).length >= 4);
      await supervisor.stop(spec);
      const left = processesWith("NIGHTLAB_RUN_ID", spec.attempt);
      assert.deepEqual(left, processesOf(dirOf(twin)));
      assert.ok(left.length >= 2);
    } finally {
      await supervisor.stop(twin);
      other.remove();
    }
  });

  it("never signals a process that got the number of an earlier one", async () => {
    const spec = bench.spec(1);
    await start(spec, ["true"]);
    await endOf(spec);
    const stranger = spawn("sleep", ["30"], { detached: true, stdio: "ignore" });
    const pid = stranger.pid ?? 0;
    const pidFile = join(dirOf(spec), "pid");
    // Start times count in ticks of 10 ms, within which both may have started here.
    const forged = readFileSync(pidFile, "utf8").replace(
      /^child \d+ (\d+)/m,
      (_, since: string) => `child ${pid} ${Number(since) - 1}`,
    );
    writeFileSync(pidFile, forged);
    await supervisor.stop(spec);
    assert.ok(identityOf(pid), "the stranger lives");
    // The right start time, but of another boot.
    const since = identityOf(pid)?.startTime ?? "";
    writeFileSync(
      pidFile,
      `shim 1 1\nboot other\nhost ${hostFacts().host}\nchild ${pid} ${since}\n`,
    );
    await supervisor.stop(spec);
    assert.ok(identityOf(pid), "the stranger lives");
    stranger.kill("SIGKILL");
  });
});

function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch {
      return [];
    }
  });
}

/** Processes that hold a file of a folder open or have it among their arguments. */
function processesInDir(dir: string): readonly string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      const named = readFileSync(`/proc/${name}/cmdline`, "utf8").includes(dir);
      return named || openFiles(Number(name)).some((path) => path.startsWith(dir));
    } catch {
      return false;
    }
  });
}
