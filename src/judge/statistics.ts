// What may be said of a quantity from the runs that measured it, by how many runs there are.
// The words are chosen by the page; nothing here knows what a run is.
import { compareDecimals, meanOf, toNumber, type Decimal } from "../base/decimal.ts";
import { quantile } from "../base/robust-statistics.ts";
import { bcaInterval, type Interval } from "./bootstrap.ts";
import { tQuantile } from "../base/student-t.ts";

export type Summary =
  /** One run: variation between runs is unknown, so there is no "±" and no "better". */
  | { readonly kind: "one" }
  /** Two runs: both values, nothing estimated. */
  | { readonly kind: "two" }
  | {
      readonly kind: "several";
      readonly n: number;
      /** Exact. */
      readonly mean: Decimal;
      /** Sample standard deviation, n − 1 in the denominator. */
      readonly deviation: number;
      /** Two-sided 95 % interval of the mean: mean ± t(0.975, n−1) · s / √n. */
      readonly low: number;
      readonly high: number;
      /** From ten values on: the median, and the BCa bootstrap interval of the mean. */
      readonly median?: number;
      readonly bootstrap?: Interval;
    };

/** From this many values on a bootstrap interval holds what it promises. */
const BOOTSTRAP_FROM = 10;

/** Summary of at least one finite value. */
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
    median: quantile(
      numbers.toSorted((a, b) => a - b),
      0.5,
    ),
    bootstrap,
  };
}

/** Sample standard deviation (n − 1) of at least two finite values, in two passes. */
export function standardDeviation(values: readonly Decimal[]): number {
  const [first] = values;
  if (first !== undefined && values.every((one) => compareDecimals(one, first) === 0)) return 0;
  const numbers = values.map(toNumber);
  const mean = toNumber(meanOf(values));
  const squares = numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (numbers.length - 1));
}

/**
 * One-sided 95 % bound of the mean on the side away from `direction`: the largest mean still
 * likely when small is wanted ("below"), the smallest when large is wanted ("above").
 * mean ± t(0.95, n−1) · s / √n, for n ≥ 3 finite values.
 */
export function oneSidedBound(values: readonly Decimal[], direction: "below" | "above"): number {
  const n = values.length;
  const half = (tQuantile(0.95, n - 1) * standardDeviation(values)) / Math.sqrt(n);
  const mean = toNumber(meanOf(values));
  return direction === "below" ? mean + half : mean - half;
}
