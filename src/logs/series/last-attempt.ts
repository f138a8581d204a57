// Of a file that holds several attempts, what rules see: the last one. An earlier attempt that
// failed, or began elsewhere, says nothing about this one. Where attempts begin is in
// series-store.ts.
import { median } from "../../base/robust-statistics.ts";
import type { MetricSummary, RunReading, Sample, Series } from "../../domain/sample.ts";
import { defined } from "../../base/defined.ts";

/** The reading with each series cut to its last attempt; the same object if there is but one. */
export function lastAttempt(reading: RunReading): RunReading {
  if (reading.series.every(({ attemptFrom }) => attemptFrom === undefined)) return reading;
  return { ...reading, series: reading.series.map(cut) };
}

function cut(series: Series): Series {
  const { attemptFrom: from, even, ...rest } = series;
  if (from === undefined || isCounterOfEpochs(series, from)) return series;
  const values = series.values.subarray(from);
  const lines = series.lines.subarray(from);
  const kept = even?.filter((i) => i >= from).map((i) => i - from);
  return {
    ...rest,
    summary: summaryOf(series.summary, values, lines),
    steps: series.steps.subarray(from),
    values,
    lines,
    ...defined({ even: kept }),
  };
}

/** Values of which the median is taken, on both sides of a fall. */
const NEAR = 3;

/**
 * Whether the step falls because it counts within epochs that nothing names: it does so more than
 * once, and the values go on where they were, not where they began.
 */
function isCounterOfEpochs({ steps, values }: Series, from: number): boolean {
  const start = steps[0] ?? 0;
  let falls = 0;
  for (let i = 1; i < steps.length; i += 1) {
    const step = steps[i] ?? 0;
    if (step < (steps[i - 1] ?? 0) && step <= start) falls += 1;
  }
  if (falls < 2) return false;
  const [first, before, after] = [0, Math.max(0, from - NEAR), from].map((at) =>
    median(values.subarray(at, at + NEAR)),
  );
  return Math.abs((after ?? 0) - (before ?? 0)) <= Math.abs((after ?? 0) - (first ?? 0));
}

function summaryOf(
  { first, min, max, ...rest }: MetricSummary,
  values: Float64Array,
  lines: Uint32Array,
): MetricSummary {
  const finite = values.filter(Number.isFinite);
  /** The sample of a value; one that the summary of all attempts does not have lacks its token. */
  const sample = (value: number, known: Sample | undefined): Sample => {
    const line = lines[values.indexOf(value)] ?? 0;
    if (known?.line === line && known.value === value) return known;
    return { key: first.key, file: first.file, line, offset: -1, value, token: String(value) };
  };
  const [least, most] = [finite.reduce(smaller, Infinity), finite.reduce(larger, -Infinity)];
  return {
    ...rest,
    count: values.length,
    first: sample(values[0] ?? Number.NaN, first),
    ...(finite.length === 0 ? {} : { min: sample(least, min), max: sample(most, max) }),
  };
}

const smaller = (a: number, b: number): number => Math.min(a, b);
const larger = (a: number, b: number): number => Math.max(a, b);
