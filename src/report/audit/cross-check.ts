// The statistics of a page computed a second time by other methods than judge/ uses (an integral
// instead of a continued fraction, the jackknife instead of its closed form). The comparison with
// the page is verify-page.ts and verify-verdicts.ts.
import { resampledMeans } from "../../judge/bootstrap.ts";

/** Arithmetic mean of at least one value. */
export function meanAgain(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (n − 1), from the squares of all pairs' differences. */
export function deviationAgain(values: readonly number[]): number {
  let squares = 0;
  for (let i = 0; i < values.length; i += 1) {
    for (let j = i + 1; j < values.length; j += 1) {
      squares += ((values[i] ?? 0) - (values[j] ?? 0)) ** 2;
    }
  }
  return Math.sqrt(squares / (values.length * (values.length - 1)));
}

/** The median: the middle of the sorted values, or the mean of the two in the middle. */
export function medianAgain(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? ((sorted[half - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/** Quantiles by probability and degrees: the rows of a page ask for the same few. */
const QUANTILES = new Map<string, number>();

/**
 * Quantile of Student's t: the t with P(T ≤ t) = `probability` ≥ 0.5. With t = √ν tan θ the density
 * is cos^(ν−1) θ, which Simpson's rule integrates. Above 200 degrees of freedom: the Cornish-Fisher
 * expansion (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.5).
 */
export function tQuantileAgain(probability: number, degrees: number): number {
  const key = `${probability} ${degrees}`;
  let known = QUANTILES.get(key);
  if (known === undefined) {
    if (QUANTILES.size > 1_000) QUANTILES.clear();
    known = degrees > 200 ? expanded(probability, degrees) : integrated(probability, degrees);
    QUANTILES.set(key, known);
  }
  return known;
}

function integrated(probability: number, degrees: number): number {
  const whole = powerOfCosine(Math.PI / 2, degrees - 1);
  const angle = bisected(0, Math.PI / 2, (theta) => {
    return 0.5 + powerOfCosine(theta, degrees - 1) / (2 * whole) < probability;
  });
  return Math.sqrt(degrees) * Math.tan(angle);
}

/** ∫ cosⁿ θ dθ from 0 to `end`, by Simpson's rule. */
function powerOfCosine(end: number, power: number): number {
  const panels = 400;
  const width = end / panels;
  let sum = 0;
  for (let i = 0; i <= panels; i += 1) {
    const weight = i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2;
    sum += weight * Math.max(0, Math.cos(i * width)) ** power;
  }
  return (sum * width) / 3;
}

function expanded(probability: number, degrees: number): number {
  const z = normalQuantileAgain(probability);
  const first = (z ** 3 + z) / (4 * degrees);
  return z + first + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2);
}

/** P(Z ≤ z) of the standard normal by its series around 0, for |z| below 8. */
function normalAgain(z: number): number {
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-18 && k < 400; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

function normalQuantileAgain(probability: number): number {
  return bisected(-8, 8, (z) => normalAgain(z) < probability);
}

function bisected(from: number, to: number, isBelow: (at: number) => boolean): number {
  let [low, high] = [from, to];
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The 95 % BCa interval of the mean (Efron and Tibshirani 1993, 14.3) from the same resamples as in
 * bootstrap.ts, its acceleration from the jackknife.
 */
export function bcaAgain(values: readonly number[]): readonly [number, number] {
  const mean = meanAgain(values);
  if (deviationAgain(values) === 0) return [mean, mean];
  const means = Array.from(resampledMeans(values)).toSorted((a, b) => a - b);
  const same = 1e-12 * Math.max(...values.map(Math.abs));
  const below = means.filter((one) => one < mean - same).length;
  const equal = means.filter((one) => Math.abs(one - mean) <= same).length;
  const bias = normalQuantileAgain((below + equal / 2) / means.length);
  const without = values.map((_, left) => meanAgain(values.filter((__, i) => i !== left)));
  const centre = meanAgain(without);
  const cubes = without.reduce((sum, one) => sum + (centre - one) ** 3, 0);
  const squares = without.reduce((sum, one) => sum + (centre - one) ** 2, 0);
  const acceleration = cubes / (6 * squares ** 1.5);
  const end = (probability: number): number => {
    const z = bias + normalQuantileAgain(probability);
    const at = normalAgain(bias + z / (1 - acceleration * z)) * (means.length - 1);
    const [low, high] = [means[Math.floor(at)] ?? 0, means[Math.ceil(at)] ?? 0];
    return low + (high - low) * (at % 1);
  };
  return [end(0.025), end(0.975)];
}

/** Both ends of Welch's 95 % interval of the difference of two means, a − b. */
export function welchAgain(a: readonly number[], b: readonly number[]): readonly [number, number] {
  const [s, t] = [deviationAgain(a) ** 2 / a.length, deviationAgain(b) ** 2 / b.length];
  const difference = meanAgain(a) - meanAgain(b);
  if (s + t === 0) return [difference, difference];
  const degrees = (s + t) ** 2 / (s ** 2 / (a.length - 1) + t ** 2 / (b.length - 1));
  const half = tQuantileAgain(0.975, degrees) * Math.sqrt(s + t);
  return [difference - half, difference + half];
}

/** Both ends of the paired 95 % interval of a − b: values with the same index are a pair. */
export function pairedAgain(a: readonly number[], b: readonly number[]): readonly [number, number] {
  const differences = a.map((value, i) => value - (b[i] ?? Number.NaN));
  const mean = meanAgain(differences);
  const error = deviationAgain(differences) / Math.sqrt(differences.length);
  const half = error === 0 ? 0 : tQuantileAgain(0.975, differences.length - 1) * error;
  return [mean - half, mean + half];
}
