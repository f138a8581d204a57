// Runs test files in one process of their own, with a mutant or without, until the first failure.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Mutant } from "./mutants.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Mutants are put to the cases of `npm test`, so that one that survives does so again. */
export const SEED = "20250202";

export interface Trial {
  readonly ended: "passed" | "failed" | "took too long";
  /** Processor time that it took, ms, without that of programs it started; 0 where it was killed. */
  readonly cpuMs: number;
  /** The last lines that it printed. */
  readonly output: string;
  /** The folder of the coverage files, for the caller to remove; "" where none was asked for. */
  readonly coverage: string;
}

export interface TrialOptions {
  readonly mutant?: Mutant;
  readonly coverage?: boolean;
  readonly seed?: string;
}

/** Of one that waits for what never comes: many times what its processor time says. */
const WAITING_TIMES = 10;
const LIMITED = 'ulimit -t "$0" && exec "$@"';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/**
 * Runs the files in order, until `limitMs` of processor time are over: how busy the machine is
 * makes no mutant look killed. All that they started is killed in the end.
 */
export async function runTests(
  files: readonly string[],
  limitMs: number,
  { mutant, coverage = false, seed = SEED }: TrialOptions = {},
): Promise<Trial> {
  const scratch = mkdtempSync(join(tmpdir(), "nightlab-trial-"));
  const coverageFolder = coverage ? mkdtempSync(join(tmpdir(), "nightlab-reach-")) : "";
  const cpuFile = join(scratch, "cpu");
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const env: NodeJS.ProcessEnv = {
    ...inherited,
    NIGHTLAB_SEED: seed,
    NIGHTLAB_TRIAL_CPU: cpuFile,
    TMPDIR: scratch,
  };
  if (coverage) env["NODE_V8_COVERAGE"] = coverageFolder;
  if (mutant !== undefined) {
    const { file, start, end, becomes } = mutant;
    const url = pathToFileURL(join(ROOT, file)).href;
    env["NIGHTLAB_MUTANT"] = JSON.stringify({ url, start, end, becomes });
    // Also in programs that a test starts.
    env["NODE_OPTIONS"] = `--import=${pathToFileURL(here("load-mutant.ts")).href}`;
  }
  const node = [process.execPath, `--test-reporter=${here("first-failure.ts")}`];
  const seconds = String(Math.ceil(limitMs / 1_000));
  const child = spawn("sh", ["-c", LIMITED, seconds, ...node, here("run-files.ts"), ...files], {
    cwd: ROOT,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (child.pid !== undefined) groups.add(child.pid);
  let output = "";
  const keep = (data: Buffer): void => {
    output = (output + data.toString()).slice(-4_000);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, WAITING_TIMES * limitMs);
  const [code, signal] = await new Promise<readonly [number | null, NodeJS.Signals | null]>(
    (resolve) => child.once("exit", (...how) => resolve(how)),
  );
  clearTimeout(limit);
  if (child.pid !== undefined) endGroup(child.pid);
  const cpuMs = existsSync(cpuFile) ? Number(readFileSync(cpuFile, "utf8")) : 0;
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  const spent = late || signal === "SIGXCPU" || signal === "SIGKILL";
  const ended = spent ? "took too long" : code === 0 ? "passed" : "failed";
  return { ended, cpuMs, output, coverage: coverageFolder };
}

/** Process groups of trials: whatever a test leaves running is in them, and ends with the trial. */
const groups = new Set<number>();

function endGroup(group: number): void {
  groups.delete(group);
  try {
    process.kill(-group, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A search that is stopped leaves no trial behind. */
export function endTrialsOnSignals(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      groups.forEach(endGroup);
      process.exit(1);
    });
  }
}

/** Does something with each, `jobs` at a time, in order, until one says `false`. */
export async function inTurn<T>(
  all: readonly T[],
  jobs: number,
  one: (of: T) => Promise<boolean>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < all.length) {
      const item = all[next] as T;
      next += 1;
      if (!(await one(item))) next = all.length;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
