// The heartbeat of a running run: a small file in its attempt's folder with progress, last values
// and resource use. The daemon writes it, so that `nightlab status` need not read any logs.
import { join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import type { AttemptId } from "../../base/ids.ts";
import { parseAs } from "../../base/stored-json.ts";
import { list, maybe, number, object, oneOf, string } from "../../base/stored-shape.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { SystemSample } from "../../domain/system.ts";
import { sparkline } from "../../logs/series/sparkline.ts";
import { createPace, progressOf, type Progress } from "../../logs/progress.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { readFileSync, rename, statSync, writeFile } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

/** How many metrics of a running run the status shows. */
const LIVE_METRICS = 6;
/** Width of the curve beside each metric, in characters. */
const LIVE_COLUMNS = 24;

export interface LiveRun {
  /** When its logs were last read, ms since 1970. */
  readonly atMs: number;
  readonly progress?: Progress;
  /** Estimated end at the present pace, ms since 1970. */
  readonly endsAtMs?: number;
  readonly metrics: readonly HeartbeatMetric[];
  /** Resource use; the GPU figures are those of its busiest GPU. */
  readonly system?: Pick<SystemSample, "cpu" | "rss" | "gpu" | "gpuMemory">;
}

export interface HeartbeatMetric {
  readonly key: string;
  /** The literal token of the last logged value. */
  readonly token: string;
  /** The whole series as a sparkline. */
  readonly curve: string;
}

export interface LiveWriter {
  /** Updates progress and metrics; promised metrics come first. */
  logs(reading: RunReading, promised: readonly string[]): void;
  /** Updates the resource use. */
  uses(sample: SystemSample): void;
  /** Waits for a write in progress; nothing is written after it. */
  end(): Promise<void>;
}

/** Writes one file at a time; updates that arrive during a write go into the next one. */
export function liveWriter(
  lab: string,
  attempt: AttemptId,
  args: readonly string[],
  now: () => number,
): LiveWriter {
  const path = join(attemptDir(lab, attempt), FILE);
  const pace = createPace();
  let live: LiveRun = { atMs: now(), metrics: [] };
  /** What is on disk or being written. */
  let written = live;
  let writing: Promise<void> | undefined;
  let ended = false;
  const write = async (): Promise<void> => {
    if (ended || written === live) return;
    written = live;
    // Not synced: after a power cut no run is left to report on.
    await writeFile(`${path}.new`, JSON.stringify(written));
    await rename(`${path}.new`, path);
    await write();
  };
  const update = (changes: Partial<LiveRun>): void => {
    live = { ...live, ...changes };
    // Any failure, as of the disk, costs the status its details, never the run.
    writing ??= write()
      .catch(() => undefined)
      .finally(() => {
        writing = undefined;
      });
  };
  return {
    logs(reading, promised) {
      const atMs = now();
      const progress = progressOf(reading, args);
      pace.see(progress, atMs);
      const endsAtMs = pace.endsAtMs();
      update({
        atMs,
        ...defined({ progress, endsAtMs }),
        metrics: metricsOf(reading, promised),
      });
    },
    uses: (sample) => update({ system: usageOf(sample) }),
    async end() {
      ended = true;
      await writing;
    },
  };
}

const FILE = "live.json";
const LIVE = object<LiveRun>({
  atMs: number,
  progress: maybe(
    object<Progress>({ unit: oneOf("step", "epoch", "%"), done: number, total: number }),
  ),
  endsAtMs: maybe(number),
  metrics: list(object<HeartbeatMetric>({ key: string(), token: string(), curve: string() })),
  system: maybe(
    object<NonNullable<LiveRun["system"]>>({
      cpu: number,
      rss: number,
      gpu: maybe(number),
      gpuMemory: maybe(number),
    }),
  ),
});

/** The last heartbeat of a run; undefined where there is none yet or it cannot be read. */
export function readLive(lab: string, attempt: AttemptId): LiveRun | undefined {
  try {
    const path = join(attemptDir(lab, attempt), FILE);
    if ((statSync(path)?.size ?? 0) > RECORD_BYTES) return undefined;
    return parseAs(path, readFileSync(path), LIVE, "it is written anew");
  } catch {
    // Any failure: `status` shows the run without its details.
    return undefined;
  }
}

function metricsOf(reading: RunReading, promised: readonly string[]): readonly HeartbeatMetric[] {
  const rank = (key: string): number => {
    const at = promised.indexOf(key);
    return at === -1 ? promised.length : at;
  };
  return reading.series
    .toSorted((a, b) => rank(a.summary.key) - rank(b.summary.key))
    .slice(0, LIVE_METRICS)
    .map((series) => ({
      key: series.summary.key,
      token: series.summary.last.token,
      curve: sparkline(series, LIVE_COLUMNS),
    }));
}

const usageOf = ({ cpu, rss, gpu, gpuMemory }: SystemSample): NonNullable<LiveRun["system"]> => ({
  cpu,
  rss,
  ...defined({ gpu, gpuMemory }),
});
