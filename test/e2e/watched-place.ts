// One state folder and labs at any path below one root, each watched by a real daemon in turn: for
// tests in which a lab's folder is renamed, copied or brought from elsewhere.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { CommandOutput } from "./lab.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));

export interface WatchedPlace {
  readonly root: string;
  readonly state: string;
  /** Makes a lab's folder with one experiment, `exp`; it is trusted only if a test says so. */
  readonly makeLab: (name: string, journal: string, train: string) => Promise<string>;
  readonly nightlab: (cwd: string, ...args: readonly string[]) => Promise<CommandOutput>;
  readonly watch: (lab: string) => Promise<void>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
  readonly isWatching: () => boolean;
  readonly log: () => string;
  readonly until: (what: string, look: () => boolean, ms?: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

export function openPlace(): WatchedPlace {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-place-")));
  const state = join(root, "state");
  const env = { ...process.env, NIGHTLAB_STATE_DIR: state, NIGHTLAB_LOG_LEVEL: "debug" };
  let daemon: ChildProcess | undefined;
  let log = "";
  const isWatching = (): boolean =>
    daemon !== undefined && daemon.exitCode === null && daemon.signalCode === null;
  const until: WatchedPlace["until"] = async (what, look, ms = 30_000) => {
    const deadline = Date.now() + ms;
    while (!look()) {
      if (Date.now() > deadline) throw new Error(`${what}: not within ${ms} ms.\nDaemon:\n${log}`);
      await pause(50);
    }
  };
  const stop: WatchedPlace["stop"] = async (signal = "SIGTERM") => {
    if (isWatching()) daemon?.kill(signal);
    await until("the daemon ends", () => !isWatching());
  };
  return {
    root,
    state,
    until,
    stop,
    isWatching,
    log: () => log,
    async makeLab(name, journal, train) {
      const lab = join(root, name);
      await mkdir(join(lab, "exp"), { recursive: true });
      await writeFile(join(lab, "nightlab.yaml"), "settle: 1s\nquiet: 1s\n");
      await writeFile(join(lab, "exp", "JOURNAL.md"), journal);
      await writeFile(join(lab, "exp", "train.py"), train);
      return lab;
    },
    async nightlab(cwd, ...args) {
      const run = promisify(execFile)(process.execPath, [LAUNCHER, ...args], { env, cwd });
      return run.then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: CommandOutput) => error,
      );
    },
    async watch(lab) {
      log = "";
      daemon = spawn(process.execPath, [LAUNCHER, "watch", lab], { env });
      daemon.stdout?.on("data", (data: Buffer) => (log += data.toString()));
      daemon.stderr?.on("data", (data: Buffer) => (log += data.toString()));
      await until("the daemon watches", () => log.includes('"watching"'));
    },
    async close() {
      await stop("SIGKILL");
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
