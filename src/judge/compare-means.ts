// Tests of the difference between two groups of runs: Welch's t, paired t where both groups have
// the same seeds, and Holm's correction for several tests. Which groups meet is comparisons.ts.
import { standardDeviation } from "./statistics.ts";
import { arithmetic, meanOf, toNumber, type Decimal } from "../base/decimal.ts";
import { tQuantile, tTail } from "../base/student-t.ts";

export type Difference =
  /** Fewer than three values on a side, or no spread: reported without a test. */
  | { readonly kind: "observed"; readonly mean: Decimal }
  | {
      readonly kind: "welch" | "paired";
      /** Exact mean of the first group minus that of the second. */
      readonly mean: Decimal;
      /** Two-sided 95 % interval of the difference. */
      readonly low: number;
      readonly high: number;
      /** Degrees of freedom. */
      readonly degrees: number;
      /** Two-sided p-value. */
      readonly p: number;
    };

/**
 * Welch's t-test of a − b, for two groups of at least one finite value each that share no seeds:
 * Welch (1947), The generalization of Student's problem when several different population variances
 * are involved, Biometrika 34.
 */
export function welchDifference(a: readonly Decimal[], b: readonly Decimal[]): Difference {
  const mean = arithmetic("-", meanOf(a), meanOf(b));
  if (a.length < 3 || b.length < 3) return { kind: "observed", mean };
  const errors = [
    standardDeviation(a) / Math.sqrt(a.length),
    standardDeviation(b) / Math.sqrt(b.length),
  ];
  const error = Math.hypot(...errors);
  // Values without any spread are copies of one run, or rounded: they cannot be tested.
  if (error === 0) return { kind: "observed", mean };
  // The Welch-Satterthwaite equation, in shares of the error.
  const [s = 0, t = 0] = errors.map((one) => (one / error) ** 2);
  const degrees = 1 / (s ** 2 / (a.length - 1) + t ** 2 / (b.length - 1));
  return tested("welch", mean, error, degrees);
}

/** The paired t-test of a − b over pairs of values with the same seed. */
export function pairedDifference(pairs: readonly (readonly [Decimal, Decimal])[]): Difference {
  const differences = pairs.map(([a, b]) => arithmetic("-", a, b));
  const mean = meanOf(differences);
  if (pairs.length < 3) return { kind: "observed", mean };
  const error = standardDeviation(differences) / Math.sqrt(pairs.length);
  if (error === 0) return { kind: "observed", mean };
  return tested("paired", mean, error, pairs.length - 1);
}

function tested(
  kind: "welch" | "paired",
  mean: Decimal,
  error: number,
  degrees: number,
): Difference {
  const centre = toNumber(mean);
  const half = tQuantile(0.975, degrees) * error;
  const p = 2 * tTail(Math.abs(centre) / error, degrees);
  return { kind, mean, low: centre - half, high: centre + half, degrees, p };
}

/**
 * p-values corrected by Holm's step-down method, in the order of `values`, each at most 1: Holm
 * (1979), A simple sequentially rejective multiple test procedure, Scand. J. Statist. 6.
 */
export function holm(values: readonly number[]): readonly number[] {
  const order = values.map((p, index) => ({ p, index })).toSorted((a, b) => a.p - b.p);
  const adjusted: number[] = Array.from({ length: values.length }, () => 0);
  let highest = 0;
  order.forEach(({ p, index }, rank) => {
    highest = Math.max(highest, Math.min(1, p * (values.length - rank)));
    adjusted[index] = highest;
  });
  return adjusted;
}
