// Samples a run's processes and GPUs every few seconds while it goes on, and keeps the samples in
// `logs/system.jsonl`. What they mean is for the rules in rules/ to say.
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { AttemptId } from "../../base/ids.ts";
import type { Slot } from "../../domain/slot.ts";
import type { SystemSample, SystemSeries } from "../../domain/system.ts";
import {
  readSystemLines,
  SYSTEM_LOG,
  systemLine,
  thinned,
  SYSTEM_SAMPLES,
} from "../../logs/system-lines.ts";
import { RUN_ID_VARIABLE } from "../supervise/attempts.ts";
import type { GpuProbe, GpuState } from "../gpu/gpu-probe.ts";
import { processesWith } from "../os/process-identity.ts";
import { processUse, type ProcessUse } from "../supervise/process-usage.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { appendFile, readFile, stat } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";
import { orTold } from "../os/unread.ts";

/** Short enough for a stall or a leak to show within a minute. */
const SAMPLE_MS = 5_000;
/** The first sample is taken this long after the start, when there is something to measure. */
const FIRST_SAMPLE_MS = 1_000;
/** Finding a run's processes reads every process's environment, so it is done less often. */
const PROCESS_SCAN_MS = 30_000;
/** A system.jsonl larger than this was not written by nightlab, and is not read. */
const SYSTEM_LOG_BYTES = 8 * 2 ** 20;
/** How long `end` waits for a sample in progress: a driver may hang. */
const SAMPLER_END_MS = 300;

export interface SystemSampler {
  /** What has been sampled so far, in order. */
  series(): SystemSeries;
  /** The run has logged a metric: later samples are marked with it. */
  metricSeen(): void;
  /** Stops sampling; samples not yet on disk are written if `logs/` exists. */
  end(): Promise<void>;
}

export interface SamplerOptions {
  readonly attempt: AttemptId;
  /** The run's folder once it is known; nothing is kept on disk before that. */
  readonly runDir: () => string | undefined;
  readonly gpus: GpuProbe;
  /** The run's slot; without one, the run may be using any GPU. */
  readonly place?: Slot;
  readonly now: () => number;
  /** Called after each attempt to sample, with the newest sample. */
  readonly sampled: (sample: SystemSample | undefined) => void;
  readonly everyMs?: number;
}

/** Starts sampling. CPU use needs two readings: the first sample comes an interval late. */
export function sampleSystem(options: SamplerOptions): SystemSampler {
  return new Sampler(options);
}

class Sampler implements SystemSampler {
  readonly #options: SamplerOptions;
  readonly #meter: Meter;
  /** Doubles whenever the samples are thinned. */
  #everyMs: number;
  #samples: SystemSample[] = [];
  #unwritten: SystemSample[] = [];
  #metrics = false;
  /** Whether the samples that an earlier daemon left on disk have been read in. */
  #adopted = false;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  #working = Promise.resolve();

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#meter = createMeter(options.attempt);
    this.#everyMs = options.everyMs ?? SAMPLE_MS;
    // Most runs that fail do so in their first second, so sample early once.
    this.#schedule(Math.min(FIRST_SAMPLE_MS, this.#everyMs));
  }

  series(): SystemSeries {
    return this.#samples;
  }

  metricSeen(): void {
    this.#metrics = true;
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    // A driver that hangs must delay neither the run's ending nor the daemon's exit.
    await Promise.race([this.#working, pause(SAMPLER_END_MS, undefined, { ref: false })]);
    // Any failure costs samples.
    await this.#keep(this.#options.runDir()).catch(() => undefined);
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#working = this.#round();
    }, ms);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    // Any failure, as of the disk, costs samples and never the run.
    await this.#take().catch(() => undefined);
    if (this.#ended) return;
    this.#options.sampled(this.#samples.at(-1));
    this.#schedule(this.#everyMs);
  }

  async #take(): Promise<void> {
    const { runDir, now, gpus, place } = this.#options;
    const dir = runDir();
    const atMs = now();
    const use = this.#meter.read(atMs);
    if (use === undefined) return;
    const gpu = gpuPart(await gpus.ask(atMs), use.pids, place);
    const diskFree = dir === undefined ? undefined : await freeBytes(dir);
    if (this.#ended) return;
    const { pids, ...rest } = use;
    const sample: SystemSample = {
      atMs,
      ...rest,
      processes: pids.size,
      ...(this.#metrics ? { metrics: true } : {}),
      ...gpu,
      ...defined({ diskFree }),
    };
    this.#samples.push(sample);
    this.#unwritten.push(sample);
    await this.#keep(dir);
  }

  async #keep(dir: string | undefined): Promise<void> {
    // Only the script may create `logs/`.
    if (dir === undefined || !(await isFolder(join(dir, "logs")))) return;
    const path = join(dir, "logs", SYSTEM_LOG);
    if (!this.#adopted) {
      this.#adopted = true;
      this.#samples = [...(await readSystemFile(dir)), ...this.#samples];
    }
    if (this.#samples.length >= SYSTEM_SAMPLES) {
      this.#samples = thinned(this.#samples);
      this.#everyMs *= 2;
      this.#unwritten = [];
      await atomicWrite(path, this.#samples.map((one) => `${systemLine(one)}\n`).join(""));
      return;
    }
    const lines = this.#unwritten.map((one) => `${systemLine(one)}\n`).join("");
    this.#unwritten = [];
    if (lines !== "") await appendFile(path, lines);
  }
}

/** The samples in a run's folder; empty where there are none. */
export async function readSystemFile(runDir: string): Promise<SystemSeries> {
  const path = join(runDir, "logs", SYSTEM_LOG);
  const facts = await orTold(path, stat(path), "look");
  if (facts?.isFile() !== true || facts.size > SYSTEM_LOG_BYTES) return [];
  return readSystemLines((await orTold(path, readFile(path, "utf8"))) ?? "");
}

interface Reading {
  /** Cores in use since the last reading: 1 is one core, fully busy. */
  readonly cpu: number;
  /** Resident memory of all processes together, bytes. */
  readonly rss: number;
  readonly pids: ReadonlySet<number>;
}

interface Meter {
  /** Undefined for the first reading, and where no process of the run is found. */
  read(atMs: number): Reading | undefined;
}

/** Adds up what the run's processes use. Finding new ones costs more than reading known ones. */
function createMeter(attempt: AttemptId): Meter {
  let pids: readonly number[] = [];
  let scannedAtMs = -Infinity;
  let before = new Map<number, ProcessUse>();
  let beforeMs: number | undefined;
  return {
    read(atMs) {
      if (atMs - scannedAtMs >= PROCESS_SCAN_MS || pids.length === 0) {
        pids = processesWith(RUN_ID_VARIABLE, attempt).map(({ pid }) => pid);
        scannedAtMs = atMs;
      }
      const now = new Map(
        pids.flatMap((pid) => processUse(pid) ?? []).map((one) => [one.pid, one]),
      );
      const spanMs = beforeMs === undefined ? undefined : atMs - beforeMs;
      let usedMs = 0;
      let rss = 0;
      for (const one of now.values()) {
        const last = before.get(one.pid);
        usedMs += last?.startTime === one.startTime ? one.cpuMs - last.cpuMs : 0;
        rss += one.rss;
      }
      before = now;
      beforeMs = atMs;
      // The first reading has nothing to compare with.
      if (spanMs === undefined || spanMs <= 0 || now.size === 0) return undefined;
      const cpu = Number((Math.max(0, usedMs) / spanMs).toFixed(3));
      return { cpu, rss, pids: new Set(now.keys()) };
    },
  };
}

/**
 * The busiest GPU of the run's slot. For a run without a slot (earlier releases started such runs):
 * the busiest GPU that it is on, else the busiest of all.
 */
function gpuPart(
  state: GpuState | undefined,
  pids: ReadonlySet<number>,
  slot: Slot | undefined,
): Pick<SystemSample, "gpu" | "gpuMemory" | "gpuProcesses"> {
  if (state === undefined || slot?.kind === "cpu") return {};
  const own = state.processes?.filter(({ pid }) => pids.has(pid));
  const held = slot?.gpus.map(({ uuid }) => uuid) ?? own?.map(({ uuid }) => uuid);
  const on = state.gpus.filter(({ uuid }) => held?.includes(uuid) === true);
  const seen = on.length > 0 || slot !== undefined ? on : state.gpus;
  const [gpu] = seen.toSorted((a, b) => (b.busy ?? 0) - (a.busy ?? 0));
  if (gpu === undefined) return {};
  return {
    ...defined({ gpu: gpu.busy, gpuMemory: gpu.memory }),
    ...(own === undefined ? {} : { gpuProcesses: new Set(own.map(({ pid }) => pid)).size }),
  };
}

async function freeBytes(path: string): Promise<number | undefined> {
  // Any failure: the sample does without.
  const facts = await statfs(path).catch(() => undefined);
  return facts === undefined ? undefined : facts.bavail * facts.bsize;
}

async function isFolder(path: string): Promise<boolean> {
  // Any failure: the samples wait for it.
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
