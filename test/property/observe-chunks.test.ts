// However a log's bytes are cut on their way in, the reading is the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import type { RunReading } from "../../src/domain/sample.ts";
import { createRunReader } from "../../src/logs/run-reader.ts";

const LINE = fc.oneof(
  fc
    .record({
      step: fc.option(fc.nat(50)),
      key: fc.constantFrom("loss", "val/loss", "λ", "😀 acc"),
      token: fc.constantFrom("0.5", "1e-05", "NaN", "-Infinity", "2.50", "oops"),
      colour: fc.boolean(),
    })
    .map(({ step, key, token, colour }) => {
      const object = `{${step === null ? "" : `"step": ${step}, `}"${key}": ${token}}`;
      const text = `2025-02-02 14:30:00.123 | INFO     | a:b:1 - metric ${object}`;
      return colour ? `\u001B[32m${text}\u001B[0m` : text;
    }),
  fc.constantFrom(
    "",
    "Traceback (most recent call last):",
    '  File "/tmp/é.py", line 1, in <module>',
    "ValueError: bad λ",
    "During handling of the above exception, another exception occurred:",
    "torch.OutOfMemoryError: CUDA out of memory.",
    "usage: train.py [-h] name",
    "train.py: error: unrecognized arguments: --epochs",
    "╭─ Error ─────╮",
    "│ No such option: --epochs │",
    "╰─────────────╯",
    "10%|█         |",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
);
const LOG = fc
  .array(fc.tuple(LINE, fc.constantFrom("\n", "\n", "\r\n", "\r", "\r\r\n")), { maxLength: 30 })
  .map((lines) => Buffer.from(lines.map(([line, end]) => line + end).join("")));
const CUTS = fc.array(fc.nat(3_000), { maxLength: 40 });

/** Plain data of a reading, with the bytes of its arrays as numbers. */
function plain(reading: RunReading): unknown {
  const series = reading.series.map(({ summary, stepKey, steps, values, lines }) => ({
    summary,
    stepKey,
    values: [...steps, ...values, ...lines],
  }));
  return { ...reading, series };
}

function readCut(bytes: Uint8Array, cuts: readonly number[]): unknown {
  const reader = createRunReader();
  let from = 0;
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    const to = Math.min(cut, bytes.length);
    reader.feed("logs/train.log", bytes.subarray(from, to));
    from = to;
  }
  reader.feed("logs/train.log", bytes.subarray(from));
  reader.finish();
  return plain(reader.reading());
}

test("chunk boundaries anywhere give the same reading", () => {
  fc.assert(
    fc.property(LOG, CUTS, (bytes, cuts) => {
      assert.deepEqual(readCut(bytes, cuts), readCut(bytes, []));
    }),
    { numRuns: 300 },
  );
});

test("one byte at a time gives the same reading", () => {
  fc.assert(
    fc.property(LOG, (bytes) => {
      const every = Array.from({ length: bytes.length }, (_, i) => i);
      assert.deepEqual(readCut(bytes, every), readCut(bytes, []));
    }),
    { numRuns: 50 },
  );
});

test("every sample stands where it says", () => {
  fc.assert(
    fc.property(LOG, (bytes) => {
      const reader = createRunReader();
      reader.feed("logs/train.log", bytes);
      reader.finish();
      for (const { summary } of reader.reading().series) {
        for (const sample of [summary.first, summary.last, summary.min, summary.notFinite]) {
          if (sample === undefined) continue;
          const rest = bytes.subarray(sample.offset).toString("utf8");
          const line = rest.split(/[\r\n]/, 1)[0] ?? "";
          assert.ok(line.includes(sample.token), `${sample.token} in ${JSON.stringify(line)}`);
          const before = bytes.subarray(0, sample.offset).filter((byte) => byte === 10).length;
          assert.equal(sample.line, before + 1);
        }
      }
    }),
    { numRuns: 300 },
  );
});
