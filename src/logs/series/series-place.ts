// Where in the logs a value of a series is, and how rules write values, steps and ratios.
// Byte offsets are known only for the samples of the summary (series-store.ts).
import type { LogPlace, Series } from "../../domain/sample.ts";

/**
 * The place of the i-th value, counted from 0. Its offset is exact for samples of the summary and
 * otherwise 0. In a series of several files, undefined where the value's file cannot be told.
 */
export function logPlaceAt(series: Series, i: number): LogPlace | undefined {
  const { first, last, min, max } = series.summary;
  const line = series.lines[i];
  if (line === undefined) return undefined;
  const known = [first, last, min, max].find(
    (sample) => sample?.line === line && sample.value === series.values[i],
  );
  if (known !== undefined) return { file: known.file, line, offset: known.offset };
  if (first.file === last.file) return { file: first.file, line, offset: 0 };
  const before = series.lines.subarray(0, i + 1);
  if (isRising(before)) return { file: first.file, line, offset: 0 };
  return isRising(series.lines.subarray(i)) ? { file: last.file, line, offset: 0 } : undefined;
}

const isRising = (lines: Uint32Array): boolean =>
  lines.every((line, i) => i === 0 || line >= (lines[i - 1] ?? 0));

/** ` at step 412`, with the leading space; empty for an index outside of the series. */
export function atStep(series: Series, i: number): string {
  const step = series.steps[i];
  if (step === undefined) return "";
  return ` at ${series.stepKey === "sample" ? "value" : series.stepKey} ${step}`;
}

/** A value rounded to four digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A ratio as `×1.52`, or `×12` from ten on. */
export const times = (ratio: number): string => `×${ratio.toFixed(ratio < 10 ? 2 : 0)}`;

/** A share as `12 %`, rounded to two digits. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
