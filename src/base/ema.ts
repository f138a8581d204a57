// The exponential moving average that plots show over a noisy series, and its strength. lttb.ts
// picks the points that are drawn.

/**
 * Exponential moving average with bias correction, as in Adam (Kingma and Ba, ICLR 2015, section
 * 3): m_t = f m_(t-1) + (1 - f) x_t, divided by 1 - f^t. The first average is the first value
 * itself. Values that are not finite are skipped and stay NaN in the result. Where the step falls
 * (a new attempt in the same log), the average starts again.
 *
 * @param factor weight of the past, in [0, 1)
 */
export function ema(steps: Float64Array, values: Float64Array, factor: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  let mean = 0;
  let weight = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i += 1) {
    const step = steps[i] ?? 0;
    const value = values[i] ?? Number.NaN;
    if (step < previous) {
      mean = 0;
      weight = 0;
    }
    previous = step;
    if (!Number.isFinite(value)) continue;
    // Updated as a weighted mean, so that values near the largest double do not overflow.
    weight = factor * weight + (1 - factor);
    const share = (1 - factor) / weight;
    mean = mean * (1 - share) + value * share;
    out[i] = mean;
  }
  return out;
}

/**
 * Smoothing factor for a series of `count` values. The average lags by factor / (1 - factor)
 * values, with these factors about a hundredth of the series: too little to see. They are round
 * numbers, because captions show them.
 */
export function emaFactor(count: number): number {
  if (count < 200) return 0.6;
  if (count < 1_000) return 0.8;
  if (count < 5_000) return 0.9;
  if (count < 20_000) return 0.97;
  if (count < 100_000) return 0.99;
  if (count < 1_000_000) return 0.998;
  return 0.9998;
}
