// Judges one comparison over the runs that measured it, by how many they are.
// Which runs count, and what keeps them from being judged, is verdict.ts.
import type { Comparison } from "../criteria/criterion.ts";
import { arithmetic, compareDecimals, meanOf, type Decimal } from "../base/decimal.ts";
import { holds, type Worth } from "./evaluate.ts";
import { settingCount } from "./groups.ts";
import type { ReportRun } from "./input.ts";
import { oneSidedBound } from "./statistics.ts";

/** One comparison over all runs that are evidence. */
export interface JudgedComparison {
  readonly comparison: Comparison;
  readonly word: "MET" | "NOT MET" | "INCONCLUSIVE";
  readonly perRun: readonly MeasuredRun[];
  /** From three runs on: the margin left − right over the runs. */
  readonly margin?: {
    /** Exact mean. */
    readonly mean: Decimal;
    /** One-sided 95 % bound of the mean on the side of failure. */
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
 * Below three runs, and for runs of several settings, all must agree; from three on, the exact mean of left − right decides, and its
 * one-sided 95 % t-bound must agree with it.
 */
export function judgeComparison(
  comparison: Comparison,
  perRun: readonly MeasuredRun[],
): JudgedComparison {
  const passing = perRun.filter((one) => one.passes).length;
  // A mean over several settings would be one of nothing that can be measured again.
  const settings = settingCount(perRun.map((one) => one.run));
  if (perRun.length < 3 || comparison.operator === "==" || settings > 1) {
    const word = passing === perRun.length ? "MET" : passing === 0 ? "NOT MET" : "INCONCLUSIVE";
    return { comparison, word, perRun };
  }
  const margins = perRun.map((one) => arithmetic("-", one.left.value, one.right.value));
  const zero: Decimal = { kind: "finite", numerator: 0n, denominator: 1n };
  const mean = meanOf(margins);
  const meanPasses = holds(comparison.operator, mean, zero);
  const small = comparison.operator.startsWith("<");
  // A mean that passes is doubted from the failing side, one that fails from the passing side.
  const bound = oneSidedBound(margins, small === meanPasses ? "below" : "above");
  const sure = boundAgrees(comparison, bound, mean, margins) === meanPasses;
  const word = sure ? (meanPasses ? "MET" : "NOT MET") : "INCONCLUSIVE";
  return { comparison, word, perRun, margin: { mean, bound, meanPasses } };
}

/** Whether the bound passes; equal margins have no spread, so the exact mean speaks for them. */
function boundAgrees(
  comparison: Comparison,
  bound: number,
  mean: Decimal,
  margins: readonly Decimal[],
): boolean {
  const zero: Decimal = { kind: "finite", numerator: 0n, denominator: 1n };
  const equal = margins.every((margin) => compareDecimals(margin, mean) === 0);
  if (equal) return holds(comparison.operator, mean, zero);
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
