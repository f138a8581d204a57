import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePages, pageWith } from "../../src/report/page/merge-pages.ts";
import type { PageBlock } from "../../src/base/page-signature.ts";
import * as fc from "../properties.ts";

const BLOCKS = (night: string): readonly PageBlock[] => [
  { key: "night", text: `## The night to ${night}` },
  { key: "night.done.list", text: `- done in ${night}\n- flagged in ${night}` },
];

/** A person's paragraphs, and what one save makes of them: some changed, some added behind. */
const paragraphs = fc.array(fc.constantFrom("alpha", "beta", "gamma", "- delta", "> eps"), {
  minLength: 1,
  maxLength: 6,
});
const edits = fc.array(
  fc.record({
    at: fc.nat(6),
    change: fc.boolean(),
    word: fc.string({ minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 4 },
);
type Edits = readonly { readonly at: number; readonly change: boolean; readonly word: string }[];

function edited(side: string, base: readonly string[], by: Edits): readonly string[] {
  return base.flatMap((text, i) => {
    const here = by.filter(({ at }) => at === i);
    const words = here.map(
      ({ word, change }, n) => `${side}${change ? "" : "+"}${n} ${word.replaceAll(/\s/g, "_")}`,
    );
    return here.some(({ change }) => change) ? words : [text, ...words];
  });
}

const pageOf = (own: readonly string[], night: string): string =>
  pageWith(`${own.join("\n\n")}\n`, BLOCKS(night), { isEmpty: false, shown: false });

test("two saves that crossed lose no line that either of them wrote, and it settles", () => {
  fc.assert(
    fc.property(paragraphs, edits, edits, fc.boolean(), (base, ours, theirs, old) => {
      const mine = edited("ours", base, ours);
      const late = edited("theirs", base, theirs);
      const input = {
        base: pageOf(base, "1"),
        ours: pageOf(mine, old ? "1" : "2"),
        theirs: pageOf(late, "1"),
        blocks: BLOCKS("2"),
      };
      const merged = mergePages(input);
      const page = pageWith(merged, BLOCKS("2"), { isEmpty: false, shown: false });
      const lines = page.split("\n");
      for (const line of [...mine, ...late].filter((one) => /^(?:ours|theirs)/.test(one))) {
        assert.ok(lines.includes(line), `${line} is lost:\n${page}`);
      }
      assert.equal(lines.filter((line) => line === "- done in 2").length, 1, page);
      assert.ok(!lines.includes("- done in 1"), page);
      assert.equal(
        mergePages({ ...input, ours: page }),
        page,
        "once merged, nothing more is to do",
      );
    }),
  );
});
