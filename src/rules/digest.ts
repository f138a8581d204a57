// Makes the digest of a run: the few numbers of each metric that later runs are compared with.
// Gathering the digests of earlier runs is left to effects/run-store/.
import { createHash } from "node:crypto";
import type { MetricDigest, RunDigest } from "../domain/digest.ts";
import { nameWithoutSeed } from "../base/seed-name.ts";
import type { RunReading, Series } from "../domain/sample.ts";
import { usualStepTime } from "../logs/series/step-times.ts";
import { defined } from "../base/defined.ts";

/** Metrics in a digest: later runs are compared in these only. */
const DIGEST_METRICS = 200;

/** What is known about a run besides its logs. */
export interface DigestFacts {
  readonly folder: string;
  readonly verb: string;
  readonly script: string;
  /** The script's arguments; the first is the run's name. */
  readonly args: readonly string[];
  readonly codeHash?: string;
  readonly done: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
}

/** The digest of a run whose logs have been read to their end. */
export function digestOf(facts: DigestFacts, reading: RunReading): RunDigest {
  const stepMs = usualStepTime(reading);
  const { rest, seed } = withoutSeed(facts.args.slice(1));
  return {
    ...facts,
    name: nameWithoutSeed(facts.args[0] ?? ""),
    args: rest,
    ...defined({ seed }),
    metrics: reading.series.slice(0, DIGEST_METRICS).map(metricDigest),
    ...defined({ stepMs }),
  };
}

/** Whether `one` had ended when `than` started. */
export function isEarlier(one: RunDigest, than: RunDigest): boolean {
  return one.endedAtMs !== undefined && one.endedAtMs <= than.startedAtMs && one !== than;
}

/** Splits `--seed 3` or `--seed=3` off the other arguments. */
function withoutSeed(args: readonly string[]): { rest: readonly string[]; seed?: string } {
  const at = args.findIndex((arg) => /^--(?:random[-_])?seed(?:=|$)/.test(arg));
  const arg = args[at];
  if (arg === undefined) return { rest: args };
  const inside = arg.includes("=");
  const seed = inside ? arg.slice(arg.indexOf("=") + 1) : args[at + 1];
  const rest = [...args.slice(0, at), ...args.slice(at + (inside ? 1 : 2))];
  return seed === undefined ? { rest } : { rest, seed };
}

function metricDigest({ summary, values }: Series): MetricDigest {
  const { key, count, last, min, max } = summary;
  const hash = isInformative(values) ? hashOf(values) : undefined;
  return {
    key,
    count,
    last: last.value,
    ...(min === undefined ? {} : { min: min.value }),
    ...(max === undefined ? {} : { max: max.value }),
    ...defined({ hash }),
  };
}

/** Two runs do not share this many different values of this many digits by chance. */
const VALUES = 5;
const DIGITS = 4;

function isInformative(values: Float64Array): boolean {
  if (values.length < VALUES) return false;
  const fine = new Set<number>();
  for (const value of values) {
    const digits = String(Math.abs(value))
      .replace(/e.*$/, "")
      .replaceAll(/^[0.]+|\./g, "");
    if (!Number.isInteger(value) && digits.length >= DIGITS) fine.add(value);
    if (fine.size >= VALUES) return true;
  }
  return false;
}

function hashOf(values: Float64Array): string {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return createHash("sha256").update(bytes).digest("hex").slice(0, 32);
}
