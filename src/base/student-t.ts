// Student's t distribution for real degrees of freedom: probabilities and quantiles. The tests that
// use it are in judge/.

/** P(T ≤ t) for `degrees` > 0. */
export function tProbability(t: number, degrees: number): number {
  const tail = tTail(Math.abs(t), degrees);
  return t < 0 ? tail : 1 - tail;
}

/**
 * P(T > t) for t ≥ 0 and `degrees` > 0, accurate in the far tail too:
 * half the incomplete beta function I_x(degrees/2, 1/2) at x = degrees / (degrees + t²).
 */
export function tTail(t: number, degrees: number): number {
  if (!Number.isFinite(t)) return Number.isNaN(t) ? Number.NaN : 0;
  const square = t * t;
  const x = degrees / (degrees + square);
  const y = square / (degrees + square);
  return incompleteBeta(x, y, degrees / 2, 0.5) / 2;
}

/**
 * The t with P(T ≤ t) = `probability`, for 0.5 ≤ probability < 1 and `degrees` > 0, to a relative
 * error of about 1e-13, by bisection on the tail, which decreases strictly.
 */
export function tQuantile(probability: number, degrees: number): number {
  const tail = 1 - probability;
  let high = 1;
  while (tTail(high, degrees) > tail) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-15 * high; i += 1) {
    const middle = (low + high) / 2;
    if (tTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The regularized incomplete beta function I_x(a, b). The caller gives y = 1 − x as well, so that
 * no digits are lost near 1. By its continued fraction with the modified Lentz method: W. H. Press
 * et al., Numerical Recipes, 3rd ed., 2007, section 6.4.
 */
function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(y, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let found = d;
  for (let m = 1; m <= 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    found *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    found *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return found;
}

/** ln Γ(x) for x > 0, by Stirling's series after raising the argument to 15, accurate to 1e-15. */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 15) {
    shift += Math.log(at);
    at += 1;
  }
  const inverse = 1 / (at * at);
  const series =
    (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) /
    at;
  return (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
