// Merging lines of two saves: what each side did stays, and what cannot be both is said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeLines, type Side } from "../../../src/base/merge.ts";

const words = (text: string): readonly string[] => (text === "" ? [] : text.split(" "));
const blank = (text: string): readonly string[] => words(text).map((w) => (w === "_" ? "" : w));

/** Words stand for lines here; `_` is a blank one. */
function merge(
  base: string,
  ours: string,
  theirs: string,
  options: { readonly newest?: Side; readonly unproved?: readonly Side[] } = {},
): { readonly text: string; readonly conflicts: number } {
  const merged = mergeLines({
    base: blank(base),
    ours: blank(ours),
    theirs: blank(theirs),
    newest: "theirs",
    ...options,
  });
  const text = merged.lines.map((line) => line.text || "_").join(" ");
  return { text, conflicts: merged.conflicts.length };
}

const clean = (text: string) => ({ text, conflicts: 0 });

test("what one side alone did is done", () => {
  assert.deepEqual(merge("a b c", "a b c", "a B c"), clean("a B c"));
  assert.deepEqual(merge("a b c", "a b c d", "a b c"), clean("a b c d"));
  assert.deepEqual(merge("a b c", "a c", "a b c"), clean("a c"));
  assert.deepEqual(merge("a b c d e", "A b c d e", "a b c d E"), clean("A b c d E"));
});

test("what both did alike is done once", () => {
  assert.deepEqual(merge("a b c", "a X c", "a X c"), clean("a X c"));
  assert.deepEqual(merge("a", "a new", "a new"), clean("a new"));
});

test("lines that both added at one place both stay, the older first, a blank line between", () => {
  assert.deepEqual(merge("a", "a one", "a two"), clean("a one _ two"));
  assert.deepEqual(merge("a", "a one", "a two", { newest: "ours" }), clean("a two _ one"));
  assert.deepEqual(merge("", "one _", "two _"), clean("one _ two _"));
  assert.deepEqual(merge("a", "a one two", "a one"), clean("a one two"));
  assert.deepEqual(merge("a", "a one", "a one two"), clean("a one two"));
});

test("the beginning of a line that is whole by now does not come back", () => {
  assert.deepEqual(merge("a", "a run:de", "a run:de-risk"), clean("a run:de-risk"));
  assert.deepEqual(
    merge("a", "a run:de-risk", "a run:de", { newest: "ours" }),
    clean("a run:de-risk"),
  );
  assert.deepEqual(merge("a x b", "a run:de b", "a run:de-risk b"), clean("a run:de-risk b"));
});

test("where both changed the same lines the newest stands, and it is said", () => {
  assert.deepEqual(merge("a b c", "a X c", "a Y c"), { text: "a Y c", conflicts: 1 });
  assert.deepEqual(merge("a b c", "a X c", "a Y c", { newest: "ours" }), {
    text: "a X c",
    conflicts: 1,
  });
  assert.deepEqual(merge("a b c", "a X c", "a c"), { text: "a c", conflicts: 1 });
});

test("a save that the text already has is merged in without a second copy of its lines", () => {
  assert.deepEqual(merge("a b c", "a B new c", "a b new c"), clean("a B new c"));
  assert.deepEqual(merge("a b c", "a new B c", "a new b c"), clean("a new B c"));
  assert.deepEqual(merge("a b", "a B _ new", "a b _ new"), clean("a B _ new"));
});

test("lines added beside a changed or deleted one are no conflict", () => {
  assert.deepEqual(merge("a b c", "a B c", "a b new c"), clean("a B new c"));
  assert.deepEqual(merge("a b c", "a B c", "a new b c"), clean("a new B c"));
  assert.deepEqual(merge("a b c", "a new b c", "a c"), clean("a new c"));
});

test("what only a text that may be half a save lacks stays", () => {
  const torn = { unproved: ["ours"] } as const;
  assert.deepEqual(merge("a b c d", "a b", "a b c d", torn), clean("a b c d"));
  assert.deepEqual(merge("a b cc d", "a b c", "a b cc d e", torn), clean("a b cc d e"));
  assert.deepEqual(merge("a b c d", "a b", "a b c d"), clean("a b"));
  assert.deepEqual(merge("a b c", "a new c", "a b c", torn), clean("a new c"));
});

test("a merge knows where each line comes from", () => {
  const merged = mergeLines({ base: ["a"], ours: ["a", "x"], theirs: ["y", "a"], newest: "ours" });
  assert.deepEqual(merged.lines, [
    { text: "y", theirs: 0 },
    { text: "a", ours: 0, theirs: 1 },
    { text: "x", ours: 1 },
  ]);
});
