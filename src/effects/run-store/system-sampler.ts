// Samples a run's processes and its GPUs every few seconds while it goes on, and keeps the
// samples in `logs/system.jsonl`. What they mean is asked by the rules in rules/.
import { appendFile, readFile, stat, statfs } from "node:fs/promises";
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

/** A run's processes are looked at this often: a stall or a leak shows within a minute. */
const SAMPLE_MS = 5_000;
/** The first look comes after a run's start, when there is something to see. */
const FIRST_SAMPLE_MS = 1_000;
/** Finding the processes of a run reads every process's environment: less often. */
const PROCESS_LOOK_MS = 30_000;
/** A larger system.jsonl is none of ours. */
const SYSTEM_LOG_BYTES = 8 * 2 ** 20;
/** The last sample of a run is waited for this long: a driver may hang. */
const SAMPLER_END_MS = 300;

export interface SystemSampler {
  /** What has been sampled so far, in order. */
  series(): SystemSeries;
  /** The run has logged a metric. */
  metricSeen(): void;
  /** No more samples; what is not on the disk yet is written where there is a `logs/`. */
  end(): Promise<void>;
}

export interface SamplerOptions {
  readonly attempt: AttemptId;
  /** The run's folder once it is known; nothing is kept on disk before. */
  readonly runDir: () => string | undefined;
  readonly gpus: GpuProbe;
  /** What the run holds; of a run without one any GPU may be its. */
  readonly place?: Slot;
  readonly now: () => number;
  /** After each try to take a sample; what it gave. */
  readonly sampled: (sample: SystemSample | undefined) => void;
  readonly everyMs?: number;
}

/** Starts sampling. The first look has nothing to compare with: samples begin an interval later. */
export function sampleSystem(options: SamplerOptions): SystemSampler {
  const { attempt, gpus, now } = options;
  let everyMs = options.everyMs ?? SAMPLE_MS;
  let samples: SystemSample[] = [];
  let unwritten: SystemSample[] = [];
  let metrics = false;
  let ended = false;
  let adopted = false;
  let timer: NodeJS.Timeout | undefined;
  const meter = createMeter(attempt);

  const take = async (): Promise<void> => {
    const dir = options.runDir();
    const atMs = now();
    const use = meter.read(atMs);
    if (use === undefined) return;
    const gpu = gpuPart(await gpus.ask(atMs), use.pids, options.place);
    const diskFree = dir === undefined ? undefined : await freeBytes(dir);
    if (ended) return;
    const { pids, ...rest } = use;
    const sample: SystemSample = {
      atMs,
      ...rest,
      processes: pids.size,
      ...(metrics ? { metrics } : {}),
      ...gpu,
      ...(diskFree === undefined ? {} : { diskFree }),
    };
    samples.push(sample);
    unwritten.push(sample);
    await keep(dir);
  };
  const keep = async (dir: string | undefined): Promise<void> => {
    // Until the script has made it, `logs/` is the script's to make.
    if (dir === undefined || !(await isFolder(join(dir, "logs")))) return;
    const path = join(dir, "logs", SYSTEM_LOG);
    if (!adopted) {
      adopted = true;
      samples = [...(await readSystemFile(dir)), ...samples];
    }
    if (samples.length >= SYSTEM_SAMPLES) {
      samples = thinned(samples);
      everyMs *= 2;
      unwritten = [];
      await atomicWrite(path, samples.map((one) => `${systemLine(one)}\n`).join(""));
      return;
    }
    const lines = unwritten.map((one) => `${systemLine(one)}\n`).join("");
    unwritten = [];
    if (lines !== "") await appendFile(path, lines);
  };
  // A disk that refuses costs the samples, never the run.
  const round = async (): Promise<void> => {
    await take().catch(() => undefined);
    if (ended) return;
    options.sampled(samples.at(-1));
    timer = setTimeout(start, everyMs);
    timer.unref();
  };
  let working = Promise.resolve();
  const start = (): void => {
    working = round();
  };
  // Most runs that fail do so in their first second, and it is the one of their start.
  timer = setTimeout(start, Math.min(FIRST_SAMPLE_MS, everyMs));
  timer.unref();
  return {
    series: () => samples,
    metricSeen() {
      metrics = true;
    },
    async end() {
      ended = true;
      clearTimeout(timer);
      // A driver that hangs must keep neither an ending nor a farewell waiting.
      await Promise.race([working, pause(SAMPLER_END_MS, undefined, { ref: false })]);
      await keep(options.runDir()).catch(() => undefined);
    },
  };
}

/** The samples in a run's folder; empty where there are none. */
export async function readSystemFile(runDir: string): Promise<SystemSeries> {
  const path = join(runDir, "logs", SYSTEM_LOG);
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() !== true || facts.size > SYSTEM_LOG_BYTES) return [];
  return readSystemLines(await readFile(path, "utf8").catch(() => ""));
}

interface Reading {
  readonly cpu: number;
  readonly rss: number;
  readonly pids: ReadonlySet<number>;
}

/** Adds up what the run's processes use. Looking for new ones is dearer than reading known ones. */
function createMeter(attempt: AttemptId): { read(atMs: number): Reading | undefined } {
  let pids: readonly number[] = [];
  let lookedAtMs = -Infinity;
  let before = new Map<number, ProcessUse>();
  let beforeMs: number | undefined;
  return {
    read(atMs) {
      if (atMs - lookedAtMs >= PROCESS_LOOK_MS || pids.length === 0) {
        pids = processesWith(RUN_ID_VARIABLE, attempt).map(({ pid }) => pid);
        lookedAtMs = atMs;
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
      // The first look has nothing to compare with.
      if (spanMs === undefined || spanMs <= 0 || now.size === 0) return undefined;
      const cpu = Number((Math.max(0, usedMs) / spanMs).toFixed(3));
      return { cpu, rss, pids: new Set(now.keys()) };
    },
  };
}

/**
 * The busiest GPU of the run's place. Of a run without a place, as an earlier release started them,
 * the busiest one that it is on, else the busiest of all.
 */
function gpuPart(
  state: GpuState | undefined,
  pids: ReadonlySet<number>,
  place: Slot | undefined,
): Pick<SystemSample, "gpu" | "gpuMemory" | "gpuProcesses"> {
  if (state === undefined || place?.kind === "cpu") return {};
  const own = state.processes?.filter(({ pid }) => pids.has(pid));
  const held = place?.gpus.map(({ uuid }) => uuid) ?? own?.map(({ uuid }) => uuid);
  const on = state.gpus.filter(({ uuid }) => held?.includes(uuid) === true);
  const seen = on.length > 0 || place !== undefined ? on : state.gpus;
  const [gpu] = seen.toSorted((a, b) => (b.busy ?? 0) - (a.busy ?? 0));
  if (gpu === undefined) return {};
  return {
    ...(gpu.busy === undefined ? {} : { gpu: gpu.busy }),
    ...(gpu.memory === undefined ? {} : { gpuMemory: gpu.memory }),
    ...(own === undefined ? {} : { gpuProcesses: new Set(own.map(({ pid }) => pid)).size }),
  };
}

async function freeBytes(path: string): Promise<number | undefined> {
  const facts = await statfs(path).catch(() => undefined);
  return facts === undefined ? undefined : facts.bavail * facts.bsize;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
