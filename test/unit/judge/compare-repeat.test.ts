// A repeated run beside the first one: equal means digit for digit.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunReading } from "../../../src/domain/sample.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { compareRepeat } from "../../../src/judge/compare-repeat.ts";

function reading(...lines: readonly string[]): RunReading {
  const reader = createRunReader();
  const text = lines.map((line, step) => `metric {"step": ${step}, ${line}}\n`).join("");
  reader.feed("logs/train.log", Buffer.from(text));
  reader.finish();
  return reader.reading();
}

test("the same values are equal, whatever the metric's spelling", () => {
  const first = reading('"val/loss": 0.5', '"val/loss": 0.25');
  assert.deepEqual(compareRepeat(first, first, []), { equal: 1, different: [] });
  const other = reading('"val_loss": 0.5', '"val_loss": 0.25');
  assert.deepEqual(compareRepeat(first, other, []), { equal: 1, different: [] });
});

test("another value on the way, another count and a missing metric are differences", () => {
  const first = reading('"a": 0.5, "b": 1', '"a": 0.25, "b": 1', '"a": 0.2, "b": 1');
  const way = reading('"a": 0.5, "b": 1', '"a": 0.9, "b": 1', '"a": 0.2, "b": 1');
  assert.deepEqual(compareRepeat(first, way, []), {
    equal: 1,
    different: [{ metric: "a", was: "0.2", is: "0.2 (others before it)" }],
  });
  const short = reading('"a": 0.5, "c": 1', '"a": 0.25, "c": 1');
  assert.deepEqual(compareRepeat(first, short, ["c", "b"]), {
    equal: 0,
    different: [
      { metric: "c", is: "1" },
      { metric: "b", was: "1" },
      { metric: "a", was: "0.2 (3 values)", is: "0.25 (2 values)" },
    ],
  });
});
