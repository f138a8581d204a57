// Matching lines of two texts: whatever is matched is equal and in order, and long versions of one
// text are matched where they are the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { matchLines } from "../../src/base/line-diff.ts";

const lines = fc.array(fc.constantFrom("", "a", "b", "c", "run: a", "run: b"), { maxLength: 40 });

/** A long text whose lines are each there once but for blank ones, and edits all over it. */
const versions = fc.record({
  length: fc.integer({ min: 600, max: 3_000 }),
  edits: fc.array(
    fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(3), put: lines }),
    {
      minLength: 1,
      maxLength: 12,
    },
  ),
});

/** How many lines only one of two texts has. */
function lineDistance(left: readonly string[], right: readonly string[]): number {
  let same = 0;
  for (const { length } of matchLines(left, right)) same += length;
  return left.length + right.length - 2 * same;
}

function holds(left: readonly string[], right: readonly string[]): void {
  let [i, j] = [0, 0];
  for (const match of matchLines(left, right)) {
    assert.ok(match.length > 0 && match.left >= i && match.right >= j);
    for (let k = 0; k < match.length; k += 1) {
      assert.equal(left[match.left + k], right[match.right + k]);
    }
    [i, j] = [match.left + match.length, match.right + match.length];
  }
}

test("what is matched is equal, and in order", () => {
  fc.assert(fc.property(lines, lines, holds));
});

test("of long versions of one text all but the edits is matched", () => {
  fc.assert(
    fc.property(versions, ({ length, edits }) => {
      const before = Array.from({ length }, (_, i) => (i % 3 === 2 ? "" : `line ${i}`));
      const after = [...before];
      let changed = 0;
      for (const { at, cut, put } of edits) {
        after.splice(Math.floor(at * after.length), cut, ...put);
        changed += cut + put.length;
      }
      holds(before, after);
      assert.ok(
        lineDistance(before, after) <= changed,
        `${lineDistance(before, after)} > ${changed}`,
      );
    }),
    { numRuns: 60 },
  );
});
