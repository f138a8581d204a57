import assert from "node:assert/strict";
import { test } from "node:test";
import { readLoguruLine } from "../../../src/logs/formats/loguru.ts";
import { createLineTokens } from "../../../src/logs/lines/line-tokens.ts";
import type { Spot } from "../../../src/logs/lines/metric-line.ts";
import type { Sample } from "../../../src/domain/sample.ts";
import { readLines } from "./reading.ts";
import { cpuMs } from "../../cpu-ms.ts";

/** `x: key=token …` of a line, or the kind of answer where it is none with metrics. */
function read(line: string): string {
  const text = Buffer.from(line).toString("latin1");
  const found = readLoguruLine({ text, tokens: createLineTokens() });
  if (found.kind !== "metrics") return found.kind;
  const tokenOf = ({ at, end }: Spot): string => text.slice(at, end);
  const step = found.step === undefined ? "" : `${found.step.key} ${tokenOf(found.step)}: `;
  return step + found.entries.map((entry) => `${entry.key}=${tokenOf(entry)}`).join(" ");
}

/** The sample of `key` in a log of one line. */
function sampleOf(line: string, key: string): Sample | undefined {
  return readLines(line).series.find(({ summary }) => summary.key === key)?.summary.last;
}

test("the short form is read with its step and stamp", () => {
  const line = '2025-02-02 14:30:00 | INFO | metric {"epoch": 0, "step": 100, "loss": 0.512}';
  assert.equal(read(line), "step 100: loss=0.512");
  assert.equal(sampleOf(line, "loss")?.stampMs, Date.UTC(2025, 1, 2, 14, 30, 0));
});

test("loguru's default form is read, with milliseconds", () => {
  const line =
    '2025-02-02 14:30:00.123 | INFO     | __main__:train:41 - metric {"step": 1, "loss": 0.5}';
  assert.equal(read(line), "step 1: loss=0.5");
  assert.equal(sampleOf(line, "loss")?.stampMs, Date.UTC(2025, 1, 2, 14, 30, 0, 123));
});

test("colours and Python's logging do not matter", () => {
  const line =
    '\u001B[32m2025-02-02 14:30:00\u001B[0m | \u001B[1mINFO\u001B[0m | \u001B[1mmetric {"a": 1}\u001B[0m';
  assert.equal(sampleOf(line, "a")?.token, "1");
  assert.equal(read('INFO:root:metric {"a": 1}'), "a=1");
  assert.equal(read('metric {"a": 1}'), "a=1");
});

test("epoch, iteration and global step are x axes; the time is a metric", () => {
  assert.equal(read('metric {"epoch": 3, "loss": 1}'), "epoch 3: loss=1");
  assert.equal(read('metric {"iter": 3, "epoch": 1, "loss": 1}'), "iteration 3: loss=1");
  assert.equal(
    read('metric {"global_step": 3, "time": 1.5, "elapsed": 2}'),
    "step 3: time=1.5 elapsed=2",
  );
  assert.equal(read('metric {"step": NaN, "epoch": 2, "loss": 1}'), "epoch 2: loss=1");
});

test("a split stands in front of the line's other keys, once", () => {
  assert.equal(read('metric {"split": "val", "step": 1, "loss": 1}'), "step 1: val/loss=1");
  assert.equal(read('metric {"loss": 1, "phase": "train"}'), "train/loss=1");
  assert.equal(read('metric {"split": "val", "val_loss": 1, "acc": 2}'), "val_loss=1 val/acc=2");
  assert.equal(read('metric {"mode": "max", "name": "val", "loss": 1}'), "loss=1");
});

test("a metric line that is torn is not understood", () => {
  assert.equal(read('2025-02-02 14:30:00 | INFO | metric {"step": 1, "lo'), "unread");
});

test("source code and prose are no metric lines", () => {
  for (const line of [
    "    logger.info(f'metric {json.dumps(row)}')",
    'print("metric {}".format(x))',
    "2025-02-02 14:30:00 | INFO | metric learning is on",
    "a metric {of sorts}",
    "best-metric {x}",
    "step:1/6200 train_loss:10.9184 train_time:74701ms step_avg:nanms",
  ]) {
    assert.equal(read(line), "other", line);
  }
});

test("a line of a megabyte that only looks alike is passed over quickly", () => {
  const tookMs = cpuMs(() => {
    assert.equal(read("x metric {".repeat(100_000)), "other");
    assert.equal(read(`metric ${" ".repeat(1_000_000)}{`), "other");
    assert.equal(read("\u001B[".repeat(300_000)), "other");
  });
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
});
