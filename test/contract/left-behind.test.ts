// What a run's script leaves behind: it belongs to the run while it is at work, and is ended when it
// is idle, or at the time limit. With real processes, as groups and as services.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, beforeEach, describe, it, test } from "node:test";
import { runFolder, type RunFolder } from "../../src/base/ids.ts";
import type { AttemptSpec } from "../../src/domain/run.ts";
import { hostFacts, identityOf, isAlive } from "../../src/effects/os/process-identity.ts";
import { watchLeft } from "../../src/effects/run-store/left-watch.ts";
import {
  attemptDir,
  processesLeft,
  readAttempt,
  readProcesses,
  type AttemptState,
  type MainEnd,
} from "../../src/effects/supervise/attempts.ts";
import { holdsGpu } from "../../src/effects/supervise/left-behind.ts";
import type { Supervision } from "../../src/effects/supervise/services.ts";
import { Supervisor, type AttemptEnd } from "../../src/effects/supervise/supervisor.ts";
import { makeBench, until, type Bench } from "./run-harness.ts";
import { standInForSystemd } from "./systemd-stand-in.ts";

/** Time in which all of them have to be idle, for tests. */
const IDLE_MS = 1_200;
const LONG_MS = 60_000;
const TOKEN = "0123456789abcdef0123456789abcdef";

const systemd = standInForSystemd();
const outerPath = process.env["PATH"];
process.env["PATH"] = systemd.env["PATH"];
after(() => {
  process.env["PATH"] = outerPath;
  systemd.remove();
});

const WAYS: Readonly<Record<string, Supervision>> = {
  "in a group": { kind: "group", why: "" },
  "in a service": { kind: "service", version: 252, memory: false },
};

// They mostly wait: one way does not wait for the other.
describe("what a script leaves behind", { concurrency: true }, () => {
  for (const [way, supervision] of Object.entries(WAYS)) {
    describe(way, { concurrency: 1 }, () => {
      let bench: Bench;
      let supervisor: Supervisor;
      let spec: AttemptSpec;
      beforeEach(() => {
        bench = makeBench();
        spec = bench.spec(1, { token: TOKEN, place: { kind: "cpu", why: "asked" } });
        supervisor = new Supervisor({ graceMs: 1_000, pollMs: 50, supervision });
      });
      afterEach(async () => {
        await supervisor.stop(spec);
        supervisor.close();
        bench.remove();
      });

      const dirOf = (): string => attemptDir(spec.lab, spec.attempt);
      const consoleOf = (): string => readFileSync(join(dirOf(), "console.log"), "utf8");
      const stateOf = async (): Promise<AttemptState> =>
        readAttempt(dirOf(), hostFacts(), spec.token);
      const start = async (script: string, limitMs = LONG_MS): Promise<void> => {
        await supervisor.start(spec, ["sh", "-c", script], process.env, limitMs);
      };
      /** Follows it as the daemon does; `told` are the words that its main process has ended. */
      const endOf = async (
        told: MainEnd[] = [],
        folder?: RunFolder,
        by = supervisor,
      ): Promise<AttemptEnd> => {
        const watch = watchLeft(spec, by, { folder: () => folder, idleMs: IDLE_MS });
        return new Promise((resolve) => {
          by.onExit(spec, resolve, async (main) => {
            told.push(main);
            await watch.look();
          });
        });
      };
      const pidIn = async (name: string): Promise<number> =>
        until(`a pid in ${name}`, () => {
          const path = join(bench.experiment, name);
          // It is there before anything stands in it.
          return existsSync(path) && (Number(readFileSync(path, "utf8")) || undefined);
        });

      it("is waited for while it works, and the code is the script's", async () => {
        await start(
          "(end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done; echo late) & exit 3",
        );
        const told: MainEnd[] = [];
        const end = await endOf(told);
        assert.deepEqual(told[0], { code: 3 });
        assert.ok(end.kind === "ended");
        assert.equal(end.exit.code, 3);
        assert.equal(end.exit.leftBehind, undefined);
        assert.equal(consoleOf(), "late\n");
      });

      it("is waited for while its console grows", async () => {
        await start("(for i in 1 2 3 4 5; do sleep 0.6; echo $i; done) & exit 0");
        const end = await endOf();
        assert.ok(end.kind === "ended" && end.exit.leftBehind === undefined);
        assert.equal(consoleOf(), "1\n2\n3\n4\n5\n");
      });

      it("is waited for while a log of the run grows", async () => {
        const folder = "2025-02-02T14-30-00-de-risk";
        const logs = join(bench.experiment, "runs", folder, "logs");
        mkdirSync(logs, { recursive: true });
        await start(
          `(for i in 1 2 3 4 5; do sleep 0.6; echo $i >>runs/${folder}/logs/rank1.log; done) & exit 0`,
        );
        const end = await endOf([], runFolder(folder));
        assert.ok(end.kind === "ended" && end.exit.leftBehind === undefined);
        assert.equal(readFileSync(join(logs, "rank1.log"), "utf8"), "1\n2\n3\n4\n5\n");
      });

      it("is ended when it is idle, and named without its options", async () => {
        bench.write("worker.sh", "echo $$ >worker; while :; do sleep 60; done");
        await start("setsid sh worker.sh --password=secret & while [ ! -s worker ]; do :; done");
        const end = await endOf();
        assert.ok(end.kind === "ended");
        assert.equal(end.exit.code, 0);
        assert.equal(identityOf(await pidIn("worker")), undefined);
        const named = end.exit.leftBehind ?? [];
        assert.deepEqual(
          named.find(({ command }) => command.startsWith("sh")),
          { ...named.find(({ command }) => command.startsWith("sh")), command: "sh worker.sh" },
        );
        assert.ok(named.every(({ idleMs }) => idleMs >= IDLE_MS));
        assert.deepEqual(processesLeft(dirOf(), undefined), []);
      });

      it("is found without a mark too, where one with it is in its session", async () => {
        const hidden = "env -i sh -c 'echo $$ >hidden; while :; do sleep 60; done'";
        await start(`${hidden} & sh -c 'while :; do sleep 60; done' & exit 0`);
        const pid = await pidIn("hidden");
        const { child } = await readProcesses(dirOf(), spec.token);
        assert.ok(child);
        await until("it is found", () =>
          processesLeft(dirOf(), child).some((one) => one.pid === pid),
        );
        // Of a group in which nothing shows that it is the run's, nothing is counted.
        const stranger = { ...child, pid: identityOf(process.pid)?.group ?? 0, startTime: "1" };
        assert.ok(processesLeft(dirOf(), stranger).every(({ group }) => group === child.pid));
        const end = await endOf();
        assert.ok(end.kind === "ended" && end.exit.leftBehind !== undefined);
        assert.equal(identityOf(pid), undefined);
      });

      it("gets its time to save, then KILL", async () => {
        await start(
          "(trap 'echo saved' TERM; echo ready; while :; do sleep 60 & wait; done) & exit 0",
        );
        const end = await endOf();
        assert.ok(end.kind === "ended" && end.exit.leftBehind !== undefined);
        assert.equal(consoleOf(), "ready\nsaved\n");
      });

      it("is held to the time limit, though no daemon is there", async () => {
        await start("setsid sh -c 'echo $$ >escaped; while :; do :; done' & exit 0", 1_500);
        const escaped = identityOf(await pidIn("escaped"));
        assert.ok(escaped);
        const exit = await until("its end", async () => {
          const state = await stateOf();
          return state.kind === "ended" && state.exit;
        });
        assert.deepEqual([exit.code, exit.overLimit], [0, true]);
        assert.ok(!isAlive(escaped));
      });

      it("can be stopped", async () => {
        await start("setsid sh -c 'echo $$ >escaped; while :; do :; done' & exit 0");
        const escaped = identityOf(await pidIn("escaped"));
        assert.ok(escaped);
        await until("its main process's end", async () => {
          const state = await stateOf();
          return state.kind === "running" && state.main !== undefined;
        });
        const end = endOf();
        await supervisor.stop(spec);
        assert.ok(!isAlive(escaped));
        assert.equal((await end).kind, "ended");
      });

      it("is found again by the next daemon, and its shim's death loses nothing", async () => {
        await start("sh -c 'echo $$ >worker; while [ ! -e go ]; do sleep 0.05; done' & exit 4");
        await pidIn("worker");
        await until("its main process's end", async () => {
          const state = await stateOf();
          return state.kind === "running" && state.main !== undefined;
        });
        const { shim } = await readProcesses(dirOf(), spec.token);
        assert.ok(shim);
        process.kill(shim.pid, "SIGKILL");
        const state = await until("it is unwatched", async () => {
          const now = await stateOf();
          return now.kind === "running-unwatched" && now;
        });
        assert.deepEqual(state.main, { code: 4 });
        bench.write("go", "");
        const next = new Supervisor({ graceMs: 1_000, pollMs: 50 });
        const end = await endOf([], undefined, next);
        assert.ok(end.kind === "ended");
        assert.equal(end.exit.code, 4);
      });

      it("is held to the limit by the daemon where its shim has died", async () => {
        await start("sh -c 'echo $$ >worker; while :; do :; done' & exit 4", 2_000);
        const worker = identityOf(await pidIn("worker"));
        assert.ok(worker);
        await until("its main process's end", async () => "main" in (await stateOf()));
        const { shim } = await readProcesses(dirOf(), spec.token);
        process.kill(shim?.pid ?? 0, "SIGKILL");
        await endOf([], undefined, new Supervisor({ graceMs: 1_000, pollMs: 50 }));
        assert.ok(!isAlive(worker));
      });

      it("costs a run nothing where there is nothing", async () => {
        await start("sh -c 'sleep 0.1' & wait");
        const told: MainEnd[] = [];
        await endOf(told);
        assert.deepEqual(told, []);
      });
    });
  }
});

test("a process holds a GPU when it has a device open that computes", () => {
  const bench = makeBench();
  for (const [pid, devices] of [
    ["1", ["/dev/null", "/dev/nvidiactl", "/dev/nvidia0"]],
    ["2", ["/dev/null", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0"]],
    ["3", ["/dev/kfd"]],
    ["4", []],
  ] as const) {
    const folder = join(bench.experiment, pid, "fd");
    mkdirSync(folder, { recursive: true });
    for (const [fd, device] of devices.entries()) symlinkSync(device, join(folder, String(fd)));
  }
  const holding = [1, 2, 3, 4, 5].filter((pid) => holdsGpu(pid, bench.experiment));
  assert.deepEqual(holding, [2, 3]);
  bench.remove();
});
