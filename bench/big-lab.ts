// Makes a lab of many experiments as years of work leave them: a journal each, run folders with
// their logs, and all that a daemon makes of them, since one takes the lab up once. That takes long
// (a third of a second of processor time an experiment), so the lab is kept and made once.
//
// `node bench/big-lab.ts EXPERIMENTS RUNS` makes one and says where it is.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, realpathSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { execFileSync } from "node:child_process";
import { trustForTest } from "../test/trust.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/nightlab.js", import.meta.url));
const LINES = 50;
const TICKS_PER_S = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const PAGE_KB = Number(execFileSync("getconf", ["PAGESIZE"], { encoding: "utf8" })) / 1024;
/** A daemon is calm that takes less than this share of a core for CALM_S. */
const CALM_SHARE = 0.01;
const CALM_S = 4;

export interface BigLab {
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A daemon of its own, and what it costs. */
export interface Watching {
  readonly process: ChildProcess;
  /** Seconds of processor time from its start until it says that it watches, children included. */
  readonly readyCpuS: number;
  readonly stop: () => Promise<void>;
}

/** The lab of that size, taken up by a daemon: `NIGHTLAB_BENCH_LABS` is where labs are kept. */
export async function bigLab(experiments: number, runs: number): Promise<BigLab> {
  const lab = plainLab(experiments, runs);
  const made = join(dirname(lab.path), "made");
  if (existsSync(made)) return lab;
  const daemon = await startDaemon(lab);
  await untilCalm(daemon.process);
  await daemon.stop();
  writeFileSync(made, "");
  return lab;
}

/** The same as no daemon has seen it yet, unless one has by now. */
export function plainLab(experiments: number, runs: number): BigLab {
  const kept = process.env["NIGHTLAB_BENCH_LABS"] ?? join(tmpdir(), "nightlab-big-labs");
  mkdirSync(kept, { recursive: true });
  const root = join(realpathSync(kept), `${experiments}x${runs}`);
  const path = join(root, "lab");
  const env = { ...process.env, NIGHTLAB_STATE_DIR: join(root, "state") };
  if (existsSync(path)) return { path, env };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "nightlab.yaml"), "settle: 1s\nquiet: 1s\n");
  trustForTest(env.NIGHTLAB_STATE_DIR, path);
  for (let i = 0; i < experiments; i += 1) makeExperiment(join(path, `experiment-${i}`), i, runs);
  return { path, env };
}

function makeExperiment(folder: string, number: number, runs: number): void {
  for (let run = 0; run < runs; run += 1) {
    const second = String(run % 60).padStart(2, "0");
    const name = `2025-02-02T14-30-${second}-try-${run}`;
    const logs = join(folder, "runs", name, "logs");
    mkdirSync(logs, { recursive: true });
    const lines = Array.from({ length: LINES }, (_, step) => metric(number + run, step));
    writeFileSync(join(logs, "train.log"), lines.join(""));
  }
  writeFileSync(join(folder, "JOURNAL.md"), journalOf(number));
}

function metric(salt: number, step: number): string {
  const loss = (1 / (1 + step / (5 + (salt % 7)))).toFixed(4);
  const second = String(step % 60).padStart(2, "0");
  return `2025-02-02 14:30:${second} | INFO | metric {"step": ${step}, "val/loss": ${loss}}\n`;
}

const journalOf = (number: number): string => `---
hypothesis: The loss of number ${number} falls.
success: val/loss <= 0.5
failure: val/loss > 0.9
metrics: [val/loss]
script: train.py
---

# Experiment ${number}

## 2025-02-02

[HUNCH] the spike is the *first* batch after warm-up, not the data; the gradient norm stays at 1.0
for a quarter of the steps, and the loss moves least there.
`;

/** Starts the real daemon on a lab; resolves when it says that it watches. */
export async function startDaemon(
  { path, env }: BigLab,
  flags: readonly string[] = [],
): Promise<Watching> {
  const child = spawn(process.execPath, [...flags, LAUNCHER, "watch", path], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      if (data.includes('"watching"')) resolve();
    });
    child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
  });
  return {
    process: child,
    readyCpuS: cpuS(child),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Waits until a daemon is calm; its processor time in seconds until then, children included. */
export async function untilCalm(child: ChildProcess): Promise<number> {
  for (let before = cpuS(child); ;) {
    await pause(CALM_S * 1000);
    const now = cpuS(child);
    if (now - before < CALM_SHARE * CALM_S) return before;
    before = now;
  }
}

/** Processor time in seconds of a process's children that have ended. */
export function endedChildrenCpuS({ pid = 0 }: Pick<ChildProcess, "pid">): number {
  const [, , user = 0, system = 0] = ticksOf(pid);
  return (user + system) / TICKS_PER_S;
}

/** Its own in user and system mode, and that of its ended children, in ticks. */
function ticksOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).map(Number);
}

/** Processor time of a process so far in seconds, with that of its children, ended or not. */
export function cpuS({ pid = 0 }: Pick<ChildProcess, "pid">): number {
  const own = ticksOf(pid).reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_S;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const pids = children === "" ? [] : children.split(" ").map(Number);
  return pids.reduce((sum, one) => sum + cpuS({ pid: one }), own);
}

/** Resident memory of a process in MB. */
export function residentMb({ pid = 0 }: Pick<ChildProcess, "pid">): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
  return (pages * PAGE_KB) / 1024;
}

if (import.meta.main) {
  const [experiments = 1_000, runs = 20] = process.argv.slice(2).map(Number);
  console.log((await bigLab(experiments, runs)).path);
}
