// Joins the series that several log files of one run hold for the same metric.
// The series of each file come from series-store.ts.
import type { MetricSummary, Sample, Series } from "../../domain/sample.ts";
import { defined } from "../../base/defined.ts";

/**
 * One series per key, keys in order of first appearance; `files` holds the series of each file.
 * Files are ordered by their first stamp, then by name, so that an evaluation logged later comes
 * later.
 */
export function mergeSeries(files: readonly (readonly Series[])[]): readonly Series[] {
  const ordered = files
    .filter((series) => series.length > 0)
    .toSorted((a, b) => startOf(a) - startOf(b) || compare(fileOf(a), fileOf(b)));
  if (ordered.length === 1) return ordered[0] ?? [];
  const byKey = new Map<string, Series[]>();
  for (const series of ordered.flat()) {
    const same = byKey.get(series.summary.key);
    if (same === undefined) byKey.set(series.summary.key, [series]);
    else same.push(series);
  }
  return [...byKey.values()].map(joined);
}

/** A file without stamps comes last: frameworks write such logs beside the script's stamped one. */
const startOf = (series: readonly Series[]): number =>
  series[0]?.summary.first.stampMs ?? Number.MAX_VALUE;
const fileOf = (series: readonly Series[]): string => series[0]?.summary.first.file ?? "";
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function joined(parts: readonly Series[]): Series {
  const [head, ...rest] = parts;
  if (head === undefined) throw new Error("No series to join");
  if (rest.length === 0) return head;
  const count = parts.reduce((sum, part) => sum + part.values.length, 0);
  const reducedBy = Math.max(...parts.map((part) => part.reducedBy ?? 1));
  const stepKey = rest.every((part) => part.stepKey === head.stepKey) ? head.stepKey : "sample";
  const steps = new Float64Array(count);
  const values = new Float64Array(count);
  const lines = new Uint32Array(count);
  const origins: { readonly file: string; readonly from: number }[] = [];
  let at = 0;
  for (const part of parts) {
    origins.push({ file: part.summary.first.file, from: at });
    steps.set(part.steps, at);
    values.set(part.values, at);
    lines.set(part.lines, at);
    at += part.values.length;
  }
  if (stepKey === "sample") steps.forEach((_, i) => (steps[i] = i));
  return {
    summary: joinedSummary(parts.map((part) => part.summary)),
    stepKey,
    steps,
    values,
    lines,
    parts: origins,
    ...(reducedBy > 1 ? { reducedBy, even: evenOf(parts) } : {}),
  };
}

function evenOf(parts: readonly Series[]): Uint32Array {
  const found: number[] = [];
  let before = 0;
  for (const { even, values } of parts) {
    for (const i of even ?? values.keys()) found.push(before + i);
    before += values.length;
  }
  return Uint32Array.from(found);
}

function joinedSummary(parts: readonly MetricSummary[]): MetricSummary {
  return parts.reduce((a, b) => {
    const min = better(a.min, b.min, (x, y) => y < x);
    const max = better(a.max, b.max, (x, y) => y > x);
    const notFinite = a.notFinite ?? b.notFinite;
    return {
      key: a.key,
      count: a.count + b.count,
      first: a.first,
      last: b.last,
      ...defined({ min, max, notFinite }),
      notFiniteCount: a.notFiniteCount + b.notFiniteCount,
    };
  });
}

function better(
  a: Sample | undefined,
  b: Sample | undefined,
  wins: (x: number, y: number) => boolean,
): Sample | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return wins(a.value, b.value) ? b : a;
}
