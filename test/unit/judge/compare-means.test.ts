import assert from "node:assert/strict";
import { test } from "node:test";
import { bcaInterval } from "../../../src/judge/bootstrap.ts";
import { holm, pairedDifference, welchDifference } from "../../../src/judge/compare-means.ts";
import { decimalText, parseDecimal, type Decimal } from "../../../src/base/decimal.ts";
import { normalProbability, normalQuantile } from "../../../src/base/normal.ts";

const decimals = (...tokens: readonly string[]): readonly Decimal[] =>
  tokens.flatMap((token) => parseDecimal(token) ?? []);
const pairs = (a: readonly Decimal[], b: readonly Decimal[]): (readonly [Decimal, Decimal])[] =>
  a.flatMap((value, i) => {
    const other = b[i];
    return other === undefined ? [] : [[value, other] as const];
  });

const near = (a: readonly number[], b: readonly number[]): void =>
  a.forEach((value, i) => assert.ok(Math.abs(value - (b[i] ?? Number.NaN)) < 1e-12));

test("below three values on a side a difference is observed, not tested", () => {
  for (const [a, b] of [
    [decimals("0.3"), decimals("0.4")],
    [decimals("0.3", "0.31"), decimals("0.4", "0.41", "0.42")],
    [decimals("0.3", "0.31", "0.32"), decimals("0.4", "0.41")],
  ] as const) {
    assert.equal(welchDifference(a, b).kind, "observed");
  }
  const observed = pairedDifference(pairs(decimals("0.3", "0.4"), decimals("0.1", "0.1")));
  assert.equal(observed.kind, "observed");
  assert.equal(decimalText(observed.mean), "0.25");
});

test("pairs see a difference that the spread between seeds hides from Welch", () => {
  const a = decimals("0.30", "0.50", "0.70", "0.90");
  const b = decimals("0.31", "0.515", "0.71", "0.912");
  const [paired, welch] = [pairedDifference(pairs(a, b)), welchDifference(a, b)];
  assert.ok(paired.kind === "paired" && paired.high < 0 && paired.p < 0.01);
  assert.ok(welch.kind === "welch" && welch.low < 0 && welch.high > 0 && welch.p > 0.9);
});

test("groups without any spread are observed, not tested: copies of one run are no sample", () => {
  const [one, two] = [decimals("1", "1", "1"), decimals("2", "2", "2")];
  assert.deepEqual(welchDifference(one, two), { kind: "observed", mean: parseDecimal("-1") });
  assert.equal(pairedDifference(pairs(one, two)).kind, "observed");
  // Rounded values that all differ by the same last digit.
  const coarse = pairedDifference(
    pairs(decimals("0.91", "0.9", "0.93"), decimals("0.9", "0.89", "0.92")),
  );
  assert.equal(coarse.kind, "observed");
  assert.equal(welchDifference(one, decimals("2", "2", "2.1")).kind, "welch");
});

test("Holm's correction keeps the order, and never falls or passes 1", () => {
  near(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
  near(holm([0.6, 0.7]), [1, 1]);
  assert.deepEqual(holm([]), []);
});

test("the normal distribution and its quantiles are those of the tables", () => {
  assert.ok(Math.abs(normalQuantile(0.975) - 1.959963984540054) < 1e-12);
  assert.ok(Math.abs(normalProbability(-3) - 0.0013498980316300946) < 1e-15);
  assert.ok(Math.abs(normalProbability(8.2) - 1) < 1e-15);
});

test("the bootstrap gives the same interval every time, around the mean", () => {
  const values = [0.31, 0.33, 0.3, 0.35, 0.32, 0.29, 0.34, 0.31, 0.33, 0.36];
  const { low, high } = bcaInterval(values);
  assert.deepEqual(bcaInterval(values), { low, high });
  assert.ok(low > 0.29 && low < 0.324 && high > 0.324 && high < 0.36);
});
