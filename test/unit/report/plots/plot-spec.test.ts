import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../../../src/domain/finding.ts";
import type { Series } from "../../../../src/domain/sample.ts";
import { plotData } from "../../../../src/judge/plot-data.ts";
import { metricSpec } from "../../../../src/report/plots/plot-spec.ts";
import { plotCaption, plotTitle, shorten } from "../../../../src/report/plots/plot-text.ts";
import { madeSeries, noise } from "../../judge/made-series.ts";
import { cpuMs } from "../../../cpu-ms.ts";

const noisy = (count: number, seed = 1): Float64Array => {
  const next = noise(seed);
  return Float64Array.from({ length: count }, (_, i) => 2 + Math.exp(-i / count) + next() / 5);
};
const spec = (series: Series, findings: readonly Finding[] = []) =>
  metricSpec({ series, runTitle: "de-risk", findings, file: "logs/train.log" });
const caption = (series: Series): string =>
  plotCaption(series, plotData(series, []), "logs/train.log").join("\n");

test("a noisy series is drawn pale under its average, whose factor the caption names", () => {
  const series = madeSeries("train/loss", noisy(600));
  assert.equal(plotData(series, []).factor, 0.8);
  assert.match(
    caption(series),
    /600 values as logged \(thin\), bias-corrected EMA with factor 0\.8/,
  );
  assert.match(JSON.stringify(spec(series)), /"opacity":0\.35/);
});

test("of a series too long to be kept whole, the caption says what was kept", () => {
  const series = { ...madeSeries("loss", noisy(600)), reducedBy: 16 };
  const summary = { ...series.summary, count: 1_200_000 };
  const text = caption({ ...series, summary });
  assert.match(text, /^of each 16 of 1,200,000 values first, last and extremes \(thin\), bias/);
});

test("few values are points with a line, and a smooth series gets no average that only lags", () => {
  const few = plotData(madeSeries("acc", [0.1, 0.5, 0.7]), []);
  assert.deepEqual([few.smooth.length, few.dots.length], [0, 3]);
  const sine = Float64Array.from({ length: 500 }, (_, i) => Math.sin(i / 50));
  assert.equal(plotData(madeSeries("lr", sine), []).smooth.length, 0);
  const steep = Float64Array.from({ length: 60 }, (_, i) => (i === 0 ? 11 : 4 - i / 100));
  assert.equal(plotData(madeSeries("val/loss", steep), []).smooth.length, 0);
});

test("the caption names the file, the lines and the first value that is not finite", () => {
  const text = caption(madeSeries("loss", [1, 2, Number.NaN, 3, Infinity]));
  assert.match(text, /2 values are not finite .*the first is NaN at line 14/);
  assert.match(text, /Source: logs\/train\.log, lines 12–16/);
  assert.match(caption(madeSeries("loss", [1])), /Source: logs\/train\.log, line 12$/);
});

const log = (values: readonly number[]) => plotData(madeSeries("x", values), []).shape.log;

test("the axis is logarithmic exactly where values differ tenfold and all are above 0", () => {
  assert.deepEqual(
    [log([1, 10.1]), log([1, 10]), log([0, 10]), log([-1, 100]), log([1e-9, 1])],
    [true, false, false, false, true],
  );
});

test("a gap of NaN parts the line and is marked; a lone value between gaps is a point", () => {
  const data = plotData(madeSeries("x", [1, 2, Number.NaN, 3, Number.NaN, 1, 2]), []);
  assert.deepEqual(
    data.raw.map(({ stretch }) => stretch),
    [0, 0, 1, 2, 2],
  );
  assert.deepEqual(
    data.holes.map(({ step, kind }) => [step, kind]),
    [
      [2, "NaN"],
      [4, "NaN"],
    ],
  );
  const long = [...noisy(100), Number.NaN, 2, Number.NaN, ...noisy(100)];
  assert.deepEqual(
    plotData(madeSeries("x", long), []).dots.map(({ step }) => step),
    [101],
  );
});

test("a step that falls once begins a second line; one that keeps falling is no axis", () => {
  const twice = plotData(madeSeries("x", [1, 2, 3, 4], { steps: [0, 1, 0, 1] }), []);
  assert.deepEqual(
    twice.raw.map(({ stretch }) => stretch),
    [0, 0, 1, 1],
  );
  const epochs = madeSeries("x", noisy(300), {
    steps: Array.from({ length: 300 }, (_, i) => i % 10),
  });
  const { shape } = plotData(epochs, []);
  assert.deepEqual([shape.byPosition, shape.to], [true, 299]);
  assert.match(caption(epochs), /in order of the log, since the step falls back/);
});

const finding = (metric: string, line: number, file = "logs/train.log"): Finding => ({
  rule: "not-finite",
  tier: "A",
  metric,
  atMs: 0,
  message: "",
  evidence: { file, line, offset: 0 },
  count: 1,
  blocking: false,
});

test("findings of the metric are marked at their lines, those of others are not", () => {
  const series = madeSeries("val/loss", [1, 2, 3]);
  const findings = [
    finding("val_loss", 13),
    finding("acc", 14),
    finding("val/loss", 12, "other.log"),
    finding("val/loss", 999),
  ];
  const { anomalies } = plotData(series, findings);
  assert.deepEqual(anomalies, [{ step: 1, value: 2, label: "not finite" }]);
});

const make = (): string => JSON.stringify(spec(madeSeries("train/loss", noisy(5_000))));

test("the same input gives the same text, and nothing in it is undefined or not JSON", () => {
  assert.equal(make(), make());
  assert.doesNotMatch(make(), /undefined|NaN,|Infinity/);
});

test("two million values give a small spec within seconds", () => {
  const values = new Float64Array(2_000_000);
  const next = noise(3);
  for (let i = 0; i < values.length; i += 1) values[i] = 2 + next();
  const tookMs = cpuMs(() => {
    const text = JSON.stringify(spec(madeSeries("loss", values)));
    assert.ok(text.length < 150_000, `${text.length} characters`);
  });
  assert.ok(tookMs < 10_000, `${tookMs} ms`);
});

test("degenerate series have finite domains", () => {
  const shapes = [
    [5],
    [0],
    [3e-4, 3e-4],
    [-1.7e308, 1.7e308],
    [5e-324, 3],
    [Number.NaN],
    [1e30, 1.0000000000000002e30],
  ];
  for (const values of shapes) {
    const { encoding } = spec(madeSeries("x", values)) as unknown as {
      encoding: Record<"x" | "y", { scale: { domain: [number, number] } }>;
    };
    for (const { scale } of [encoding.x, encoding.y]) {
      const [low, high] = scale.domain;
      assert.ok(
        Number.isFinite(high - low) && high > low,
        `${values.join()}: ${scale.domain.join()}`,
      );
    }
  }
});

test("long names give way in their middle, and control characters leave the text", () => {
  assert.equal(shorten("abcdefghij", 7), "ab…ghij");
  assert.equal(shorten("🙂🙂🙂🙂", 4), "🙂🙂🙂🙂");
  assert.equal(plotTitle("a\u0007b\nc\uD800", "run"), "a\uFFFDb c\uFFFD · run");
  assert.ok(plotTitle("k".repeat(200), "r".repeat(200)).length <= 76);
});
