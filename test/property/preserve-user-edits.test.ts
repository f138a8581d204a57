import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { renewPage } from "../../src/report/page/preserve-user-edits.ts";
import type { PageBlock } from "../../src/base/page-signature.ts";

const KEYS = ["title", "abstract", "methods", "table", "figure", "discussion", "end"];

/** A version of the page: some of the blocks in any order, each with a text of that version. */
const version: fc.Arbitrary<readonly PageBlock[]> = fc
  .tuple(
    fc.shuffledSubarray(KEYS, { minLength: 1 }),
    fc.array(fc.nat(3), { minLength: 7, maxLength: 7 }),
  )
  .map(([keys, texts]) =>
    keys.map((key, i) => ({
      key,
      text: `The ${key}, version ${texts[i]}.\nSecond line of ${key}.`,
    })),
  );

const line = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }).map((text) => text.replaceAll(/[\r\n]/g, "")),
  fc.constantFrom("```", "~~~~ x", "## Heading", "> quote", "  - item", "| a | b |", "\t", "é🎉"),
);
/** What a person adds: lines that begin and end with text, blank ones between them. */
const addition = fc
  .tuple(fc.array(line, { maxLength: 4 }), fc.nat(999))
  .map(([lines, n]) => [`<${n}`, ...lines, `${n}>`].join("\n"));

const renew = (current: string | undefined, blocks: readonly PageBlock[]): string => {
  const renewed = renewPage(current, blocks);
  assert.ok(renewed.kind === "page", renewed.kind);
  return renewed.text;
};

/** Puts the text between two lines of the page, in a paragraph of its own. */
function insert(page: string, text: string, where: number): string {
  const gaps = [0, ...[...page.matchAll(/\n\n/g)].map((match) => match.index + 2), page.length];
  const at = gaps[where % gaps.length] ?? 0;
  const before = at === page.length ? "\n" : "";
  return `${page.slice(0, at)}${before}${text}\n\n${page.slice(at)}`;
}

test("what a person adds anywhere survives any renewals, byte for byte and in order", () => {
  const added = fc.array(fc.tuple(addition, fc.nat(1000)), { minLength: 1, maxLength: 4 });
  const versions = fc.array(version, { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(versions, added, (pages, additions) => {
      const [first = [], ...later] = pages;
      let page = renew(undefined, first);
      for (const [text, where] of additions) page = insert(page, text, where);
      const order = additions
        .map(([text]) => text)
        .filter(
          (text, i, all) =>
            all.indexOf(text) === i && page.indexOf(text) === page.lastIndexOf(text),
        )
        .toSorted((a, b) => page.indexOf(a) - page.indexOf(b));
      for (const blocks of later) {
        page = renew(page, blocks);
        let from = 0;
        for (const text of order) {
          const at = page.indexOf(text, from);
          assert.ok(at >= 0, `${JSON.stringify(text)} is gone or out of order in\n${page}`);
          from = at + text.length;
        }
        assert.equal(renew(page, blocks), page, "renewing again changes nothing");
      }
    }),
    { numRuns: 400, verbose: true },
  );
});
