import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { createJournalReader, readJournal } from "../../src/journal/read/read.ts";
import { journalText } from "./journal-text.ts";

/** A journal of several segments, and saves that each change one stretch of it. */
const versions = fc.record({
  start: fc.array(journalText, { minLength: 1, maxLength: 60 }).map((parts) => parts.join("\n\n")),
  times: fc.integer({ min: 1, max: 6 }),
  edits: fc.array(
    fc.record({
      at: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
      cut: fc.nat(300),
      text: journalText,
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

test("after any edit, what a long journal's reader says is what a fresh one says", () => {
  fc.assert(
    fc.property(versions, ({ start, times, edits }) => {
      const reader = createJournalReader();
      let text = `${start}\n\n`.repeat(times);
      const earlier = text;
      for (const { at, cut, text: put } of edits) {
        assert.deepEqual(reader.read(text), readJournal(text));
        const from = Math.floor(at * text.length);
        text = text.slice(0, from) + put + text.slice(from + cut);
      }
      assert.deepEqual(reader.read(text), readJournal(text));
      assert.deepEqual(reader.read(earlier), readJournal(earlier));
    }),
    { numRuns: 60 },
  );
});
