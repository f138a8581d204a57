// Robust statistics, which a few outliers do not move: medians, quantiles, spread, noise. For the
// rules (rules/), which decide what follows.

type Numbers = ArrayLike<number> & Iterable<number>;

/**
 * Quantile of sorted values by linear interpolation, as numpy and R do by default (type 7; R. J.
 * Hyndman, Y. Fan, The American Statistician 50(4), 1996, 361-365). NaN for no values.
 */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const at = Math.min(1, Math.max(0, probability)) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Median of the finite values: of an even number the mean of the middle two. NaN for none. */
export function median(values: Numbers): number {
  return sortedMedian(Float64Array.from(finite(values)).toSorted());
}

/** Median of sorted values. */
export function sortedMedian(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? NaN)) / 2;
}

/** Scales the median absolute deviation to the standard deviation of normal values. */
export const NORMAL = 1.4826;

/**
 * Robust standard deviation: the scaled median absolute deviation (F. R. Hampel, Journal of the
 * American Statistical Association 69, 1974, 383-393).
 */
export function spread(values: Numbers): number {
  const middle = median(values);
  return NORMAL * median(Float64Array.from(values, (value) => Math.abs(value - middle)));
}

/**
 * Standard deviation of the noise around a trend, from differences of neighbours; 0 for one value.
 */
export function noise(values: Numbers): number {
  const all = finite(values);
  const steps = all.slice(1).map((value, i) => value - (all[i] ?? value));
  return steps.length === 0 ? 0 : spread(steps) / Math.SQRT2;
}

/** The finite values, in order. */
export function finite(values: Iterable<number>): number[] {
  const found: number[] = [];
  for (const value of values) if (Number.isFinite(value)) found.push(value);
  return found;
}

/** Medians of windows of `size` values that overlap by half; a partial last window is left out. */
export function windowMedians(values: Float64Array, size: number): readonly number[] {
  const medians: number[] = [];
  const stride = Math.max(1, size >> 1);
  for (let at = 0; at + size <= values.length; at += stride) {
    medians.push(median(values.subarray(at, at + size)));
  }
  return medians;
}
