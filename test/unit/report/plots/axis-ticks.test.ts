import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../../properties.ts";
import { linearTicks, logTicks } from "../../../../src/report/plots/axis-ticks.ts";

const labels = (low: number, high: number, options = {}): string =>
  linearTicks(low, high, 5, options).labels.join(" ");

test("common sizes are written plainly, with no more digits than the ticks differ by", () => {
  assert.equal(labels(0, 1), "0.0 0.2 0.4 0.6 0.8 1.0");
  assert.equal(labels(-5500, -1200), "−5000 −4000 −3000 −2000");
  assert.equal(
    labels(1e6, 1e6 + 0.1),
    "1,000,000.00 1,000,000.02 1,000,000.04 1,000,000.06 1,000,000.08 1,000,000.10",
  );
});

test("very small and very large values share one power of ten", () => {
  assert.equal(labels(1e-9, 2e-9), "1.0×10⁻⁹ 1.2×10⁻⁹ 1.4×10⁻⁹ 1.6×10⁻⁹ 1.8×10⁻⁹ 2.0×10⁻⁹");
  assert.equal(labels(-1e30, 1e30), "−1.0×10³⁰ −0.5×10³⁰ 0 0.5×10³⁰ 1.0×10³⁰");
});

test("steps are whole numbers where the logged ones are, and short where large", () => {
  assert.equal(labels(0, 2, { whole: true }), "0 1 2");
  assert.equal(labels(0, 20_000, { short: true }), "0 5k 10k 15k 20k");
  assert.equal(labels(0, 2e6, { short: true }), "0 0.5M 1.0M 1.5M 2.0M");
});

const named = (low: number, high: number): string =>
  logTicks(low, high, 6)
    .labels.filter((label) => label !== "")
    .join(" ");

test("a log axis names 1, 2 and 5 over few decades, powers of ten over many", () => {
  assert.equal(named(0.02, 5), "0.02 0.05 0.1 0.2 0.5 1 2 5");
  assert.equal(named(1e-7, 1), "10⁻⁶ 10⁻⁴ 10⁻² 10⁰");
  assert.equal(named(2e-6, 3e-5), "2×10⁻⁶ 5×10⁻⁶ 10⁻⁵ 2×10⁻⁵");
});

test("for any range there are few ticks, inside it, ascending, and no two labels alike", () => {
  const bound = fc.double({ min: -1e300, max: 1e300, noNaN: true });
  fc.assert(
    fc.property(bound, bound, (a, b) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      fc.pre(high - low > 1e-300 && high - low > Math.max(Math.abs(low), Math.abs(high)) * 1e-9);
      const ticks = linearTicks(low, high, 5);
      const slack = (high - low) * 1e-6;
      assert.ok(ticks.values.length >= 2 && ticks.values.length <= 11, `${ticks.values.length}`);
      assert.ok(ticks.values.every((value) => value >= low - slack && value <= high + slack));
      assert.equal(new Set(ticks.labels).size, ticks.labels.length);
    }),
  );
});

test("for any range above 0 a log axis has two to ten named ticks, none alike", () => {
  fc.assert(
    fc.property(
      fc.double({ min: -300, max: 300, noNaN: true }),
      fc.double({ min: 1.05, max: 200, noNaN: true }),
      (from, decades) => {
        const [low, high] = [10 ** from, 10 ** Math.min(307, from + decades)];
        const { labels: all, values } = logTicks(low, high, 6);
        const shown = all.filter((label) => label !== "");
        assert.ok(shown.length >= 2 && shown.length <= 10, shown.join(" "));
        assert.equal(new Set(shown).size, shown.length);
        assert.ok(values.every((value) => value >= low && value <= high));
      },
    ),
  );
});
