// Caches what the logs of each run said, so that renewing a report reads only what is new.
// Without the cache everything is read again, with the same result.
import type { RunDigest } from "../../domain/digest.ts";
import type { Finding } from "../../domain/finding.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { Curve } from "../../judge/curves.ts";
import { findLogFiles } from "./log-files.ts";
import { metricsPatternOf } from "./run-plan.ts";
import type { RunTail } from "./tail.ts";
import { stat } from "../os/lab-files.ts";

export interface CachedReading {
  /** What it was made from: the logs' sizes, times and inodes, the plan and the record. */
  readonly print: string;
  /** Without the values themselves: a report needs only their summaries. */
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  readonly curves: readonly Curve[];
  /** For an ended run: later runs are compared with it. */
  readonly digest?: RunDigest;
  /** The position in logs that still grow. It keeps no file open: dropping it is enough. */
  readonly tail?: RunTail;
}

/** Cached readings by `cacheKey`. One cache serves all experiments. */
export type ReadingCache = Map<string, CachedReading>;

/** An empty cache; the daemon keeps one as long as it lives. */
export function createReadingCache(): ReadingCache {
  return new Map();
}

/** Key of a reading: the absolute run folder, and for a baseline also the asking experiment. */
export function cacheKey(runDir: string, usedBy?: string): string {
  return usedBy === undefined ? runDir : `${runDir}\n${usedBy}`;
}

/** Drops runs whose folders no longer exist. `runsDir` and `present` are absolute paths. */
export function forgetGone(
  cache: ReadingCache,
  runsDir: string,
  present: ReadonlySet<string>,
): void {
  for (const key of cache.keys()) {
    const [path = ""] = key.split("\n");
    if (path.startsWith(`${runsDir}/`) && !present.has(path)) cache.delete(key);
  }
}

/**
 * Names, sizes, times and inodes of a run's logs, and the pattern that they are read with: stays
 * equal while nobody writes to them.
 */
export async function logsPrint(runDir: string): Promise<string> {
  const [logs, pattern] = await Promise.all([findLogFiles(runDir), metricsPatternOf(runDir)]);
  const lines = await Promise.all(
    logs.map(async ({ name, path }) => {
      // Any failure: then it is read again, which tells.
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return found === undefined ? name : `${name} ${found.size} ${found.mtimeNs} ${found.ino}`;
    }),
  );
  return [...lines, pattern ?? ""].join("\n");
}

/** The reading without its arrays of values. */
export function withoutValues(reading: RunReading): RunReading {
  const series = reading.series.map(({ summary, stepKey }) => ({
    summary,
    stepKey,
    steps: new Float64Array(0),
    values: new Float64Array(0),
    lines: new Uint32Array(0),
  }));
  const { lineFacts: _, ...rest } = reading;
  return { ...rest, series };
}
