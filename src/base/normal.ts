// The standard normal distribution: probabilities and quantiles, for judge/bootstrap.ts. Tests on
// means use student-t.ts.

/**
 * P(Z ≤ x), to about 1e-15, by the series of G. Marsaglia: Evaluating the normal distribution.
 * Journal of Statistical Software 11(4), 2004.
 */
export function normalProbability(x: number): number {
  if (x < -38) return 0;
  if (x > 38) return 1;
  if (Math.abs(x) > 7) return x > 0 ? 1 - tail(x) : tail(-x);
  let term = x;
  let sum = x;
  for (let i = 3; Math.abs(term) > 1e-18 * Math.abs(sum) && i < 1_000; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + sum * density(x);
}

/** The x with P(Z ≤ x) = `probability`, by bisection; infinite for probabilities 0 and 1. */
export function normalQuantile(probability: number): number {
  if (probability <= 0) return Number.NEGATIVE_INFINITY;
  if (probability >= 1) return Number.POSITIVE_INFINITY;
  let low = -38;
  let high = 38;
  for (let i = 0; i < 200 && high - low > 1e-15; i += 1) {
    const middle = (low + high) / 2;
    if (normalProbability(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function density(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** P(Z > x) for x > 7, by Laplace's continued fraction. */
function tail(x: number): number {
  let fraction = x;
  for (let i = 60; i > 0; i -= 1) fraction = x + i / fraction;
  return density(x) / fraction;
}
