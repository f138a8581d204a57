// Whatever stands in a log, reading it neither throws nor takes long, and what loguru and Python
// write is read back as it was logged.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { causeOfDeath } from "../../src/rules/cause.ts";
import { findings } from "../../src/rules/findings.ts";
import { readMetricObject } from "../../src/logs/metric-object.ts";
import { createRunReader } from "../../src/logs/run-reader.ts";
import type { Plan } from "../../src/domain/journal.ts";

const PIECES = fc.array(
  fc.oneof(
    fc.constantFrom(
      "metric {",
      '"loss": ',
      "NaN",
      "}",
      "\n",
      "\r",
      "\u001B[",
      "\u001B]8;;",
      "Traceback (most recent call last)",
      ":",
      " ─╮",
      'File "x", line 1\n',
      "usage: ",
      "error: ",
      "╭─ Error ─",
      "MemoryError",
      "No space left on device",
      "\\u00",
      "'",
      "[[{(",
    ),
    fc.string({ unit: "binary" }),
    fc.nat(2_000).map((n) => " ".repeat(n)),
  ),
  { maxLength: 60 },
);

const PLAN: Plan = {
  metrics: [{ key: "loss" }],
  success: "loss < 1",
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

test("noise is read, judged and flagged without a throw", () => {
  fc.assert(
    fc.property(PIECES, fc.nat(255), fc.boolean(), (pieces, code, overLimit) => {
      const reader = createRunReader();
      for (const piece of pieces) reader.feed("logs/console.log", Buffer.from(piece));
      reader.finish();
      const reading = reader.reading();
      const exit = { code, endedAtMs: 1, overLimit };
      const outcome = causeOfDeath({
        exit,
        reading,
        limitMs: 1_000,
        hostOomKill: false,
        verb: "run",
      });
      const said = findings({
        reading,
        plan: PLAN,
        outcome,
        startedAtMs: 0,
        endedAtMs: 1,
        limitMs: 1_000,
        long: false,
        nowMs: 1,
        verb: "run",
      });
      const deaths = said.filter(
        ({ rule }) => !["not-finite", "no-metrics", "metric-missing"].includes(rule),
      );
      assert.equal(deaths.length, outcome.ending === "done" ? 0 : 1);
    }),
    { numRuns: 300 },
  );
});

test("bytes that are no text are read without a throw", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (chunks) => {
      const reader = createRunReader();
      for (const chunk of chunks) reader.feed("logs/a.log", chunk);
      reader.finish();
      const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
      assert.equal(reader.reading().files[0]?.bytes ?? 0, bytes);
    }),
  );
});

test("every finite number that JSON writes is read back with its token", () => {
  const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
  const flat = fc.dictionary(key, fc.double({ noNaN: true, noDefaultInfinity: true }));
  fc.assert(
    fc.property(flat, (values) => {
      const object = readMetricObject(JSON.stringify(values), 0);
      const expected = Object.entries(values).map(([name, value]) => ({
        key: name,
        token: JSON.stringify(value),
      }));
      assert.deepEqual(
        object?.numbers.map(({ key: name, token }) => ({ key: name, token })),
        expected,
      );
    }),
  );
});
