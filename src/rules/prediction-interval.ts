// Whether a value lies outside the range that earlier values of the same kind predict.
// Student's t distribution is left to base/student-t.ts.
import { tQuantile } from "../base/student-t.ts";

/**
 * Whether `value` is outside mean ± t·s·√(1 + 1/n), the prediction interval that holds one more
 * normal value with probability 1 − `chance` (Hahn and Meeker, Statistical Intervals, 1991, section
 * 4.4). False for fewer than two others.
 */
export function outsideSpread(value: number, others: readonly number[], chance: number): boolean {
  const n = others.length;
  if (n < 2) return false;
  const mean = others.reduce((sum, other) => sum + other, 0) / n;
  const squares = others.reduce((sum, other) => sum + (other - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  const half = tQuantile(1 - chance / 2, n - 1) * deviation * Math.sqrt(1 + 1 / n);
  // Equal values have no spread: then a difference of a thousandth of the mean is needed.
  return Math.abs(value - mean) > Math.max(half, 1e-3 * Math.abs(mean));
}
