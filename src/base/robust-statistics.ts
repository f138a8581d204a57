// Medians and spreads that a few wild values do not move.
// Which series they are taken of, and what follows, is each rule's.

type Numbers = ArrayLike<number> & Iterable<number>;

/** Linear between the two nearest of sorted values, as numpy and R (type 7) do. */
export function quantile(sorted: ArrayLike<number>, probability: number): number {
  const at = Math.min(1, Math.max(0, probability)) * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** Median of the finite values: the mean of the middle two of an even number. */
export function median(values: Numbers): number {
  return sortedMedian(Float64Array.from(finite(values)).toSorted());
}

/** Median of values that are sorted. */
export function sortedMedian(sorted: ArrayLike<number>): number {
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? NaN)) / 2;
}

/** For normal values the median distance from the median, times this, is their deviation. */
const NORMAL = 1.4826;

/** Standard deviation as the scaled median distance from the median. */
export function spread(values: Numbers): number {
  const middle = median(values);
  return NORMAL * median(Float64Array.from(values, (value) => Math.abs(value - middle)));
}

/** Deviation of the noise around a trend: from the differences of neighbours. */
export function noise(values: Numbers): number {
  const all = finite(values);
  const steps = all.slice(1).map((value, i) => value - (all[i] ?? value));
  return steps.length === 0 ? 0 : spread(steps) / Math.SQRT2;
}

/** The finite ones. */
export function finite(values: Iterable<number>): number[] {
  const found: number[] = [];
  for (const value of values) if (Number.isFinite(value)) found.push(value);
  return found;
}

/** Medians of windows of `size` that overlap by half, in order; a last partial one left out. */
export function windowMedians(values: Float64Array, size: number): readonly number[] {
  const medians: number[] = [];
  const stride = Math.max(1, size >> 1);
  for (let at = 0; at + size <= values.length; at += stride) {
    medians.push(median(values.subarray(at, at + size)));
  }
  return medians;
}
