import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { KEPT_EACH_END } from "../../../src/logs/series/first-and-last.ts";
import { POINTS_PER_SERIES, SERIES_PER_FILE } from "../../../src/logs/series/metric-sink.ts";
import { metric, readLines, readText, seriesOf } from "./reading.ts";

test("a series has its steps, values, lines and the places of its extremes", () => {
  const reading = readLines(
    "starting λ",
    metric('{"step": 10, "loss": 2.50}'),
    metric('{"step": 20, "loss": 0.50, "acc": 1}'),
    metric('{"step": 30, "loss": NaN}'),
    metric('{"step": 40, "loss": 1.0}'),
  );
  const { summary, stepKey, steps, values, lines } = seriesOf(reading, "loss");
  assert.equal(stepKey, "step");
  assert.deepEqual([...steps], [10, 20, 30, 40]);
  assert.deepEqual([...values], [2.5, 0.5, Number.NaN, 1]);
  assert.deepEqual([...lines], [2, 3, 4, 5]);
  assert.deepEqual([summary.first.token, summary.last.token], ["2.50", "1.0"]);
  assert.deepEqual([summary.min?.line, summary.max?.line, summary.notFinite?.line], [3, 2, 4]);
  assert.equal(summary.notFiniteCount, 1);
  assert.equal(summary.first.offset, Buffer.byteLength("starting λ\n"));
  assert.deepEqual(
    reading.series.map((series) => series.summary.key),
    ["loss", "acc"],
  );
});

test("a reading does not change when more is read", () => {
  const reader = createRunReader();
  reader.feed("logs/a.log", Buffer.from(`${metric('{"loss": 1}')}\n`));
  const before = seriesOf(reader.reading(), "loss");
  reader.feed("logs/a.log", Buffer.from(`${metric('{"loss": 2}')}\n`.repeat(100)));
  assert.deepEqual([...before.values], [1]);
  assert.equal(seriesOf(reader.reading(), "loss").values.length, 101);
});

test("steps that go back and lines with an epoch only are read as they are", () => {
  const reading = readLines(
    metric('{"epoch": 1, "val": 1}'),
    metric('{"epoch": 2, "val": 2}'),
    metric('{"epoch": 1, "val": 3}'),
  );
  assert.equal(seriesOf(reading, "val").stepKey, "epoch");
  assert.deepEqual([...seriesOf(reading, "val").steps], [1, 2, 1]);
});

test("lines without a step leave those that have one their axis", () => {
  const without = metric('{"loss": 1}');
  const reading = readLines(
    metric('{"step": 10, "loss": 1}'),
    without,
    without,
    metric('{"step": 20, "loss": 1}'),
  );
  assert.equal(seriesOf(reading, "loss").stepKey, "step");
  assert.deepEqual([...seriesOf(reading, "loss").steps], [10, 20]);
});

test("where most lines have no step, those are the series", () => {
  const without = metric('{"loss": 1}');
  const reading = readLines(metric('{"step": 10, "loss": 2}'), without, without, without);
  assert.equal(seriesOf(reading, "loss").stepKey, "sample");
  assert.deepEqual([...seriesOf(reading, "loss").values], [1, 1, 1]);
});

test("the console gives samples only where no other log has any", () => {
  const line = `${metric('{"loss": 1}')}\n`;
  const both = readText({ "logs/train.log": line, "logs/console.log": line + line });
  assert.equal(seriesOf(both, "loss").summary.count, 1);
  assert.equal(seriesOf(both, "loss").summary.first.file, "logs/train.log");
  const alone = readText({ "logs/train.log": "hello\n", "logs/console.log": line + line });
  assert.equal(seriesOf(alone, "loss").summary.count, 2);
});

test("the console gives tracebacks and its last lines whatever the other logs say", () => {
  const reading = readText({
    "logs/console.log": "Traceback (most recent call last):\n  File\nValueError: x\n",
    "logs/train.log": `${metric('{"loss": 1}')}\n`,
  });
  assert.equal(reading.tracebacks.length, 1);
  assert.deepEqual(reading.lastLines.at(-1), "ValueError: x");
});

const at = (hour: number, value: number): string =>
  `2025-02-02 ${hour}:00:00 | INFO | metric {"step": ${hour}, "acc": ${value}}\n`;

test("a metric in two logs is one series, in the order of their first stamps", () => {
  const reading = readText({ "logs/eval.log": at(15, 3), "logs/train.log": at(13, 2) + at(14, 1) });
  const { summary, values } = seriesOf(reading, "acc");
  assert.deepEqual([...values], [2, 1, 3]);
  assert.deepEqual([summary.first.file, summary.last.file], ["logs/train.log", "logs/eval.log"]);
  assert.deepEqual([summary.min?.value, summary.max?.value], [1, 3]);
});

test("a file that is read anew leaves nothing of what it said", () => {
  const reader = createRunReader();
  reader.feed("logs/a.log", Buffer.from(`${metric('{"old": 1}')}\nMemoryError\n`));
  reader.reset("logs/a.log");
  reader.feed("logs/a.log", Buffer.from(`${metric('{"new": 1}')}\n`));
  const reading = reader.reading();
  assert.deepEqual(
    reading.series.map((series) => series.summary.key),
    ["new"],
  );
  assert.equal(reading.deathMarkers.length, 0);
  assert.equal(seriesOf(reading, "new").summary.first.line, 1);
});

test("metric lines that cannot be understood are counted, the first with its place", () => {
  const reading = readLines("x", metric('{"a": '), metric('{"b": oops}'), metric('{"c": 1}'));
  assert.equal(reading.unread.count, 2);
  assert.equal(reading.unread.first?.line, 2);
  assert.match(reading.unread.first?.text ?? "", /metric \{"a":$/);
});

test("a script that logs a new key each time is bounded", () => {
  const lines: string[] = [];
  for (let i = 0; i < SERIES_PER_FILE + 10; i += 1) lines.push(`metric {"k${i}": ${i}}`);
  const reading = readLines(...lines);
  assert.equal(reading.series.length, SERIES_PER_FILE);
  assert.equal(reading.unread.count, 10);
});

test("ten thousand tracebacks keep their first and their last", () => {
  const lines: string[] = [];
  for (let i = 0; i < 10_000; i += 1) lines.push("Traceback (most recent call last):", `E: ${i}`);
  const { tracebacks } = readLines(...lines);
  assert.equal(tracebacks.length, 2 * KEPT_EACH_END);
  assert.deepEqual([tracebacks[0]?.lastLine, tracebacks.at(-1)?.lastLine], ["E: 0", "E: 9999"]);
});

test("however many values there are, a bounded number is kept, 20 bytes each", () => {
  const reader = createRunReader();
  const lines: string[] = [];
  for (let i = 0; i < 10_000; i += 1) lines.push(`metric {"step": ${i}, "loss": 0.${i}}\n`);
  const chunk = Buffer.from(lines.join(""));
  for (let i = 0; i < 10; i += 1) reader.feed("logs/a.log", chunk);
  const { values, steps, lines: places } = seriesOf(reader.reading(), "loss");
  assert.equal(seriesOf(reader.reading(), "loss").summary.count, 100_000);
  const bytes = values.buffer.byteLength + steps.buffer.byteLength + places.buffer.byteLength;
  assert.ok(bytes <= 2 * 20 * POINTS_PER_SERIES, `${bytes}`);
});

test("a traceback is survived when another log has a metric a second later", () => {
  const failed = "2025-02-02 14:00:00 | ERROR | caught\nTraceback (most recent call last):\nE: x\n";
  const after = '2025-02-02 14:00:05 | INFO | metric {"a": 1}\n';
  const before = '2025-02-02 13:59:59 | INFO | metric {"a": 1}\n';
  const survived = (train: string): boolean | undefined =>
    readText({ "logs/console.log": failed, "logs/train.log": train }).tracebacks[0]?.metricAfter;
  assert.equal(survived(before + after), true);
  assert.equal(survived(before), false);
});
