import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createLineSplitter,
  LINE_BYTES,
  LONG_LINE_HEAD_BYTES,
} from "../../../src/logs/lines/lines.ts";

/** Lines of chunks, each `line@offset text`, a cut one marked. */
function split(chunks: readonly (string | Uint8Array)[], finish = true): readonly string[] {
  const seen: string[] = [];
  const splitter = createLineSplitter((bytes, from, to, line, offset, cut) => {
    const text = Buffer.from(bytes.subarray(from, to)).toString("utf8");
    seen.push(`${line}@${offset} ${text}${cut ? "…" : ""}`);
  });
  for (const chunk of chunks) splitter.feed(Buffer.from(chunk));
  if (finish) splitter.finish();
  return seen;
}

test("LF and CRLF end a line and offsets are bytes, not characters", () => {
  assert.deepEqual(split(["λé\na\r\n😀b\nc\n"]), ["1@0 λé", "2@5 a", "3@8 😀b", "4@14 c"]);
});

test("a CRLF cut between two chunks is one line end", () => {
  assert.deepEqual(split(["a\r", "\nb\n"]), ["1@0 a", "2@3 b"]);
  assert.deepEqual(split(["a\r", "", "\nb\n"]), ["1@0 a", "2@3 b"]);
});

test("a lone CR ends a text and not a line, as progress bars redraw", () => {
  const expected = ["1@0 10%", "1@4 20%", "2@8 next"];
  assert.deepEqual(split(["10%\r20%\nnext\n"]), expected);
  assert.deepEqual(split(["10%\r", "20%\nnext\n"]), expected);
});

test("empty lines are counted, empty redraws are not shown", () => {
  assert.deepEqual(split(["\n\r\r\ra\n"]), ["1@0 ", "2@4 a"]);
});

test("a last line without its end is a line only after the run's end", () => {
  assert.deepEqual(split(["a\nb"], false), ["1@0 a"]);
  assert.deepEqual(split(["a\nb"]), ["1@0 a", "2@2 b"]);
  assert.deepEqual(split(["a\nb\r"]), ["1@0 a", "2@2 b"]);
});

test("a byte order mark is no text, and counts in offsets", () => {
  assert.deepEqual(split(["\uFEFFa\nb\n"]), ["1@0 a", "2@5 b"]);
});

test("invalid UTF-8 is read with replacement characters and right offsets", () => {
  assert.deepEqual(split([Uint8Array.from([0xff, 0x61, 0x0a, 0x62, 0x0a])]), [
    "1@0 \uFFFDa",
    "2@3 b",
  ]);
});

test("a line longer than the bound is cut to its head, whatever the chunks", () => {
  const long = "x".repeat(LINE_BYTES + 1);
  const expected = [`1@0 ${"x".repeat(LONG_LINE_HEAD_BYTES)}…`, `2@${LINE_BYTES + 2} after`];
  assert.deepEqual(split([`${long}\nafter\n`]), expected);
  assert.deepEqual(split([long.slice(0, 5), long.slice(5), "\nafter\n"]), expected);
  const exact = "y".repeat(LINE_BYTES);
  assert.deepEqual(split([`${exact}\n`]), [`1@0 ${exact}`]);
});

test("an endless line does not fill the memory", () => {
  const splitter = createLineSplitter(() => undefined);
  const chunk = new Uint8Array(1 << 20).fill(120);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 64; i += 1) splitter.feed(chunk);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * LINE_BYTES);
  assert.equal(splitter.bytes(), 64 << 20);
});
