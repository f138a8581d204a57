// The bias-corrected and accelerated (BCa) bootstrap interval of a mean. Resamples come from a
// fixed seed, so the interval is reproducible. From how many values on it is used is statistics.ts.
import { quantile } from "../base/robust-statistics.ts";
import { normalProbability, normalQuantile } from "../base/normal.ts";

/** Enough that other resamples move the interval's ends by less than 1 % of its width. */
export const BOOTSTRAP_RESAMPLES = 9_999;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Means of `BOOTSTRAP_RESAMPLES` resamples; the same values always give the same means. */
export function resampledMeans(values: readonly number[]): Float64Array {
  const random = generator(0x6e69676c);
  return Float64Array.from({ length: BOOTSTRAP_RESAMPLES }, () => {
    let sum = 0;
    for (let i = 0; i < values.length; i += 1) {
      sum += values[Math.floor(random() * values.length)] ?? 0;
    }
    return sum / values.length;
  });
}

/**
 * Two-sided 95 % BCa interval of the mean of at least two values that are not all equal:
 * Efron and Tibshirani, An Introduction to the Bootstrap (1993), 14.3.
 */
export function bcaInterval(given: readonly number[]): Interval {
  // In shares of a power of two near the largest, so that no cube leaves the range of doubles.
  const unit = 2 ** Math.floor(Math.log2(Math.max(...given.map(Math.abs))));
  const values = given.map((value) => value / unit);
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const means = resampledMeans(values).toSorted();
  let below = 0;
  // The same values summed in another order have the same mean, except for rounding.
  const same = 1e-12 * values.reduce((size, one) => Math.max(size, Math.abs(one)), 0);
  for (const one of means) below += Math.abs(one - mean) <= same ? 0.5 : one < mean ? 1 : 0;
  const bias = normalQuantile(below / means.length);
  const acceleration = accelerationOf(values, mean);
  const at = (probability: number): number => {
    const z = bias + normalQuantile(probability);
    return quantile(means, normalProbability(bias + z / (1 - acceleration * z))) * unit;
  };
  return { low: at(0.025), high: at(0.975) };
}

/** The acceleration from the jackknife: a sixth of the skewness of the values' influence. */
function accelerationOf(values: readonly number[], mean: number): number {
  const n = values.length;
  // Leaving out a value moves the mean by (mean − value) / (n − 1), proportional to `influence`.
  let cubes = 0;
  let squares = 0;
  for (const value of values) {
    const influence = value - mean;
    cubes += influence ** 3;
    squares += influence ** 2;
  }
  return squares === 0 ? 0 : cubes / n ** 3 / (squares / n ** 2) ** 1.5 / 6;
}

/** Random numbers in [0, 1) by xorshift with 32 bits of state: Marsaglia (2003). */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
