import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { CommandBlock } from "../../../../src/domain/journal.ts";

function first(text: string): CommandBlock {
  const [block] = readJournal(text).blocks;
  assert.ok(block !== undefined);
  return block;
}

const shown = (text: string): string | undefined => {
  const span = first(text).receipt?.span;
  return span === undefined ? undefined : text.slice(span.start, span.end);
};

const HEAD = "> **done** `k7f3` · 41 s\n";

test("the quote right below a command, or below blank lines, is its receipt", () => {
  assert.equal(shown(`run: a\n\n${HEAD}\ntext\n`), `${HEAD}\n`);
  assert.equal(shown(`run: a\n${HEAD}\n\ntext\n`), `${HEAD}\n`);
  assert.equal(shown(`run: a\n\n\n${HEAD}`), HEAD);
  assert.equal(
    shown(`run: a\n\n${HEAD}${HEAD}>\n> more\n\n> other\n`),
    `${HEAD}${HEAD}>\n> more\n\n`,
  );
});

test("a person's quote below a command is no receipt", () => {
  for (const quote of [
    "> as they say\n",
    "> **done** I think\n",
    "> **Done** `k7f3`\n",
    "> **note** `k7f3` x\n",
    "> done `k7f3`\n",
    `>\n${HEAD}`,
    "text\n\n> **done** `k7f3`\n",
    "    > **done** `k7f3`\n",
  ]) {
    assert.equal(shown(`run: a\n\n${quote}`), undefined, quote);
  }
});

const heads = (quote: string): unknown => first(`run: a\n\n${quote}`).receipt?.heads;

test("a problem's head has no id, and ids of members are read", () => {
  assert.deepEqual(heads("> **problem** no such key\n"), [{ state: "problem" }]);
  assert.deepEqual(heads("> __done__ `k7f3.2-1`\n"), [{ state: "done", id: "k7f3.2-1" }]);
  assert.deepEqual(heads("> **done** `k7f3` x\n> **failed** `m2qd`\n>\n> **lost** `w9ce`\n"), [
    { state: "done", id: "k7f3" },
    { state: "failed", id: "m2qd" },
    { state: "lost", id: "w9ce" },
  ]);
});

test("pieces are paragraphs and items with their whole lines", () => {
  const text = [
    "run: a\n\n",
    "> **held** `k7f3` ·  two\n",
    "> lines\n",
    ">\n",
    "> - 14:30 [WEIRD] one\n",
    ">   goes on\n",
    "> - [x] start (up to 2 h)\n",
    ">\n",
    "> ![loss](a.webp)\n",
  ].join("");
  const pieces = first(text).receipt?.blocks ?? [];
  assert.deepEqual(
    pieces.map(({ span, normal, ticked }) => [text.slice(span.start, span.end), normal, ticked]),
    [
      ["> **held** `k7f3` ·  two\n> lines\n", "**held** `k7f3` · two lines", undefined],
      ["> - 14:30 [WEIRD] one\n>   goes on\n", "14:30 [WEIRD] one goes on", undefined],
      ["> - [x] start (up to 2 h)\n", "start (up to 2 h)", true],
      ["> ![loss](a.webp)\n", "![loss](a.webp)", undefined],
    ],
  );
});

test("a line typed directly below a receipt is the person's and may be a command", () => {
  const text = `run: a\n\n${HEAD}> - [ ] start\nrun: b\n> **running** \`m2qd\`\nrun: c\n14:00 [TODO] x\n`;
  const reading = readJournal(text);
  assert.deepEqual(
    reading.blocks.map(({ receipt, commands }) => [commands[0]?.source, receipt?.heads[0]?.id]),
    [
      ["run: a", "k7f3"],
      ["run: b", "m2qd"],
      ["run: c\n14:00 [TODO] x", undefined],
    ],
  );
  assert.equal(shown(text), `${HEAD}> - [ ] start\n`);
  assert.deepEqual(
    reading.entries.map((entry) => entry.text),
    ["x"],
  );
});

test("boxes, tags and commands inside a receipt are none of the person's", () => {
  const text = `run: a\n\n${HEAD}>\n> - [x] run: b\n> - 14:30 [WEIRD] spike\n>\n> run: c\n`;
  const reading = readJournal(text);
  assert.equal(reading.blocks.length, 1);
  assert.deepEqual(reading.entries, []);
});

test("receipts in list items belong to their items", () => {
  const text =
    "- [ ] run: a\n\n  > **held** `k7f3`\n  run: x\n- [x] run: b\n  > **done** `m2qd`\n\n1. run: c\n\n   > **done** `w9ce`\n";
  assert.deepEqual(
    readJournal(text).blocks.map(({ commands, indent, receipt }) => [
      commands[0]?.source,
      indent.length,
      receipt?.heads[0]?.id,
    ]),
    [
      ["run: a", 2, "k7f3"],
      ["run: x", 2, undefined],
      ["run: b", 2, "m2qd"],
      ["run: c", 3, "w9ce"],
    ],
  );
});

test("a receipt below a fence is the fence's", () => {
  const text = "```yaml\nrun: a\n```\n\n> **waiting** `w9ce`\n";
  assert.equal(first(text).receipt?.heads[0]?.id, "w9ce");
});

test("a receipt keeps CRLF and a missing last line end in its span", () => {
  const text = "run: a\r\n\r\n> **done** `k7f3`\r\n>\r\n> x";
  assert.equal(shown(text), "> **done** `k7f3`\r\n>\r\n> x");
  assert.deepEqual(first(text).receipt?.blocks[1]?.normal, "x");
});
