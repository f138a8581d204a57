import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { curveOf, curvesOf, CURVE_COLUMNS, CURVES_PER_RUN } from "../../../src/judge/curves.ts";
import { curveRun } from "./made-runs.ts";
import { madeSeries, noise } from "./made-series.ts";

const line = (second: number, step: number): string =>
  `2025-02-02 14:30:${String(second).padStart(2, "0")} | INFO | metric {"step": ${step}, "loss": 0.5}\n`;

test("a short curve is kept as it was logged, with the time of each value", () => {
  const [curve] = curveRun("a", [3, 2, 1], { everyS: 10 }).curves ?? [];
  assert.deepEqual([...(curve?.steps ?? [])], [0, 1, 2]);
  assert.deepEqual([...(curve?.values ?? [])], [3, 2, 1]);
  assert.deepEqual([...(curve?.seconds ?? [])], [0, 10, 20]);
  assert.equal(curve?.factor, undefined);
});

test("a noisy one is smoothed and bounded, however long it is", () => {
  const random = noise(3);
  const values = Float64Array.from({ length: 50_000 }, (_, i) => 1 / (1 + i / 500) + random());
  const curve = curveOf(madeSeries("loss", values), []);
  assert.ok(curve.values.length <= 4 * CURVE_COLUMNS, String(curve.values.length));
  assert.equal(curve.factor, 0.99);
  assert.equal(curve.count, 50_000);
  // The average over the last values, whose noise is 0.5 on the whole.
  assert.ok(Math.abs((curve.values.at(-1) ?? 0) - 0.51) < 0.1, String(curve.values.at(-1)));
});

test("a value that is not finite parts the line", () => {
  const curve = curveOf(madeSeries("loss", [3, Number.NaN, 1]), []);
  assert.deepEqual([...curve.values], [3, Number.NaN, 1]);
});

test("without stamps there is no time; with two logs each value has that of its own", () => {
  assert.equal(curveRun("a", [3, 2, 1], { everyS: 0 }).curves?.[0]?.seconds, undefined);
  const reader = createRunReader();
  reader.feed("logs/train.log", Buffer.from([line(0, 0), line(10, 1)].join("")));
  reader.feed("logs/resumed.log", Buffer.from([line(40, 2), line(50, 3)].join("")));
  reader.finish();
  const [curve] = curvesOf(reader.reading(), []);
  assert.deepEqual([...(curve?.seconds ?? [])], [0, 10, 40, 50]);
});

test("the metrics that are asked for come first, and there are only so many", () => {
  const series = Array.from({ length: 20 }, (_, i) => madeSeries(`m${i}`, [1, 2]));
  const reading = { ...curveRun("a", []).reading, series };
  const keys = curvesOf(reading, ["m17"]).map(({ key }) => key);
  assert.deepEqual(keys.slice(0, 3), ["m17", "m0", "m1"]);
  assert.equal(keys.length, CURVES_PER_RUN);
});
