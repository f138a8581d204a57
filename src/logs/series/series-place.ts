// Where a value of a series stands in the logs, and how a rule names it.
// Places of first, last and extreme values are in the summary, which knows their bytes.
import type { LogPlace, Series } from "../../domain/sample.ts";

/**
 * The place of the i-th value. In a series of several files those between the first and the last
 * cannot be told: then there is no place. The offset is known for the summary's own samples.
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

/** ` at step 412`. */
export function atStep(series: Series, i: number): string {
  const step = series.steps[i];
  if (step === undefined) return "";
  return ` at ${series.stepKey === "sample" ? "value" : series.stepKey} ${step}`;
}

/** A value as a person says it: four digits. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `×1.52`. */
export const times = (ratio: number): string => `×${ratio.toFixed(ratio < 10 ? 2 : 0)}`;

/** `12 %`. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
