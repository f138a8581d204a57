// The exponential moving average that is laid over a noisy series, and how strong it is.
// Which points of it are drawn is left to lttb.ts.

/**
 * Exponential moving average with the bias of its start taken out, as in Adam (Kingma and Ba,
 * ICLR 2015, section 3): m_t = f m_(t-1) + (1 - f) x_t, divided by 1 - f^t. The first value is
 * the series' own. Values that are not finite are left out and stay NaN in the result; where
 * the step falls, the average begins anew.
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
    // Kept as mean and weight, so that values near the largest double do not overflow.
    weight = factor * weight + (1 - factor);
    const share = (1 - factor) / weight;
    mean = mean * (1 - share) + value * share;
    out[i] = mean;
  }
  return out;
}

/**
 * Factor for a series of `count` values. The average lags by factor / (1 - factor) values: about
 * a hundredth of the series, too little to be seen. Round figures, as the caption names them.
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
