import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { readBlock } from "../../src/journal/read/read-block.ts";
import { createJournalReader, readJournal } from "../../src/journal/read/read.ts";
import { splitBlocks } from "../../src/journal/read/split-blocks.ts";
import { linesOf, startOf } from "../../src/base/text-lines.ts";
import { journalText, withoutDisputed } from "./journal-text.ts";

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

test("a block that is read without a tree says what its tree says", () => {
  fc.assert(
    fc.property(journalText, (text) => {
      const lines = linesOf(withoutDisputed(text.replace(/^\uFEFF/, "")));
      for (const { first, after, plain } of splitBlocks(lines, 0).blocks) {
        if (plain === undefined) continue;
        const block = lines.text.slice(startOf(lines, first), startOf(lines, after));
        assert.deepEqual(
          readBlock(block, block, plain),
          readBlock(block, block, undefined),
          `${plain} ${JSON.stringify(block)}`,
        );
      }
    }),
    { numRuns: 2_000 },
  );
});
