// The report's statistics beside scipy's and statsmodels', run by uv on generated samples, and the
// coverage of its intervals. NIGHTLAB_SAMPLES says how many samples (1,000).
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { bcaInterval, resampledMeans } from "../../src/judge/bootstrap.ts";
import {
  holm,
  pairedDifference,
  welchDifference,
  type Difference,
} from "../../src/judge/compare-means.ts";
import { parseDecimal, toNumber, type Decimal } from "../../src/base/decimal.ts";
import { oneSidedBound, summarize } from "../../src/judge/statistics.ts";
import { realUv } from "../contract/run-harness.ts";

const SAMPLES = Number(process.env["NIGHTLAB_SAMPLES"] ?? 1_000);

/** A generator of its own, so that a failure is the same on every machine. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

interface Case {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly p: readonly number[];
  readonly means: readonly number[];
}

/** Samples of 3 to 15 values of sizes from 1e-3 to 1e3, skewed in every third. */
function cases(count: number): readonly Case[] {
  const next = random(20_250_202);
  return Array.from({ length: count }, (_, i) => {
    const scale = 10 ** (next() * 6 - 3);
    const centre = (next() - 0.5) * 10 * scale;
    const value = (): number => {
      const z = normal(next);
      return Number((centre + scale * (i % 3 === 0 ? Math.exp(z) : z)).toPrecision(8));
    };
    const a = Array.from({ length: 3 + Math.floor(next() * 13) }, value);
    const b = Array.from({ length: 3 + Math.floor(next() * 13) }, value);
    const p = Array.from({ length: 1 + Math.floor(next() * 8) }, () => next() ** 3);
    // Resamples are much to hand over: every fifth sample's are.
    return { a, b, p, means: a.length < 10 || i % 5 > 0 ? [] : [...resampledMeans(a)] };
  });
}

const decimals = (values: readonly number[]): readonly Decimal[] =>
  values.flatMap((value) => parseDecimal(String(value)) ?? []);

function close(ours: number, theirs: unknown, what: string): void {
  assert.ok(typeof theirs === "number", what);
  const size = Math.max(Math.abs(ours), Math.abs(theirs), 1e-12);
  assert.ok(Math.abs(ours - theirs) <= 1e-9 * size, `${what}: ${ours}, and ${theirs} by scipy`);
}

type Answer = Readonly<Record<string, unknown>>;
const part = (value: unknown): Answer => value as Answer;

function closeDifference(ours: Difference, theirs: Answer, spread: number, what: string): void {
  assert.ok(ours.kind !== "observed");
  // An end near zero is a small difference of large numbers: compared by the interval's size.
  const near = (a: number, b: unknown): void => close(a + spread, Number(b) + spread, what);
  near(ours.low, theirs["low"]);
  near(ours.high, theirs["high"]);
  close(ours.p, theirs["p"], `${what} p`);
}

test(`${SAMPLES} samples have the statistics that scipy and statsmodels give, to 1e-9`, (t) => {
  const given = cases(SAMPLES);
  const script = join(import.meta.dirname, "statistics.py");
  const ran = spawnSync(realUv(), ["run", "--quiet", "--no-project", script], {
    input: JSON.stringify(given),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (
    ran.status !== 0 &&
    /error sending request|dns error|Failed to fetch|network was disabled/i.test(ran.stderr)
  ) {
    t.skip("the package registry cannot be reached, so there is no scipy to compare with");
    return;
  }
  assert.equal(ran.status, 0, ran.stderr);
  const answers = JSON.parse(ran.stdout) as readonly Answer[];
  assert.equal(answers.length, given.length);
  given.forEach((one, i) => check(one, answers[i] ?? {}, `sample ${i}`));
});

function check(one: Case, said: Answer, what: string): void {
  const a = decimals(one.a);
  const b = decimals(one.b);
  const summary = summarize(a);
  assert.ok(summary.kind === "several");
  const spread = summary.high - summary.low;
  const near = (ours: number, key: string): void =>
    close(ours + spread, Number(said[key]) + spread, `${what} ${key}`);
  near(toNumber(summary.mean), "mean");
  close(summary.deviation, said["deviation"], `${what} deviation`);
  near(summary.low, "low");
  near(summary.high, "high");
  near(oneSidedBound(a, "below"), "below");
  near(oneSidedBound(a, "above"), "above");
  const welch = welchDifference(a, b);
  closeDifference(welch, part(said["welch"]), spread, `${what} Welch`);
  assert.ok(welch.kind === "welch");
  close(welch.degrees, part(said["welch"])["degrees"], `${what} degrees`);
  const pairs = a.slice(0, b.length).map((value, i) => [value, b[i] ?? value] as const);
  closeDifference(pairedDifference(pairs), part(said["paired"]), spread, `${what} paired`);
  holm(one.p).forEach((p, i) => close(p, (said["holm"] as number[])[i], `${what} Holm`));
  assert.equal(summary.bootstrap !== undefined, one.a.length >= 10);
  if (summary.bootstrap === undefined || summary.median === undefined) return;
  if (one.means.length === 0) return;
  near(summary.median, "median");
  const ends = part(said["bootstrap"]);
  close(summary.bootstrap.low + spread, Number(ends["low"]) + spread, `${what} BCa low`);
  close(summary.bootstrap.high + spread, Number(ends["high"]) + spread, `${what} BCa high`);
}

test("the intervals hold the true mean as often as they say", () => {
  const next = random(7);
  const rounds = 4_000;
  const held = { three: 0, nine: 0, welch: 0, paired: 0 };
  const draw = (n: number, scale = 1): readonly Decimal[] =>
    decimals(Array.from({ length: n }, () => Number((scale * normal(next)).toFixed(9))));
  for (let i = 0; i < rounds; i += 1) {
    const three = summarize(draw(3));
    if (three.kind === "several" && three.low <= 0 && three.high >= 0) held.three += 1;
    const nine = summarize(draw(9));
    if (nine.kind === "several" && nine.low <= 0 && nine.high >= 0) held.nine += 1;
    const welch = welchDifference(draw(4), draw(6, 3));
    if (welch.kind === "welch" && welch.low <= 0 && welch.high >= 0) held.welch += 1;
    const pairs = draw(5).map((value) => [value, draw(1)[0] ?? value] as const);
    const paired = pairedDifference(pairs);
    if (paired.kind === "paired" && paired.low <= 0 && paired.high >= 0) held.paired += 1;
  }
  // Three standard errors of a share of .95 in 4,000 draws are .0103; Welch's is an approximation.
  for (const [name, count] of Object.entries(held)) {
    const share = count / rounds;
    const within = name === "welch" ? 0.02 : 0.011;
    assert.ok(Math.abs(share - 0.95) <= within, `${name}: ${share}`);
  }
});

test("the BCa interval holds the mean of skewed values more often than not promised", () => {
  const next = random(11);
  const rounds = 200;
  let held = 0;
  for (let i = 0; i < rounds; i += 1) {
    const { low, high } = bcaInterval(Array.from({ length: 12 }, () => -Math.log(1 - next())));
    if (low <= 1 && high >= 1) held += 1;
  }
  // With twelve values of an exponential it is known to hold some .88 to .92.
  assert.ok(held / rounds >= 0.82 && held / rounds <= 0.98, String(held / rounds));
});
