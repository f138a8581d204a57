// What a person has commented out is text: Obsidian's `%%` blocks, which other readers know nothing of.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createJournalReader, readJournal } from "../../../../src/journal/read/read.ts";

const commands = (text: string): readonly string[] =>
  readJournal(text).blocks.flatMap((block) =>
    block.commands.map(({ spec, source }) => (spec === undefined ? `?${source}` : source)),
  );
const problems = (text: string): readonly string[] =>
  readJournal(text).problems.map(({ message, place }) => `${place.line}: ${message}`);

test("a command between two lines of %% is text, with blank lines and without", () => {
  assert.deepEqual(commands("%%\n\nrun: x\n\n%%\n\nrun: a\n"), ["run: a"]);
  assert.deepEqual(commands("%%\nrun: x !\n%%\nrun: a\n"), ["run: a"]);
  assert.deepEqual(commands("run: a\n%% off for now\n\n```yaml\nrun: x\n```\n\n%%\n\nrun: b\n"), [
    "run: a",
    "run: b",
  ]);
});

test("a comment that ends on its own line hides nothing below", () => {
  assert.deepEqual(commands("%% a note %%\n\nrun: a\n"), ["run: a"]);
});

test("%% in code, in a sentence, or indented as code begins no comment", () => {
  assert.deepEqual(commands("```\n%%\n```\n\nrun: a\n"), ["run: a"]);
  assert.deepEqual(commands("90 %% of it\n\nrun: a\n"), ["run: a"]);
  assert.deepEqual(commands("x\n\n    %%\n\nrun: a\n"), ["run: a"]);
});

test("a comment that nothing closes is told where it has swallowed a command", () => {
  const text = "run: a\n\n%%\n\nrun: x\n";
  assert.deepEqual(commands(text), ["run: a"]);
  assert.deepEqual(problems(text), [
    "3: nothing closes the comment that begins here, so everything below it is hidden",
  ]);
  assert.deepEqual(problems("run: a\n\n%%\n\nonly words\n"), []);
});

test("a comment that is opened or closed by an edit hides or shows what is below it", () => {
  const reader = createJournalReader();
  const filler = Array.from({ length: 300 }, (_, i) => `paragraph ${i} of this journal\n`).join(
    "\n",
  );
  const names = (text: string): readonly string[] =>
    reader.read(text).blocks.flatMap((block) => block.commands.map(({ source }) => source));
  const open = `%%\n\n${filler}\nrun: x\n\n${filler}\n`;
  const words = `${filler}\nrun: x\n\n${filler}\n`;
  assert.deepEqual(names(words), ["run: x"]);
  assert.deepEqual(names(open), []);
  assert.deepEqual(names(open.replace("\nrun: x\n", "\n%%\n\nrun: x\n")), ["run: x"]);
  assert.deepEqual(names(`${open}%%\n\nrun: y\n`), ["run: y"]);
  assert.deepEqual(names(words), ["run: x"]);
});
