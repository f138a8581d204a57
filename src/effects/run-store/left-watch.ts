// Watches what the main process of a run left behind. The run goes on while one of these processes
// holds its GPU, works or writes to its logs; when none has for IDLE_MS, they are ended. The shim
// knows when the last one is gone, and holds all of them to the time limit.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import {
  createWorkMeter,
  holdsGpu,
  noteLeftBehind,
  type WorkMeter,
} from "../supervise/left-behind.ts";
import { attemptDir, processesLeft, readProcesses } from "../supervise/attempts.ts";
import { runDir } from "../supervise/run-folders.ts";
import type { Supervisor } from "../supervise/supervisor.ts";
import { findLogFiles } from "./log-files.ts";

/** How long all of them have to be idle: a server that gets no requests any more, a lost worker. */
const IDLE_MS = 30_000;
/** Over a shorter time, 2 % of a core are too few ticks of the clock to be told apart. */
const MEASURE_MS = 5_000;

export interface LeftWatchOptions {
  /** The run's folder, once it is known. */
  readonly folder: () => RunFolder | undefined;
  readonly idleMs?: number;
}

export interface LeftWatch {
  /** Looks at them, and ends them where it is time. To be called every second or so. */
  look(): Promise<void>;
}

/** The watch over one attempt, whose main process has just ended or was found ended. */
export function watchLeft(
  spec: AttemptSpec,
  supervisor: Supervisor,
  options: LeftWatchOptions,
): LeftWatch {
  return new Watch(spec, supervisor, options);
}

class Watch implements LeftWatch {
  readonly #spec: AttemptSpec;
  readonly #supervisor: Supervisor;
  readonly #options: LeftWatchOptions;
  readonly #meter: WorkMeter = createWorkMeter();
  readonly #idleMs: number;
  /** A monotonic clock that stands still while the machine sleeps. */
  #lookedAtMs: number | undefined;
  #activeAtMs = performance.now();
  #logs: string | undefined;

  constructor(spec: AttemptSpec, supervisor: Supervisor, options: LeftWatchOptions) {
    this.#spec = spec;
    this.#supervisor = supervisor;
    this.#options = options;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  async look(): Promise<void> {
    const atMs = performance.now();
    const spanMs = atMs - (this.#lookedAtMs ?? -Infinity);
    if (spanMs < Math.min(MEASURE_MS, this.#idleMs / 6)) return;
    const { lab, attempt, token, place } = this.#spec;
    const dir = attemptDir(lab, attempt);
    const { child } = await readProcesses(dir, token);
    const left = processesLeft(dir, child);
    // Without /proc nothing is known of them: they go on until they end, or to the time limit.
    if (left.length === 0) return;
    this.#lookedAtMs = atMs;
    const logs = await this.#logSizes(dir);
    const active = [
      this.#meter.worked(left, spanMs),
      logs !== this.#logs,
      place?.kind !== "cpu" && left.some(({ pid }) => holdsGpu(pid)),
    ].includes(true);
    this.#logs = logs;
    if (active) this.#activeAtMs = atMs;
    const idleMs = atMs - this.#activeAtMs;
    if (idleMs < this.#idleMs) return;
    await noteLeftBehind(dir, left, idleMs);
    await this.#supervisor.stop(this.#spec);
  }

  /** A text that differs when a log of the run, or its console, has grown. */
  async #logSizes(dir: string): Promise<string> {
    const folder = this.#options.folder();
    const logs =
      folder === undefined ? [] : await findLogFiles(runDir(this.#spec.experiment, folder));
    // Any failure: it counts as not grown.
    const console = await stat(join(dir, "console.log")).then(
      ({ size }) => size,
      () => 0,
    );
    return [console, ...logs.map(({ name, size }) => `${name} ${size}`)].join("\n");
  }
}
