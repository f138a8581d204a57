// Judges one comparison of a criterion over the runs that are evidence, by how many they are.
// Which runs are evidence, and the verdict over all comparisons, is verdict.ts.
import type { Comparison } from "../criteria/criterion.ts";
import { arithmetic, compareDecimals, meanOf, type Decimal } from "../base/decimal.ts";
import { holds, ZERO, type Worth } from "./evaluate.ts";
import { settingCount } from "./groups.ts";
import type { ReportRun } from "./input.ts";
import { oneSidedBound } from "./statistics.ts";

/** One comparison with its result over all runs that are evidence. */
export interface JudgedComparison {
  readonly comparison: Comparison;
  readonly word: "MET" | "NOT MET" | "INCONCLUSIVE";
  readonly perRun: readonly MeasuredRun[];
  /** From three runs of one setting on: the margin left − right over the runs. */
  readonly margin?: {
    /** Exact mean. */
    readonly mean: Decimal;
    /** One-sided 95 % bound of the mean, on the side that would reverse the result. */
    readonly bound: number;
    readonly meanPasses: boolean;
  };
}

export interface MeasuredRun {
  readonly run: ReportRun;
  readonly left: Worth;
  readonly right: Worth;
  readonly passes: boolean;
}

/**
 * The result of a comparison. Below three runs, for `==`, and for runs of several settings, all
 * runs must agree. From three runs on the exact mean of left − right decides, and its one-sided 95
 * % t-bound must agree with the mean; else the result is INCONCLUSIVE.
 */
export function judgeComparison(
  comparison: Comparison,
  perRun: readonly MeasuredRun[],
): JudgedComparison {
  const passing = perRun.filter((one) => one.passes).length;
  // A mean over several settings would estimate no quantity that a new run could measure.
  const settings = settingCount(perRun.map((one) => one.run));
  if (perRun.length < 3 || comparison.operator === "==" || settings > 1) {
    const word = passing === perRun.length ? "MET" : passing === 0 ? "NOT MET" : "INCONCLUSIVE";
    return { comparison, word, perRun };
  }
  const margins = perRun.map((one) => arithmetic("-", one.left.value, one.right.value));
  const mean = meanOf(margins);
  const meanPasses = holds(comparison.operator, mean, ZERO);
  const small = comparison.operator.startsWith("<");
  // The bound is on the side where the result would be the opposite of the mean's.
  const bound = oneSidedBound(margins, small === meanPasses ? "below" : "above");
  const sure = boundPasses(comparison, bound, mean, margins) === meanPasses;
  const word = sure ? (meanPasses ? "MET" : "NOT MET") : "INCONCLUSIVE";
  return { comparison, word, perRun, margin: { mean, bound, meanPasses } };
}

/**
 * Whether the bound passes; undefined where doubles hold none. Equal margins have no spread: their
 * exact mean is the bound.
 */
function boundPasses(
  comparison: Comparison,
  bound: number,
  mean: Decimal,
  margins: readonly Decimal[],
): boolean | undefined {
  const equal = margins.every((margin) => compareDecimals(margin, mean) === 0);
  if (equal) return holds(comparison.operator, mean, ZERO);
  if (!Number.isFinite(bound)) return undefined;
  switch (comparison.operator) {
    case "<":
      return bound < 0;
    case "<=":
      return bound <= 0;
    case ">":
      return bound > 0;
    case ">=":
      return bound >= 0;
    case "==":
      return bound === 0;
  }
}
