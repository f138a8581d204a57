// What a run says of itself while it goes on, in one small file of its attempt: how far it is, its
// last values, what it uses. A daemon writes it; whoever looks at the lab reads no log for it.
import { readFileSync, statSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import type { AttemptId } from "../../base/ids.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { SystemSample } from "../../domain/system.ts";
import { sparkline } from "../../logs/series/sparkline.ts";
import { createPace, progressOf, type Progress } from "../../logs/progress.ts";
import { attemptDir } from "../supervise/attempts.ts";

/** Metrics of a running run that a glance shows, and columns of the curve beside each. */
const LIVE_METRICS = 6;
const LIVE_COLUMNS = 24;

export interface LiveRun {
  /** When its logs were last read, ms since 1970. */
  readonly atMs: number;
  readonly progress?: Progress;
  /** When it will be through at its pace, ms since 1970. */
  readonly endsAtMs?: number;
  readonly metrics: readonly HeartbeatMetric[];
  /** What it uses; the GPU's figures are of the busiest one that it has. */
  readonly system?: Pick<SystemSample, "cpu" | "rss" | "gpu" | "gpuMemory">;
}

export interface HeartbeatMetric {
  readonly key: string;
  /** The literal token of the last logged value. */
  readonly token: string;
  /** The whole series as a row of blocks. */
  readonly curve: string;
}

export interface LiveWriter {
  /** What the logs say now, the promised metrics first. */
  logs(reading: RunReading, promised: readonly string[]): void;
  /** What it uses now. */
  uses(sample: SystemSample): void;
  /** No more is written. */
  end(): Promise<void>;
}

/** Writes at most once at a time; what comes meanwhile is in the next writing. */
export function liveWriter(
  lab: string,
  attempt: AttemptId,
  args: readonly string[],
  now: () => number,
): LiveWriter {
  const path = join(attemptDir(lab, attempt), FILE);
  const pace = createPace();
  let live: LiveRun = { atMs: now(), metrics: [] };
  /** What is on disk, or on its way there. */
  let kept = live;
  let writing: Promise<void> | undefined;
  let ended = false;
  const write = async (): Promise<void> => {
    if (ended || kept === live) return;
    kept = live;
    // Not durable: after a power cut nothing runs.
    await writeFile(`${path}.new`, JSON.stringify(kept));
    await rename(`${path}.new`, path);
    await write();
  };
  const keep = (news: Partial<LiveRun>): void => {
    live = { ...live, ...news };
    // A disk that refuses costs the glance, never the run.
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
      keep({
        atMs,
        ...(progress === undefined ? {} : { progress }),
        ...(endsAtMs === undefined ? {} : { endsAtMs }),
        metrics: metricsOf(reading, promised),
      });
    },
    uses: (sample) => keep({ system: used(sample) }),
    async end() {
      ended = true;
      await writing;
    },
  };
}

const FILE = "live.json";

/** What a run said last of itself; undefined where it has said nothing yet. */
export function readLive(lab: string, attempt: AttemptId): LiveRun | undefined {
  try {
    const path = join(attemptDir(lab, attempt), FILE);
    if (statSync(path).size > RECORD_BYTES) return undefined;
    const live = JSON.parse(readFileSync(path, "utf8")) as Partial<LiveRun>;
    return typeof live.atMs === "number" && Array.isArray(live.metrics)
      ? (live as LiveRun)
      : undefined;
  } catch {
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

const used = ({ cpu, rss, gpu, gpuMemory }: SystemSample): NonNullable<LiveRun["system"]> => ({
  cpu,
  rss,
  ...(gpu === undefined ? {} : { gpu }),
  ...(gpuMemory === undefined ? {} : { gpuMemory }),
});
