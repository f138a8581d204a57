// Whether a value lies outside what earlier values of the same kind would let one expect.
// Student's t itself is the report's; a rule needs only this one question.
import { tQuantile } from "../base/student-t.ts";

/**
 * Outside mean ± t·s·√(1 + 1/n), the prediction interval of one more normal value, which holds it
 * with probability 1 − `chance` (Hahn and Meeker, Statistical Intervals, 1991, section 4.4).
 */
export function outsideSpread(value: number, others: readonly number[], chance: number): boolean {
  const n = others.length;
  if (n < 2) return false;
  const mean = others.reduce((sum, other) => sum + other, 0) / n;
  const squares = others.reduce((sum, other) => sum + (other - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  const half = tQuantile(1 - chance / 2, n - 1) * deviation * Math.sqrt(1 + 1 / n);
  // Equal values have no spread: then only a difference that one can see counts.
  return Math.abs(value - mean) > Math.max(half, 1e-3 * Math.abs(mean));
}
