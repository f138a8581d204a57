import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReportRun } from "../../../../src/judge/input.ts";
import { splitsSpec } from "../../../../src/report/plots/plot-spec.ts";
import { figureText, runFigures } from "../../../../src/report/page/run-figures.ts";
import { runPictureNames, splitPictures } from "../../../../src/report/plots/split-pictures.ts";
import { run } from "../../judge/given.ts";
import { madeSeries } from "../../judge/made-series.ts";

const loss = madeSeries("loss", [3, 2, 1], { line: 10 });
const valLoss = madeSeries("val_loss", [3.5, 2.5], { steps: [0, 2], line: 11 });

test("training and validation of one metric belong together, training first", () => {
  const [picture, ...more] = splitPictures([valLoss, madeSeries("lr", [1, 1, 1]), loss]);
  assert.deepEqual(more, []);
  assert.deepEqual([picture?.key, picture?.name], ["loss, val_loss", "loss"]);
});

test("splits that were logged at other times without a step have no common picture", () => {
  const apart = [
    madeSeries("train/loss", [3, 2, 1], { stepKey: "sample" }),
    madeSeries("val/loss", [3, 2], { stepKey: "sample" }),
  ];
  assert.deepEqual(splitPictures(apart), []);
  const epochs = madeSeries("val/loss", [3, 2, 1], { stepKey: "epoch" });
  assert.deepEqual(splitPictures([madeSeries("train/loss", [3, 2, 1]), epochs]), []);
});

test("each split is a line with its colour, its dashes, its name and its source", () => {
  const [picture] = splitPictures([loss, valLoss]);
  assert.ok(picture !== undefined);
  const text = JSON.stringify(splitsSpec(picture, "de-risk", []));
  assert.match(text, /"domain":\["loss","val_loss"\],"range":\["#0072B2","#009E73"\]/);
  assert.match(text, /"strokeDash":\[7,3\]/);
  assert.match(text, /loss: 3 values; logs\/train\.log, lines 10–12/);
  assert.match(text, /val_loss: 2 values; logs\/train\.log, lines 11–12/);
});

test("the names of a run's metrics stay what they are without the other pictures", () => {
  const names = runPictureNames([loss, valLoss]);
  assert.equal(names.get("loss"), "loss");
  assert.equal(names.get("val_loss"), "val_loss");
  assert.equal(names.get("loss, val_loss"), "loss-val_loss");
  assert.equal(names.get("system use"), "system-use");
});

const shown = (): ReportRun => ({
  ...run("full", ["0.5", "0.4"]),
  reading: { ...run("full", []).reading, series: [loss, valLoss, madeSeries("lr", [1, 1, 1])] },
});
const plotOf = (metric: string) => ({ metric, file: `plots/${metric}.webp` });

test("a report shows the splits together, and links their single curves", () => {
  const plots = ["val_loss", "loss", "lr", "loss, val_loss", "system use"].map(plotOf);
  const { inline, linked } = runFigures(shown(), plots);
  assert.deepEqual(
    inline.map(({ metric }) => metric),
    ["loss, val_loss", "lr"],
  );
  assert.deepEqual(
    linked.map(({ metric }) => metric),
    ["val_loss", "loss", "system use"],
  );
  const text = figureText(shown(), plotOf("loss, val_loss"), 1);
  assert.match(text, /loss: 3 values from \[logs\/train\.log:10-12\]/);
  assert.match(text, /val\\?_loss: 2 values from \[logs\/train\.log:11-12\]/);
});

test("without the picture of all splits their single curves are shown", () => {
  const { inline } = runFigures(shown(), ["val_loss", "loss"].map(plotOf));
  assert.deepEqual(
    inline.map(({ metric }) => metric),
    ["val_loss", "loss"],
  );
});
