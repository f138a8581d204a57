// Remembers what the logs of each run said, so that renewing a report reads only what is new.
// It is only memory: without it everything is read again, with the same result.
import { stat } from "node:fs/promises";
import type { RunDigest } from "../../domain/digest.ts";
import type { Finding } from "../../domain/finding.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { Curve } from "../../judge/curves.ts";
import { findLogFiles } from "./log-files.ts";
import { metricsPatternOf } from "./metrics-pattern.ts";
import type { RunTail } from "./tail.ts";

export interface CachedReading {
  /** What it was read from: the logs' sizes, times and inodes, and what the rules were told. */
  readonly print: string;
  /** Without the values themselves: a report needs their summaries, and memory is finite. */
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  readonly curves: readonly Curve[];
  /** What it comes to, once it has ended: later runs are laid beside it. */
  readonly digest?: RunDigest;
  /** The place reached in logs that still grow; closed by being forgotten. */
  readonly tail?: RunTail;
}

/** Cached readings by `cacheKey`. One cache serves all experiments. */
export type ReadingCache = Map<string, CachedReading>;

/** An empty cache; the daemon keeps one as long as it lives. */
export function createReadingCache(): ReadingCache {
  return new Map();
}

/** The name of a reading: the absolute run folder, and who reads it where it is a baseline. */
export function cacheKey(runDir: string, usedBy?: string): string {
  return usedBy === undefined ? runDir : `${runDir}\n${usedBy}`;
}

/** Forgets runs of an experiment whose folders are gone. `runsDir` is absolute. */
export function forgetGone(cache: ReadingCache, runsDir: string, there: ReadonlySet<string>): void {
  for (const key of cache.keys()) {
    const [path = ""] = key.split("\n");
    if (path.startsWith(`${runsDir}/`) && !there.has(path)) cache.delete(key);
  }
}

/**
 * Names, sizes, times and inodes of a run's logs, and the pattern they are read with: equal while
 * nobody wrote to them.
 */
export async function logsPrint(runDir: string): Promise<string> {
  const [logs, pattern] = await Promise.all([findLogFiles(runDir), metricsPatternOf(runDir)]);
  const lines = await Promise.all(
    logs.map(async ({ name, path }) => {
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
