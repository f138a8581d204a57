import assert from "node:assert/strict";
import { test } from "node:test";
import { ema, emaFactor } from "../../../src/base/ema.ts";
import { lttb } from "../../../src/base/lttb.ts";

const counted = (values: readonly number[]): readonly [Float64Array, Float64Array] => [
  Float64Array.from(values, (_, i) => i),
  Float64Array.from(values),
];

test("the average is the textbook one divided by 1 - f^t", () => {
  const values = [4, 2, 8, 1];
  const factor = 0.9;
  let mean = 0;
  const expected = values.map((value, i) => {
    mean = factor * mean + (1 - factor) * value;
    return mean / (1 - factor ** (i + 1));
  });
  const found = ema(...counted(values), factor);
  expected.forEach((value, i) => assert.ok(Math.abs((found[i] ?? 0) - value) < 1e-12));
});

test("a constant stays itself from the first value on, even the largest", () => {
  for (const value of [3e-4, 1e30, 1.7e308]) {
    const found = ema(...counted([value, value, value]), 0.97);
    found.forEach((mean) => assert.ok(Math.abs(mean / value - 1) < 1e-12));
  }
});

test("values that are not finite are left out and stay NaN", () => {
  const found = ema(...counted([1, Number.NaN, Infinity, 1]), 0.5);
  assert.deepEqual([...found], [1, Number.NaN, Number.NaN, 1]);
});

test("where the step falls the average begins anew", () => {
  const found = ema(Float64Array.from([5, 0]), Float64Array.from([100, 1]), 0.99);
  assert.equal(found[1], 1);
});

test("a longer series never has a weaker average", () => {
  const factors = [50, 500, 3_000, 15_000, 60_000, 300_000, 1e7].map(emaFactor);
  assert.deepEqual(
    factors,
    factors.toSorted((a, b) => a - b),
  );
});

test("thinning keeps both ends, the order and a lone peak", () => {
  const values = Array.from({ length: 1_000 }, (_, i) => (i === 417 ? 50 : Math.sin(i / 90)));
  const kept = lttb(...counted(values), 0, 1_000, 60);
  assert.equal(kept.length, 60);
  assert.equal(kept[0], 0);
  assert.equal(kept.at(-1), 999);
  assert.ok(kept.includes(417));
  assert.deepEqual(
    kept,
    [...new Set(kept)].toSorted((a, b) => a - b),
  );
});

test("a short range is kept whole, and only it", () => {
  assert.deepEqual(lttb(...counted([1, 2, 3, 4, 5]), 1, 4, 10), [1, 2, 3]);
});
