// The statistics of a page computed a second time by other methods than judge/ uses: an integral
// instead of a continued fraction, the jackknife instead of its closed form. They are compared with
// the page's in derived-values.ts.
import { resampledMeans } from "../../judge/bootstrap.ts";

type Interval = readonly [low: number, high: number];

/** Values as shares of the largest, so that no square leaves the range of doubles, and its size. */
function shares(values: readonly number[]): readonly [shares: readonly number[], size: number] {
  const size = Math.max(...values.map(Math.abs));
  return [size === 0 ? values : values.map((value) => value / size), size];
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

/** Sample standard deviation (n − 1), from the squares of all pairs' differences. */
export function deviationAgain(values: readonly number[]): number {
  const [of, size] = shares(values);
  let widest = 0;
  for (const one of of) widest = Math.max(widest, Math.abs(one - (of[0] ?? 0)));
  if (widest === 0) return 0 * size;
  let squares = 0;
  for (let i = 0; i < of.length; i += 1) {
    for (let j = i + 1; j < of.length; j += 1) {
      squares += (((of[i] ?? 0) - (of[j] ?? 0)) / widest) ** 2;
    }
  }
  return Math.sqrt(squares / (of.length * (of.length - 1))) * widest * size;
}

/** The median: the middle of the sorted values, or the mean of the two in the middle. */
export function medianAgain(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? Number.NaN;
  return Number.isInteger(half) ? (sorted[half - 1] ?? Number.NaN) / 2 + upper / 2 : upper;
}

/** The two-sided 95 % t-interval of the mean. */
export function meanIntervalAgain(values: readonly number[]): Interval {
  const error = deviationAgain(values) / Math.sqrt(values.length);
  return around(meanOf(values), tQuantileAgain(0.975, values.length - 1) * error);
}

/** The one-sided 95 % bound of the mean, above it for `below` a limit. */
export function boundAgain(values: readonly number[], side: "below" | "above"): number {
  const error = deviationAgain(values) / Math.sqrt(values.length);
  const half = tQuantileAgain(0.95, values.length - 1) * error;
  return meanOf(values) + (side === "below" ? half : -half);
}

const around = (centre: number, half: number): Interval => [centre - half, centre + half];

/** Quantiles by probability and degrees: the rows of a page ask for the same few. */
const QUANTILES = new Map<string, number>();

/** Quantile of Student's t: the t with P(T ≤ t) = `probability` ≥ 0.5, for `degrees` ≥ 2. */
export function tQuantileAgain(probability: number, degrees: number): number {
  const key = `${probability} ${degrees}`;
  let known = QUANTILES.get(key);
  if (known === undefined) {
    if (QUANTILES.size > 1_000) QUANTILES.clear();
    const tail = (1 - probability) * 2 * powerOfCosine(0, degrees - 1);
    const angle = bisected(0, Math.PI / 2, (theta) => powerOfCosine(theta, degrees - 1) > tail);
    known = Math.sqrt(degrees) * Math.tan(angle);
    QUANTILES.set(key, known);
  }
  return known;
}

/** P(T > t) for t ≥ 0. With t = √ν tan θ the density is cos^(ν−1) θ. */
function tTailAgain(t: number, degrees: number): number {
  const from = Math.atan(t / Math.sqrt(degrees));
  return powerOfCosine(from, degrees - 1) / (2 * powerOfCosine(0, degrees - 1));
}

/**
 * ∫ cosⁿ θ dθ from `from` to π/2, n ≥ 1, by Simpson's rule in u with θ = π/2 − u², which is smooth
 * at the end. It ends where the integrand has fallen by e⁻⁴⁰.
 */
function powerOfCosine(from: number, power: number): number {
  const reach = Math.min(40 / (power * Math.tan(from)), 9 / Math.sqrt(power));
  const low = Math.sqrt(Math.max(0, Math.PI / 2 - from - reach));
  const high = Math.sqrt(Math.PI / 2 - from);
  const panels = 400;
  const width = (high - low) / panels;
  let sum = 0;
  for (let i = 0; i <= panels; i += 1) {
    const weight = i === 0 || i === panels ? 1 : i % 2 === 1 ? 4 : 2;
    const u = low + i * width;
    sum += weight * Math.max(0, Math.sin(u * u)) ** power * 2 * u;
  }
  return (sum * width) / 3;
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
export function bcaAgain(values: readonly number[]): Interval {
  const [of, size] = shares(values);
  const mean = meanOf(of);
  if (deviationAgain(of) === 0) return [mean * size, mean * size];
  const means = Array.from(resampledMeans(of)).toSorted((a, b) => a - b);
  const same = 1e-12;
  const below = means.filter((one) => one < mean - same).length;
  const equal = means.filter((one) => Math.abs(one - mean) <= same).length;
  const bias = normalQuantileAgain((below + equal / 2) / means.length);
  const without = of.map((_, left) => meanOf(of.filter((__, i) => i !== left)));
  const centre = meanOf(without);
  const cubes = without.reduce((sum, one) => sum + (centre - one) ** 3, 0);
  const squares = without.reduce((sum, one) => sum + (centre - one) ** 2, 0);
  const acceleration = cubes / (6 * squares ** 1.5);
  const end = (probability: number): number => {
    const z = bias + normalQuantileAgain(probability);
    const at = normalAgain(bias + z / (1 - acceleration * z)) * (means.length - 1);
    const [low, high] = [means[Math.floor(at)] ?? 0, means[Math.ceil(at)] ?? 0];
    return (low + (high - low) * (at % 1)) * size;
  };
  return [end(0.025), end(0.975)];
}

/** A difference of two means a − b: its standard error and degrees of freedom. */
interface Tested {
  readonly difference: number;
  readonly error: number;
  readonly degrees: number;
}

/** As Welch tests it. */
function welchOf(a: readonly number[], b: readonly number[]): Tested {
  const [of, size] = shares([...a, ...b]);
  const [c, d] = [of.slice(0, a.length), of.slice(a.length)];
  const [s, t] = [deviationAgain(c) ** 2 / a.length, deviationAgain(d) ** 2 / b.length];
  const degrees = (s + t) ** 2 / (s ** 2 / (a.length - 1) + t ** 2 / (b.length - 1));
  return { difference: (meanOf(c) - meanOf(d)) * size, error: Math.sqrt(s + t) * size, degrees };
}

/** In pairs: values with the same index have the same seed. */
function pairedOf(a: readonly number[], b: readonly number[]): Tested {
  const differences = a.map((value, i) => value - (b[i] ?? Number.NaN));
  const error = deviationAgain(differences) / Math.sqrt(differences.length);
  return { difference: meanOf(differences), error, degrees: differences.length - 1 };
}

/** The 95 % interval of the difference of two means, a − b. */
export function differenceIntervalAgain(
  a: readonly number[],
  b: readonly number[],
  test: "welch" | "paired",
): Interval {
  const { difference, error, degrees } = test === "welch" ? welchOf(a, b) : pairedOf(a, b);
  return around(difference, tQuantileAgain(0.975, degrees) * error);
}

/**
 * The two-sided p of the difference of two means; with `lost`, what it is at least if sums of the
 * values are off by that share of the largest of them.
 */
export function pAgain(
  a: readonly number[],
  b: readonly number[],
  test: "welch" | "paired",
  lost = 0,
): number {
  const { difference, error, degrees } = test === "welch" ? welchOf(a, b) : pairedOf(a, b);
  const off = lost * Math.max(1e-310, ...a.map(Math.abs), ...b.map(Math.abs));
  return 2 * tTailAgain((Math.abs(difference) + off) / Math.max(0, error - off), degrees);
}

/** The p at an index, corrected by Holm's method for all of them. */
export function holmAgain(all: readonly number[], index: number): number {
  const own = all[index] ?? Number.NaN;
  const stepped = all
    .filter((one) => one <= own)
    .map((one) => one * (all.length - all.filter((other) => other < one).length));
  return Math.min(1, Math.max(...stepped));
}
