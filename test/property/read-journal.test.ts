import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { createJournalReader, readJournal } from "../../src/journal/read/read.ts";
import { linesOf, startOf } from "../../src/base/text-lines.ts";
import type { JournalReading } from "../../src/domain/journal.ts";
import type { Span } from "../../src/base/problem.ts";
import { journalText } from "./journal-text.ts";

const anyText = fc.oneof(
  { weight: 5, arbitrary: journalText },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
);

const runs = { numRuns: 400 };

function spansOf(reading: JournalReading): readonly Span[] {
  return reading.blocks.flatMap((block) =>
    block.receipt === undefined ? [block.span] : [block.span, block.receipt.span],
  );
}

const onLineStart = (text: string, offset: number): boolean =>
  offset === 0 ||
  (offset === 1 && text.startsWith("\uFEFF")) ||
  text[offset - 1] === "\n" ||
  (text[offset - 1] === "\r" && text[offset] !== "\n");

test("spans of blocks and receipts are whole lines in order, none over another", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      let from = 0;
      for (const { start, end } of spansOf(readJournal(text))) {
        assert.ok(start >= from && end > start && end <= text.length, `${start}-${end} of ${from}`);
        assert.ok(onLineStart(text, start), `starts inside a line: ${start}`);
        assert.ok(end === text.length || onLineStart(text, end), `ends inside a line: ${end}`);
        from = end;
      }
    }),
    runs,
  );
});

test("every command is found in its block's text, on the line that it names", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const lines = linesOf(text);
      for (const { commands, span } of readJournal(text).blocks) {
        const own = text.slice(span.start, span.end);
        for (const { source, line, form, spec, problems } of commands) {
          assert.ok(own.includes(source));
          assert.ok(startOf(lines, line - 1) >= span.start || line === 1);
          assert.ok(startOf(lines, line - 1) < span.end);
          assert.match(source, form === "fence" ? /^(```|~~~)/ : /^(run|eval|script|stop|queue)/i);
          assert.ok(spec !== undefined || problems.length > 0);
        }
        const [first] = commands;
        const bare = own.replace(/^(?:\s|[-+*]|\d{1,9}[.)]|\[[ xX]\])*/, "");
        if (first?.line === linesOf(text.slice(0, span.start)).starts.length) {
          assert.ok(bare.startsWith(first.source.slice(0, 3)));
        }
      }
    }),
    runs,
  );
});

test("every problem has a place in the text", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const reading = readJournal(text);
      const found = reading.blocks.flatMap(({ commands }) => commands);
      for (const { place } of [...found.flatMap((one) => one.problems), ...reading.problems]) {
        assert.ok(place.offset >= 0 && place.offset <= text.length);
        const start = linesOf(text).starts[place.line - 1];
        assert.ok(start !== undefined && place.column >= 1);
        assert.ok(start + place.column - 1 <= place.offset && place.offset <= start + place.column);
      }
    }),
    runs,
  );
});

test("pieces of a receipt are its own lines, in order, and each holds a quote mark", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const { receipt } of readJournal(text).blocks) {
        let from = receipt?.span.start ?? 0;
        for (const { span } of receipt?.blocks ?? []) {
          assert.ok(span.start >= from && span.end <= (receipt?.span.end ?? 0));
          assert.match(text.slice(span.start, span.end), /^[ \t]*>/);
          from = span.end;
        }
      }
    }),
    runs,
  );
});

test("a reader that remembers earlier versions reads what a fresh one reads", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 4 }), (texts) => {
      const reader = createJournalReader();
      for (const text of [...texts, texts.join(""), ...texts]) {
        assert.deepEqual(reader.read(text), readJournal(text));
      }
    }),
    { numRuns: 100 },
  );
});
