// Signals and runs: what a script is started with, what it does with them, and how an end by a signal
// is told from an exit with a code that looks like one.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { AttemptSpec, Exit } from "../../src/domain/run.ts";
import { attemptDir, createAttempt, readAttempt } from "../../src/effects/supervise/attempts.ts";
import { hostFacts } from "../../src/effects/os/process-identity.ts";
import { Supervisor } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";
import { standInForSystemd } from "./systemd-stand-in.ts";

const SHIM = fileURLToPath(new URL("../../src/effects/supervise/shim.sh", import.meta.url));
const SUPERVISOR = new URL("../../src/effects/supervise/supervisor.ts", import.meta.url).href;
const systemd = standInForSystemd();
after(() => systemd.remove());

let bench: Bench;
beforeEach(() => {
  bench = makeBench();
});
afterEach(() => bench.remove());

const dirOf = (spec: AttemptSpec): string => attemptDir(spec.lab, spec.attempt);
const consoleOf = (spec: AttemptSpec): string =>
  readFileSync(join(dirOf(spec), "console.log"), "utf8");

/** Waits until the attempt's exit code is there. */
async function exitOf(spec: AttemptSpec): Promise<Exit> {
  return until("its end", async () => {
    const state = await readAttempt(dirOf(spec), hostFacts());
    return state.kind === "ended" && state.exit;
  });
}

/** The signals that a process ignores and blocks, as its `status` has them. */
function ignoredAndBlocked(status: string): readonly (string | undefined)[] {
  return ["SigIgn", "SigBlk"].map(
    (name) => new RegExp(`^${name}:\\s*(\\S+)$`, "m").exec(status)?.[1],
  );
}
const NONE = ["0000000000000000", "0000000000000000"];
const TELLS = ["cat", "/proc/self/status"];

/** Starts a run from a process of its own, which a shell started as `how` says. */
function startFrom(how: string, spec: AttemptSpec, supervision: string): void {
  const program = `
    const { Supervisor } = await import(${JSON.stringify(SUPERVISOR)});
    const [spec, argv] = JSON.parse(process.argv[1]);
    const supervision = ${supervision};
    await new Supervisor({ supervision }).start(spec, argv, process.env, 60000);`;
  const node = [process.execPath, "--input-type=module", "-e", program];
  const started = spawnSync("sh", ["-c", how, "sh", ...node, JSON.stringify([spec, TELLS])], {
    encoding: "utf8",
    env: systemd.env,
  });
  assert.equal(started.status, 0, started.stderr);
}

describe("a run has every signal's default action, and none blocked", () => {
  const parents = {
    "a daemon at a terminal": '"$@"',
    "a daemon started by nohup": 'nohup "$@" 2>&1',
    "a daemon in the background of a shell": '"$@" & wait "$!"',
    "a daemon that ignores all that can be": "trap '' HUP INT QUIT PIPE TERM USR1; \"$@\"",
  };
  for (const [what, how] of Object.entries(parents)) {
    for (const [name, supervision] of [
      ["in a group", '{ kind: "group", why: "" }'],
      ["in a service", '{ kind: "service", version: 252, memory: false }'],
    ] as const) {
      it(`${name}, under ${what}`, async () => {
        const spec = bench.spec(1);
        startFrom(how, spec, supervision);
        assert.equal((await exitOf(spec)).code, 0);
        assert.deepEqual(ignoredAndBlocked(consoleOf(spec)), NONE);
      });
    }
  }

  for (const shell of ["/bin/dash", "/bin/bash"]) {
    for (const tools of ["as they are", "without setsid"]) {
      it(`under ${shell}, with the tools ${tools}`, async () => {
        const spec = bench.spec(1);
        await createAttempt(spec);
        const path = tools === "without setsid" ? binariesWithoutSetsid() : process.env["PATH"];
        const ran = spawnSync(shell, [SHIM, dirOf(spec), "1", "--", ...TELLS], {
          env: { ...process.env, PATH: path },
        });
        assert.equal(ran.status, 0);
        const told = ignoredAndBlocked(consoleOf(spec));
        // Older shells have no job control without a terminal: then there is no other way.
        if (shell === "/bin/dash" && tools === "without setsid") return;
        assert.deepEqual(told, NONE);
      });
    }
  }
});

/** A folder with the programs that the shim uses, but for `setsid`. */
function binariesWithoutSetsid(): string {
  const folder = join(bench.experiment, "bin");
  mkdirSync(folder);
  for (const name of ["cat", "flock", "grep", "mkfifo", "sh", "sleep", "sync"]) {
    const found = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
    symlinkSync(found.stdout.trim(), join(folder, name));
  }
  return folder;
}

describe("a script under nightlab", () => {
  const supervisor = new Supervisor({ graceMs: 1_000 });
  after(() => supervisor.close());

  it("in Python gets a KeyboardInterrupt, and so do its children", async () => {
    const spec = bench.spec(1);
    bench.write(
      "train.py",
      [
        "import os, signal, subprocess, sys, time",
        "child = subprocess.Popen([sys.executable, '-c', 'print(1, flush=True); import time; time.sleep(60)'], stdout=subprocess.PIPE)",
        "child.stdout.readline()",
        "child.send_signal(signal.SIGINT)",
        "print('child', child.wait(20))",
        "try:",
        "    os.kill(os.getpid(), signal.SIGINT)",
        "    time.sleep(60)",
        "except KeyboardInterrupt:",
        "    print('interrupted')",
      ].join("\n"),
    );
    await supervisor.start(spec, ["python3", "train.py"], process.env, 60_000);
    assert.equal((await exitOf(spec)).code, 0);
    assert.match(consoleOf(spec), /^child -2\ninterrupted$/m);
  });

  it("in a shell has its traps", async () => {
    const spec = bench.spec(1);
    const traps = 'for s in HUP INT QUIT PIPE TERM; do trap "echo got $s" $s; kill -$s $$; done';
    await supervisor.start(spec, ["sh", "-c", traps], process.env, 60_000);
    await exitOf(spec);
    assert.equal(consoleOf(spec), "got HUP\ngot INT\ngot QUIT\ngot PIPE\ngot TERM\n");
  });

  it("goes on when it was stopped and continued", async () => {
    const spec = bench.spec(1);
    const child = await supervisor.start(
      spec,
      ["sh", "-c", "echo ready; while [ ! -e go ]; do sleep 0.02; done; exit 4"],
      process.env,
      60_000,
    );
    await until("its word", () => consoleOf(spec).includes("ready"));
    process.kill(child.pid, "SIGSTOP");
    bench.write("go", "");
    await until("it stands still", () =>
      readFileSync(`/proc/${child.pid}/stat`, "utf8").includes(") T "),
    );
    assert.equal((await readAttempt(dirOf(spec), hostFacts())).kind, "running");
    process.kill(child.pid, "SIGCONT");
    assert.equal((await exitOf(spec)).code, 4);
  });
});

describe("an exit code over 128", () => {
  for (const shell of ["/bin/dash", "/bin/bash"]) {
    it(`is a signal's where ${shell} saw one, and a script's own where it exits with it`, async () => {
      for (const [number, [how, code, signalled]] of (
        [
          ["kill -KILL $$", 137, true],
          ["kill -TERM $$", 143, true],
          ["kill -SEGV $$", 139, true],
          ["kill -ABRT $$", 134, true],
          ["exit 137", 137, undefined],
          ["exit 143", 143, undefined],
          ["exit 130", 130, undefined],
          ["exit 255", 255, undefined],
          ["sh -c 'kill -KILL $$'; exit $?", 137, undefined],
          ["echo Killed >&2; exit 137", 137, undefined],
          // These two a shell passes over in silence: nothing is claimed of them.
          ["kill -INT $$", 130, undefined],
          ["kill -PIPE $$", 141, undefined],
        ] as const
      ).entries()) {
        const spec = bench.spec(number + 1);
        await createAttempt(spec);
        await new Promise((over) =>
          spawn(shell, [SHIM, dirOf(spec), "1", "--", "sh", "-c", how]).once("exit", over),
        );
        const exit = await exitOf(spec);
        assert.deepEqual([how, exit.code, exit.signalled], [how, code, signalled]);
        rmSync(dirOf(spec), { recursive: true });
      }
    });
  }
});
