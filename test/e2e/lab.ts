// A lab on the real disk with the real daemon and the real uv, as a test's own world.
// Conditions are waited for with a deadline; when one is missed, the daemon's log is shown.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { trustForTest } from "../trust.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/nightlab.js", import.meta.url));
const LOOK_MS = 50;

export interface TestLab {
  readonly path: string;
  readonly experiment: string;
  readonly journal: () => string;
  /** Writes the journal in place, as many editors do. */
  readonly save: (text: string) => Promise<void>;
  readonly write: (name: string, text: string) => Promise<void>;
  /** Starts the daemon and waits until it watches. */
  readonly start: () => Promise<ChildProcess>;
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>;
  readonly nightlab: (...args: readonly string[]) => Promise<CommandOutput>;
  readonly until: <T>(what: string, look: () => T | undefined | false, ms?: number) => Promise<T>;
  readonly runs: () => readonly string[];
  /** What the daemon has logged since its last start, a JSON object a line. */
  readonly log: () => string;
  readonly close: () => Promise<void>;
}

export interface CommandOutput {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LabOptions {
  readonly name?: string;
  readonly experiment?: string;
  readonly journal: string;
  readonly train?: string;
  readonly settings?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Words before the daemon's own command line, such as a program that takes rights away. */
  readonly under?: readonly string[];
  /** Options of `nightlab watch`, asked for at each start. */
  readonly watch?: () => readonly string[];
}

/** Waits are short here: a test's journal has nobody typing in it. */
const QUICK = "settle: 1s\nquiet: 1s\n";

export async function openLab(options: LabOptions): Promise<TestLab> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "nightlab-e2e-")));
  const path = join(root, options.name ?? "lab");
  const experiment = join(path, options.experiment ?? "exp");
  const env = {
    ...process.env,
    NIGHTLAB_STATE_DIR: join(root, "state"),
    NIGHTLAB_LOG_LEVEL: "debug",
    ...options.env,
  };
  await mkdir(experiment, { recursive: true });
  await writeFile(join(path, "nightlab.yaml"), options.settings ?? QUICK);
  await writeFile(join(experiment, "JOURNAL.md"), options.journal);
  trustForTest(env.NIGHTLAB_STATE_DIR, path);
  if (options.train !== undefined) await writeFile(join(experiment, "train.py"), options.train);
  let daemon: ChildProcess | undefined;
  let log = "";

  const until: TestLab["until"] = async (what, look, ms = 30_000) => {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = look();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > deadline) {
        throw new Error(`${what}: not within ${ms} ms.\nJournal:\n${journal()}\nDaemon:\n${log}`);
      }
      await pause(LOOK_MS);
    }
  };
  const journal = (): string => readFileSync(join(experiment, "JOURNAL.md"), "utf8");
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
    const child = daemon;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await until("the daemon ends", () => child.exitCode !== null || child.signalCode !== null);
  };
  return {
    path,
    experiment,
    stop,
    journal,
    until,
    log: () => log,
    save: (text) => writeFile(join(experiment, "JOURNAL.md"), text),
    async write(name, text) {
      await mkdir(dirname(join(experiment, name)), { recursive: true });
      await writeFile(join(experiment, name), text);
    },
    async start() {
      log = "";
      const daemonLine = [process.execPath, LAUNCHER, "watch", path, ...(options.watch?.() ?? [])];
      const [program = "", ...words] = [...(options.under ?? []), ...daemonLine];
      const child = spawn(program, words, { env });
      child.stdout.on("data", (data: Buffer) => (log += data.toString()));
      child.stderr.on("data", (data: Buffer) => (log += data.toString()));
      daemon = child;
      await until("the daemon watches", () => log.includes('"watching"'));
      return child;
    },
    async nightlab(...args) {
      const run = promisify(execFile)(process.execPath, [LAUNCHER, ...args], { env, cwd: path });
      return run.then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        (error: { code: number; stdout: string; stderr: string }) => error,
      );
    },
    runs: () => (existsSync(join(experiment, "runs")) ? readdirSync(join(experiment, "runs")) : []),
    async close() {
      await stop("SIGKILL");
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A training script without dependencies: makes its run folder, logs, and does what is asked. */
export function trainScript(body: string): string {
  return `# /// script
# requires-python = ">=3.9"
# dependencies = []
# ///
import json, os, sys, time
from datetime import datetime
from pathlib import Path

name = sys.argv[1]
run = Path("runs") / f"{datetime.now():%Y-%m-%dT%H-%M-%S}-{name}"
for part in ("logs", "plots", "checkpoints", "data"):
    (run / part).mkdir(parents=True)
log = open(run / "logs" / "train.log", "a", buffering=1, encoding="utf-8")

def metric(**values):
    log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} | INFO | metric {json.dumps(values)}\\n")

${body}
`;
}

export const JOURNAL = `---
hypothesis: The loss falls.
success: val/loss <= 0.5
failure: val/loss > 0.9
metrics: [val/loss]
script: train.py
---

# A test

## 2025-02-02

`;
