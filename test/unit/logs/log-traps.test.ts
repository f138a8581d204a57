// What made readers of logs go wrong on real logs, each with a log like it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { POINTS_PER_SERIES } from "../../../src/logs/series/metric-sink.ts";
import { metric, readLines, readText, seriesOf } from "./reading.ts";

test("Python's NaN and Infinity are values, where JSON has none", () => {
  const reading = readLines('{"step": 1, "loss": NaN, "acc": Infinity, "x": -Infinity}');
  assert.deepEqual(
    reading.series.map(({ summary }) => [summary.key, summary.first.token, summary.notFiniteCount]),
    [
      ["loss", "NaN", 1],
      ["acc", "Infinity", 1],
      ["x", "-Infinity", 1],
    ],
  );
});

test("a healthy log's nanms and nan iterations are no missing numbers", () => {
  const reading = readLines(
    "step:1/1530 train_loss:10.8258 step_avg:nanms",
    " iteration 1/ 10 | lm loss: 1.0 | number of nan iterations: 0 |",
  );
  assert.ok(reading.series.every(({ summary }) => summary.notFiniteCount === 0));
});

test("the order of keys and the spaces between them do not matter", () => {
  const reading = readLines(
    '{"loss": 1, "step": 10}',
    '{"step":20,   "loss":2}',
    "{'loss':3,'step':30}",
  );
  assert.deepEqual([...seriesOf(reading, "loss").steps], [10, 20, 30]);
});

/** Fifty lines of one attempt, from a step on. */
const attempt = (from: number, value: (i: number) => string): string[] =>
  Array.from({ length: 50 }, (_, i) => `step ${from + i} | loss: ${value(i)}`);

test("what was not finite in an earlier attempt is not this one's", () => {
  const failed = attempt(0, (i) => (i > 40 ? "nan" : "2.5"));
  const { summary, attemptFrom } = seriesOf(
    readLines(...failed, ...attempt(0, () => "1.5")),
    "loss",
  );
  assert.deepEqual([summary.notFiniteCount, summary.count, attemptFrom], [0, 100, 50]);
  const resumed = seriesOf(readLines(...failed, ...attempt(20, () => "1.5")), "loss");
  assert.equal(resumed.summary.notFiniteCount, 0);
  const inThis = seriesOf(readLines(...attempt(0, () => "1.5"), ...failed), "loss");
  assert.deepEqual([inThis.summary.notFiniteCount, inThis.summary.notFinite?.line], [9, 92]);
});

test("a counter that starts anew with each epoch is no other attempt", () => {
  const lines: string[] = [];
  for (let epoch = 1; epoch <= 3; epoch += 1) {
    lines.push(`Epoch ${epoch}/3`);
    for (let i = 0; i < 50; i += 1)
      lines.push(`batch ${i}/50 loss: ${epoch === 1 ? "nan" : "1.0"}`);
  }
  const { summary, attemptFrom } = seriesOf(readLines(...lines), "loss");
  assert.deepEqual([summary.notFiniteCount, attemptFrom], [50, undefined]);
});

test("lines of training and validation that alternate keep their own series", () => {
  const reading = readLines(
    "step 1 train_loss: 3.0",
    "step 1 val_loss: 3.5 val_acc: 0.1",
    "step 2 train_loss: 2.0",
    "step 2 val_loss: 2.5 val_acc: 0.2",
  );
  const shown = reading.series.map(({ summary, steps }) => `${summary.key} ${[...steps].join()}`);
  assert.deepEqual(shown, ["train_loss 1,2", "val_loss 1,2", "val_acc 1,2"]);
});

test("a log that holds its own source is read from where the source ends", () => {
  const reading = readLines(
    "import torch",
    "class Muon(torch.optim.Optimizer):",
    "    def __init__(self, params, lr=0.02, momentum=0.95, nesterov=True):",
    "    learning_rate : float = 0.0036",
    "val_loss = 0.0",
    "print(f'step:{step}/{args.num_iterations} val_loss:{val_loss:.4f} step_avg:{x/(t-1):.2f}ms')",
    "====================",
    "step:0/10 val_loss:10.9",
  );
  assert.deepEqual(
    reading.series.map(({ summary }) => [summary.key, summary.count]),
    [["val_loss", 1]],
  );
});

test("two processes that write one file tear lines, and what is whole is read", () => {
  const reading = readLines(
    "step 1 loss: 0.5",
    "step 2 lossstep 2 loss: 0.25: 0.75",
    "step 3 loss: 0.125step 3 loss: 0.125",
    '{"step": 4, "loss": 0.5}{"step": 4, "loss": 0.5}',
    '{"step": 5, "lo{"step": 5, "loss": 0.5}',
  );
  const { values } = seriesOf(reading, "loss");
  assert.ok(values.length >= 3);
  for (const value of values) assert.ok([0.5, 0.25, 0.125, 0.75].includes(value), `${value}`);
});

test("a value keeps the token, line and offset that the log has", () => {
  const text = "λ\nstep 1 loss: 1,234.50\nstep 2 loss: 6.44E+00\n";
  const { summary } = seriesOf(readText({ "logs/a.log": text }), "loss");
  assert.deepEqual(
    [summary.first.token, summary.first.line, summary.first.offset],
    ["1,234.50", 2, 3],
  );
  assert.deepEqual([summary.last.token, summary.last.value], ["6.44E+00", 6.44]);
  assert.equal(summary.min?.token, "6.44E+00");
});

test("a long series keeps its extremes, their lines and its own count", () => {
  const count = 3 * POINTS_PER_SERIES;
  const values = Array.from({ length: count }, (_, i) => 100 + (i % 10));
  values[12_345] = -7;
  values[150_001] = 999;
  values[170_000] = Number.NaN;
  const reader = createRunReader();
  const lines = values.map(
    (value, i) => `step ${i} loss: ${Number.isNaN(value) ? "nan" : value}\n`,
  );
  reader.feed("logs/a.log", Buffer.from(lines.join("")));
  const series = seriesOf(reader.reading(), "loss");
  const lineOf = (wanted: number): number | undefined =>
    series.lines[series.values.indexOf(wanted)];
  assert.equal(series.reducedBy, 16);
  assert.ok(series.values.length <= 1.25 * POINTS_PER_SERIES);
  assert.deepEqual([lineOf(-7), lineOf(999)], [12_346, 150_002]);
  assert.equal(series.lines[series.values.findIndex(Number.isNaN)], 170_001);
  assert.deepEqual([series.summary.count, series.summary.last.step], [count, count - 1]);
  assert.ok(series.steps.every((step, i) => i === 0 || step > (series.steps[i - 1] ?? 0)));
});

test("what is kept of a long series does not depend on when it is looked at", () => {
  const lines = Array.from({ length: 150_000 }, (_, i) => `step ${i} loss: ${(i * 7919) % 1000}\n`);
  const bytes = Buffer.from(lines.join(""));
  const [whole, often] = [createRunReader(), createRunReader()];
  whole.feed("logs/a.log", bytes);
  for (let at = 0; at < bytes.length; at += 300_001) {
    often.feed("logs/a.log", bytes.subarray(at, at + 300_001));
    often.reading();
  }
  assert.deepEqual(seriesOf(often.reading(), "loss"), seriesOf(whole.reading(), "loss"));
});

test("a metric that a table repeats is read once, from the log", () => {
  const reading = readText({
    "logs/train.log": `${metric('{"step": 1, "val/loss": 0.5}')}\n`,
    "metrics.csv": "step,val_loss,other\n1,0.5,3\n",
  });
  assert.deepEqual(
    reading.series.map(({ summary }) => [summary.key, summary.first.file]),
    [
      ["val/loss", "logs/train.log"],
      ["other", "metrics.csv"],
    ],
  );
});

test("a number with a letter for its size has the value that it says, and its own token", () => {
  const { summary, values } = seriesOf(
    readLines("step 1 loss: 2.5 params: 1.1k", "step 2 loss: 2.4 params: 2.3M"),
    "params",
  );
  assert.deepEqual([...values], [1100, 2_300_000]);
  assert.deepEqual([summary.first.token, summary.last.token], ["1.1k", "2.3M"]);
  const memory = seriesOf(readLines("step 1 loss: 1 max_mem: 3402M"), "max_mem");
  assert.deepEqual([memory.values[0], memory.summary.last.token], [3402, "3402"]);
});

test("what stands below a heading has its x, unless nearly all of it has the same", () => {
  const heading = seriesOf(
    readLines("Epoch 1/2", "val_loss: 0.5", "Epoch 2/2", "val_loss: 0.4"),
    "val_loss",
  );
  assert.deepEqual([heading.stepKey, [...heading.steps]], ["epoch", [1, 2]]);
  const often = seriesOf(
    readLines("Epoch 7/9", ...Array.from({ length: 30 }, (_, i) => `val_loss: 0.${i}1`)),
    "val_loss",
  );
  assert.deepEqual(
    [often.stepKey, often.steps[29], often.summary.last.step],
    ["sample", 29, undefined],
  );
});

test("a running average behind a value is no value", () => {
  const { values } = seriesOf(
    readLines("Epoch: [0][ 10/5005]\tLoss 6.9 (7.1)", "Epoch: [0][ 20/5005]\tLoss 6.8 (7.0)"),
    "Loss",
  );
  assert.deepEqual([...values], [6.9, 6.8]);
});

test("the summary of an epoch keeps apart from the lines within it", () => {
  const { series } = readLines(
    "epoch 1 - iter 10/20 - loss 2.5",
    "epoch 1 - iter 20/20 - loss 2.4",
    "EPOCH 1 done: loss 2.45",
  );
  assert.deepEqual(
    series.map(({ summary, stepKey }) => `${summary.key} ${stepKey} ${summary.count}`),
    ["loss iteration 2", "loss (epoch) epoch 1"],
  );
});
