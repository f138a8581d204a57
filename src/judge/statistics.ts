// Summary of a quantity from its measurements: how much is estimated depends on how many there are.
// Knows nothing of runs; the words for it are report/page/.
import { compareDecimals, meanOf, toNumber, type Decimal } from "../base/decimal.ts";
import { quantile } from "../base/robust-statistics.ts";
import { bcaInterval, type Interval } from "./bootstrap.ts";
import { tQuantile } from "../base/student-t.ts";

export type Summary =
  /** One value: the variation is unknown, so there is no "±" and no "better". */
  | { readonly kind: "one" }
  /** Two values: both are shown, nothing is estimated. */
  | { readonly kind: "two" }
  | {
      readonly kind: "several";
      readonly n: number;
      /** Exact mean. */
      readonly mean: Decimal;
      /** Sample standard deviation, n − 1 in the denominator. */
      readonly deviation: number;
      /** Two-sided 95 % interval of the mean: mean ± t(0.975, n−1) · s / √n. */
      readonly low: number;
      readonly high: number;
      /** The median, from ten values on. */
      readonly median?: number;
      /** The 95 % BCa bootstrap interval of the mean, from ten values on. */
      readonly bootstrap?: Interval;
    };

/** With fewer values a bootstrap interval covers the mean less often than it promises. */
const BOOTSTRAP_FROM = 10;

/** The summary of at least one finite value. */
export function summarize(values: readonly Decimal[]): Summary {
  const n = values.length;
  if (n < 3) return { kind: n === 2 ? "two" : "one" };
  const mean = meanOf(values);
  const deviation = standardDeviation(values);
  const half = (tQuantile(0.975, n - 1) * deviation) / Math.sqrt(n);
  const centre = toNumber(mean);
  const few = {
    kind: "several",
    n,
    mean,
    deviation,
    low: centre - half,
    high: centre + half,
  } as const;
  if (n < BOOTSTRAP_FROM) return few;
  const numbers = values.map(toNumber);
  const bootstrap = deviation === 0 ? { low: centre, high: centre } : bcaInterval(numbers);
  return {
    ...few,
    // Not the rules' median, which leaves out what is beyond the range of doubles.
    median: quantile(
      numbers.toSorted((a, b) => a - b),
      0.5,
    ),
    bootstrap,
  };
}

/** Sample standard deviation (n − 1) of at least two finite values, by the two-pass algorithm. */
export function standardDeviation(values: readonly Decimal[]): number {
  const [first] = values;
  if (first !== undefined && values.every((one) => compareDecimals(one, first) === 0)) return 0;
  const numbers = values.map(toNumber);
  const mean = toNumber(meanOf(values));
  // As shares of the widest distance, whose square may be beyond the range of doubles.
  const widest = Math.max(...numbers.map((value) => Math.abs(value - mean)));
  if (widest === 0) return 0;
  const squares = numbers.reduce((sum, value) => sum + ((value - mean) / widest) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1)) * widest;
}

/**
 * One-sided 95 % confidence bound of the mean: mean ± t(0.95, n−1) · s / √n, for n ≥ 3 finite
 * values. "below" gives the upper bound (is the mean surely below a limit?), "above" the lower
 * bound.
 */
export function oneSidedBound(values: readonly Decimal[], direction: "below" | "above"): number {
  const n = values.length;
  const half = (tQuantile(0.95, n - 1) * standardDeviation(values)) / Math.sqrt(n);
  const mean = toNumber(meanOf(values));
  return direction === "below" ? mean + half : mean - half;
}
