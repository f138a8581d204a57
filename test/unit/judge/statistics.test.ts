import assert from "node:assert/strict";
import { test } from "node:test";
import { compareDecimals, parseDecimal, type Decimal } from "../../../src/base/decimal.ts";
import { oneSidedBound, standardDeviation, summarize } from "../../../src/judge/statistics.ts";
import { tProbability, tQuantile } from "../../../src/base/student-t.ts";

const near = (value: number, wanted: number, within: number): void => {
  assert.ok(Math.abs(value - wanted) <= within, `${value} is not within ${within} of ${wanted}`);
};
const decimals = (...tokens: readonly string[]): readonly Decimal[] =>
  tokens.flatMap((token) => parseDecimal(token) ?? []);

test("t quantiles are those of the tables", () => {
  const table: readonly (readonly [number, number, number])[] = [
    [0.975, 1, 12.706204736174698],
    [0.975, 2, 4.302652729749464],
    [0.975, 3, 3.182446305283708],
    [0.975, 4, 2.776445105197793],
    [0.975, 5, 2.570581835636314],
    [0.975, 9, 2.262157162798205],
    [0.975, 30, 2.042272456301236],
    [0.95, 1, 6.313751514675037],
    [0.95, 2, 2.919985580353725],
    [0.95, 3, 2.353363434801823],
    [0.95, 9, 1.833112932656236],
    [0.95, 30, 1.69726088659396],
  ];
  for (const [p, degrees, t] of table) near(tQuantile(p, degrees), t, 1e-9);
});

test("t quantiles agree with the closed forms for one and two degrees of freedom", () => {
  for (const p of [0.6, 0.75, 0.9, 0.975, 0.999]) {
    near(tQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)), 1e-9);
    near(tQuantile(p, 2), (2 * p - 1) / Math.sqrt(2 * p * (1 - p)), 1e-9);
  }
});

test("many degrees of freedom come near the normal distribution", () => {
  near(tQuantile(0.975, 1_000_000), 1.959966, 1e-5);
  near(tProbability(0, 7), 0.5, 1e-15);
});

test("one value and two values are not estimated from", () => {
  assert.deepEqual(summarize(decimals("0.3")), { kind: "one" });
  assert.deepEqual(summarize(decimals("0.3", "0.4")), { kind: "two" });
});

test("three values give an exact mean, SD with n - 1 and the t interval", () => {
  const values = decimals("0.1", "0.2", "0.6");
  const summary = summarize(values);
  assert.ok(summary.kind === "several");
  assert.equal(compareDecimals(summary.mean, decimals("0.3")[0] ?? { kind: "nan" }), 0);
  near(summary.deviation, Math.sqrt(0.14 / 2), 1e-12);
  const half = (4.302652729749464 * summary.deviation) / Math.sqrt(3);
  near(summary.low, 0.3 - half, 1e-9);
  near(summary.high, 0.3 + half, 1e-9);
  near(oneSidedBound(values, "below"), 0.3 + (half * 2.919985580353725) / 4.302652729749464, 1e-9);
  near(oneSidedBound(values, "above"), 0.3 - (half * 2.919985580353725) / 4.302652729749464, 1e-9);
});

test("equal values have no spread", () => {
  assert.equal(standardDeviation(decimals("0.1", "0.10", "1e-1")), 0);
});
