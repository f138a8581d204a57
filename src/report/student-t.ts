// Student's t distribution for whole degrees of freedom: its probabilities and its quantiles.
// What is tested with it is in statistics.ts and verdict.ts.

/**
 * P(T ≤ t) for `degrees` ≥ 1. Finite series in θ = atan(t / √degrees), exact for whole degrees:
 * Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.3 and 26.7.4.
 */
export function tProbability(t: number, degrees: number): number {
  const theta = Math.atan(t / Math.sqrt(degrees));
  const cosSquared = Math.cos(theta) ** 2;
  const odd = degrees % 2 === 1;
  let term = odd ? Math.cos(theta) : 1;
  let sum = odd && degrees === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= (cosSquared * (k - 1)) / k;
    sum += term;
  }
  const within = odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
  return 0.5 + within / 2;
}

/**
 * The t with P(T ≤ t) = `probability`, for 0.5 ≤ probability < 1 and whole `degrees` ≥ 1, to
 * about 1e-12 relative: bisection on `tProbability`, which rises strictly.
 */
export function tQuantile(probability: number, degrees: number): number {
  let high = 1;
  while (tProbability(high, degrees) < probability) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i += 1) {
    const middle = (low + high) / 2;
    if (tProbability(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
