import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bandOf,
  curveLines,
  CURVE_GROUPS,
  CURVE_SEEDS_BAND,
} from "../../../../src/report/plots/curve-lines.ts";
import type { ReportRun } from "../../../../src/judge/input.ts";
import { comparePlots } from "../../../../src/report/plots/plot-compare.ts";
import { curvesPicture } from "../../../../src/report/plots/plot-curves.ts";
import { input } from "../../judge/given.ts";
import { curveRun } from "../../judge/made-runs.ts";

const metrics = [{ key: "val/loss", direction: "min" as const }];
const seeds = (count: number, by = 0.1): readonly ReportRun[] =>
  Array.from({ length: count }, (_, i) => curveRun(`a-seed-${i}`, [3, 2 + i * by, 1 + i * by]));
const textOf = (runs: readonly ReportRun[], axis: "step" | "time" = "step"): string =>
  JSON.stringify(curvesPicture(runs, "val/loss", axis)?.spec());
const keysOf = (...args: Parameters<typeof input>): readonly string[] =>
  comparePlots(input(...args)).map(({ key }) => key);

test("runs are laid beside each other over the step and over time; a single one is not", () => {
  const two = [curveRun("a", [3, 2, 1]), curveRun("b", [3, 1, 0.5], { everyS: 60 })];
  assert.deepEqual(
    keysOf({ metrics }, two).filter((key) => key.includes("over")),
    ["val/loss over step", "val/loss over time"],
  );
  assert.deepEqual(keysOf({ metrics }, two.slice(0, 1)), []);
  assert.match(textOf(two, "time"), /"title":"seconds since the run's first line"/);
  assert.match(textOf(two, "time"), /\\n120,0\.5,2,\\"b\\"/);
});

test("settings of long names keep a name and a colour each", () => {
  const runs = ["1e-1", "2e-1", "3e-1"].map((lr) =>
    curveRun(`a-rather-long-sweep-lr-${lr}-width-1024`, [3, 2], { args: ["--lr", lr] }),
  );
  const domain = /"domain":\[("[^\]]+)\]/.exec(textOf(runs))?.[1]?.split(",");
  assert.deepEqual(domain, [
    '"…sweep-lr-1e-1-width-1024"',
    '"…sweep-lr-2e-1-width-1024"',
    '"…sweep-lr-3e-1-width-1024"',
  ]);
});

test("an ignored run is not drawn", () => {
  const runs = [curveRun("a", [3, 2]), curveRun("b", [3, 1]), curveRun("c", [7, 0.111])];
  const ignored = [{ target: "c", line: 1, file: "IGNORED_RUNS.md" }];
  const [picture] = comparePlots(input({ metrics }, runs, { ignored }));
  assert.doesNotMatch(JSON.stringify(picture?.spec()), /0\.111/);
});

test("runs without time stamps are counted where they have no place", () => {
  const runs = [30, 30, 0].map((everyS, i) => curveRun(`r${i}`, [3, 2], { everyS }));
  assert.match(curvesPicture(runs, "val/loss", "time")?.caption ?? "", /1 run with no time stamps/);
});

test("runs of a few seconds have no picture over time: stamps are whole seconds", () => {
  const runs = [curveRun("a", [3, 2, 1]), curveRun("b", [3, 2, 1])];
  assert.equal(curvesPicture(runs, "val/loss", "time"), undefined);
});

test("below five seeds each is a line; from five on their mean with a t-band", () => {
  assert.doesNotMatch(textOf(seeds(CURVE_SEEDS_BAND - 1)), /"type":"area"/);
  const text = textOf(seeds(CURVE_SEEDS_BAND));
  assert.match(text, /"type":"area"/);
  assert.match(text, /95 % t-band/);
  // Mean of 1, 1.1, 1.2, 1.3, 1.4 and t(4) s/√5 = 2.7764 × 0.15811 / 2.2361.
  const lines = curveLines(seeds(5), "val/loss", "step")?.groups[0]?.lines ?? [];
  const last = bandOf(lines)?.at(-1);
  assert.deepEqual([last?.x, last?.mean.toFixed(10)], [2, "1.2000000000"]);
  assert.equal(((last?.high ?? 0) - (last?.mean ?? 0)).toFixed(5), "0.19632");
});

test("seeds that were logged at different steps have their mean where all of them reach", () => {
  const runs = seeds(5).map((run, i) => {
    const steps = Float64Array.from([0, 10 + i, 20 + i]);
    return { ...run, curves: (run.curves ?? []).map((curve) => ({ ...curve, steps })) };
  });
  const band = curveLines(runs, "val/loss", "step")?.groups[0]?.band ?? [];
  assert.equal(band[0]?.x, 0);
  assert.equal(band.at(-1)?.x, 20);
  assert.ok(band.every(({ low, high, mean }) => low <= mean && mean <= high));
});

test("a run that failed ends in a cross, and its label says so", () => {
  const cause = { kind: "exit-code", code: 1 } as const;
  const failed = curveRun("b", [3, 2.5], { fields: { ending: "failed", exitCode: 1, cause } });
  const text = textOf([curveRun("a", [3, 2, 1]), failed]);
  assert.match(text, /b, failed/);
  assert.match(text, /"values":"x,value\\n1,2\.5"/);
});

test("of many settings the newest have a colour, the others are grey, and the picture is small", () => {
  const runs = Array.from({ length: 400 }, (_, i) =>
    curveRun(
      `s${i}`,
      Array.from({ length: 300 }, (__, step) => (5 / (1 + step) + i / 1_000).toFixed(4)),
      { args: ["--lr", String(i)] },
    ),
  );
  const drawn = curveLines(runs, "val/loss", "step");
  assert.equal(drawn?.groups.length, CURVE_GROUPS);
  assert.equal(drawn?.groups.at(-1)?.label, "s399");
  assert.ok((drawn?.leftOut ?? 0) > 0);
  const text = textOf(runs);
  assert.match(text, /Grey: 120 runs of older settings, 270 not drawn/);
  assert.ok(text.length < 1e6, String(text.length));
});

test("the same runs give the same text", () => {
  assert.equal(textOf(seeds(6)), textOf(seeds(6)));
});
