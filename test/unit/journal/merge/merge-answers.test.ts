// A tick in a start box, or a flag marked as resolved, is a person's word: a merge that finds the
// same lines on both sides loses none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pieceHash } from "../../../../src/journal/receipt/render.ts";
import { mergeSaves } from "../../../../src/journal/merge/merge-saves.ts";
import { versionOf } from "../../../../src/journal/merge/merge-base.ts";
import { readJournal } from "../../../../src/journal/read/read.ts";

const HELD = "**held** `k7f3` · a run over 2 min needs a `because`, or your go";
const BOX = "start (up to 3 h)";
const FLAG = "[WEIRD] loss is NaN";
const journal = (box: string, flag: string, state = HELD): string =>
  `# A\n\nrun: full timeout=3h\n\n> ${state}\n>\n> - ${flag}\n> - [${box}] ${BOX}\n\nrun: b\n`;
const rendered = new Set([HELD, `${HELD}.`, BOX, FLAG].map(pieceHash));
const version = (text: string) => versionOf(text, readJournal(text), rendered);

const merged = (base: string, ours: string, theirs: string, newest: "ours" | "theirs" = "theirs") =>
  mergeSaves({
    base: version(base),
    ours: version(ours),
    theirs: version(theirs),
    newest,
    inFile: "ours",
    rendered,
    read: readJournal,
  }).text;

const open = journal(" ", FLAG);
/** The daemon's text meanwhile: the same receipt in its other form. */
const written = journal(" ", FLAG, `${HELD}.`);

test("a tick in a late save is taken over, where the lines are the same", () => {
  assert.match(merged(open, written, journal("x", FLAG)), /- \[x\] start/);
  assert.match(merged(open, open, journal("x", FLAG)), /- \[x\] start/);
});

test("so is a flag that it marks as resolved", () => {
  const resolved = journal(" ", FLAG.replace("WEIRD", "RESOLVED"));
  assert.match(merged(open, written, resolved), /\[RESOLVED\] loss is NaN/);
});

test("a tick that was there before and is taken back in the file is not brought back", () => {
  const ticked = journal("x", FLAG);
  assert.equal(merged(ticked, written, ticked), written);
});

test("a receipt that has gone on needs no answer any more", () => {
  const running = open.replace(
    `> ${HELD}\n>\n> - ${FLAG}\n> - [ ] ${BOX}\n`,
    "> **running** `k7f3`\n",
  );
  assert.equal(merged(open, running, journal("x", FLAG)), running);
});
