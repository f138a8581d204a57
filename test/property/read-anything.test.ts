import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as fc from "../properties.ts";
import { problemBlocks } from "../../src/journal/receipt/receipt.ts";
import { createJournalReader, readJournal } from "../../src/journal/read/read.ts";
import { pieceHash, renderJournal, stripReceipts } from "../../src/journal/receipt/render.ts";
import { cpuMs } from "../cpu-ms.ts";

/** Runs of each property; NIGHTLAB_TEST_FUZZ multiplies them. */
const TIMES = Number(process.env["NIGHTLAB_TEST_FUZZ"] ?? 1);
/** On a machine that does much else; alone it takes a tenth. */
const MS_PER_KB = 40;
const MS_FOR_ALL = 4_000;

const folder = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const READMES = globSync("*/README.md", { cwd: folder })
  .toSorted()
  .map((name) => readFileSync(folder + name, "utf8").slice(0, 20_000));

const bits = fc.constantFrom(
  "run: a\n\n",
  "\n> **problem** x\n\n",
  "\n> **done** `k7f3` · 41 s\n>\n> - [ ] start\n",
  "```yaml\nrun: b\n",
  "---\nhypothesis: x\n",
  "\u0000",
  "\uD800",
  "\uFEFF",
  "\r",
  "\r\n",
  "\t",
  "> ",
  "- [ ] ",
  "    ",
  "<<<<<<< HEAD\n",
  "```",
  "[",
  "*_`<!",
);

/** A real README with stretches cut out, doubled, and bits of journals put in. */
const mutated = fc
  .record({
    at: fc.nat(1_000_000),
    changes: fc.array(
      fc.record({ at: fc.nat(1_000_000), cut: fc.nat(200), put: bits, again: fc.boolean() }),
      { maxLength: 12 },
    ),
  })
  .map(({ at, changes }) => {
    let text = READMES[at % READMES.length] ?? "";
    for (const change of changes) {
      const from = change.at % (text.length + 1);
      const doubled = change.again ? text.slice(from, from + change.cut) : "";
      text = text.slice(0, from) + change.put + doubled + text.slice(from + change.cut);
    }
    return text;
  });

const bytes = fc
  .uint8Array({ maxLength: 4_000 })
  .map((all) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(all));

const anything = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 1, arbitrary: bytes },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 2_000 }) },
  { weight: 1, arbitrary: fc.array(bits, { maxLength: 80 }).map((all) => all.join("")) },
);

const lines = (text: string): readonly string[] =>
  text.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");

/** Reads it in time, says where everything stands, and answers below it without touching a line. */
function holds(text: string): void {
  let reading = readJournal("");
  const tookMs = cpuMs(() => (reading = readJournal(text)));
  assert.ok(tookMs < MS_FOR_ALL + (text.length / 1_000) * MS_PER_KB, `${tookMs} ms`);
  let end = 0;
  for (const { span, receipt, commands } of reading.blocks) {
    assert.ok(span.start >= end && span.end > span.start && span.end <= text.length);
    for (const { source } of commands) assert.ok(text.slice(span.start, span.end).includes(source));
    end = receipt?.span.end ?? span.end;
  }
  for (const { place } of reading.problems) assert.ok(place.offset <= text.length);
  const pieces = problemBlocks([
    { message: "an answer", place: { line: 1, column: 1, offset: 0 } },
  ]);
  const rendered = new Set(pieces.map(pieceHash));
  const receipts = new Map(reading.blocks.map((_, i) => [i, pieces]));
  const answered = renderJournal({ text, reading, rendered: new Set(), receipts }).text;
  const left = [...lines(answered)];
  for (const line of lines(text)) {
    const at = left.indexOf(line);
    assert.notEqual(at, -1, `lost: ${JSON.stringify(line)}`);
    left.splice(0, at + 1);
  }
  if (!reading.conflicted) stripReceipts(answered, readJournal(answered), rendered);
}

test("whatever is in a file, it is read in time, and an answer keeps every line of it", () => {
  fc.assert(fc.property(anything, holds), { numRuns: 250 * TIMES });
});

test("real READMEs are read as they are, one after the other by one reader", () => {
  assert.ok(READMES.length > 20);
  const reader = createJournalReader();
  for (const text of READMES) assert.deepEqual(reader.read(text), readJournal(text));
});

test("texts that are made to be slow are read in time", () => {
  const long = 10_000;
  for (const text of [
    "> ".repeat(long) + "run: a\n",
    "- ".repeat(long) + "run: a\n",
    "> x\n".repeat(long) + "run: a\n",
    `run: a ${"x".repeat(100_000)}\n`,
    `run: a\n\n\`\`\`\n${"text\n".repeat(long)}`,
    `run: ${"[".repeat(long)}\n\n${"`".repeat(long)}\n\n${"*a ".repeat(long)}`,
    `# ${" ".repeat(100_000)}#\n`,
    `# x${" ".repeat(100_000)}y\n\nrun: a\n`,
    `\`\`\`${" ".repeat(100_000)}x\n\`\`\`\nrun: a\n`,
    "\u0000".repeat(100_000) + "\nrun: a\n",
    "\uD800".repeat(100_000) + "\nrun: a\n",
    "run: a\r\nrun: b\rrun: c\n".repeat(2_000),
    "> **problem** x\n\n".repeat(5_000),
    `---\n${"a: b\n".repeat(5_000)}---\n`,
    `---\n${"text\n".repeat(long)}`,
    `---\nkey: ${"[".repeat(long)}\n---\n`,
    `| ${"a | ".repeat(5_000)}\n| ${"- | ".repeat(5_000)}\nrun: a\n`,
    `${"[a]: b\n".repeat(5_000)}run: a\n`,
    `<!--${"-".repeat(100_000)}\nrun: a\n`,
    `${"1. ".repeat(2_000)}run: a\n`,
  ]) {
    holds(text);
  }
});
