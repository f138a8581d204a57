import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { createTimeline, timeOfLine, TIMELINE_POINTS } from "../../../src/logs/lines/timeline.ts";

test("a line between two stamped ones has its time on a straight line between them", () => {
  const timeline = {
    lines: Uint32Array.of(10, 20, 40),
    stampsMs: Float64Array.of(0, 1_000, 2_000),
  };
  const times = [1, 10, 15, 20, 30, 40, 99].map((line) => timeOfLine(timeline, line));
  assert.deepEqual(times, [0, 0, 500, 1_000, 1_500, 2_000, 2_999]);
  const none = { lines: new Uint32Array(0), stampsMs: new Float64Array(0) };
  assert.ok(Number.isNaN(timeOfLine(none, 3)));
});

test("of a long log a bounded number of lines is kept, the first and the last among them", () => {
  const reader = createTimeline();
  for (let line = 1; line <= 100_003; line += 1) reader.see(line, line * 7);
  const { lines, stampsMs } = reader.timeline();
  assert.ok(lines.length <= TIMELINE_POINTS + 1, String(lines.length));
  assert.ok(lines.length > TIMELINE_POINTS / 2, String(lines.length));
  assert.deepEqual([lines[0], lines.at(-1), stampsMs.at(-1)], [1, 100_003, 700_021]);
  for (const line of [1, 500, 77_777, 100_003]) {
    assert.ok(Math.abs(timeOfLine({ lines, stampsMs }, line) - line * 7) < 1e-6);
  }
});

test("lines within one second are spread over it", () => {
  const reader = createTimeline();
  for (let line = 1; line <= 40; line += 1) reader.see(line, Math.floor((line - 1) / 10) * 1_000);
  const timeline = reader.timeline();
  const times = [1, 6, 11, 16, 31, 36, 40].map((line) => timeOfLine(timeline, line));
  assert.deepEqual(times, [0, 500, 1_000, 1_500, 3_000, 3_500, 3_900]);
});

test("what is kept does not depend on when it is asked for", () => {
  const [asked, unasked] = [createTimeline(), createTimeline()];
  for (let line = 1; line <= 9_999; line += 1) {
    asked.see(line, line);
    unasked.see(line, line);
    if (line % 97 === 0) asked.timeline();
  }
  assert.deepEqual(asked.timeline(), unasked.timeline());
});

test("a log without stamps has no timeline", () => {
  const reader = createRunReader();
  reader.feed("logs/train.log", Buffer.from("step 1 loss 0.5\nstep 2 loss 0.4\nstep 3 loss 0.3\n"));
  reader.finish();
  assert.equal(reader.reading().lineFacts?.[0]?.timeline, undefined);
});
