// Random texts that look like journals: whole lines of the language, and bits that break them.
// What is to hold for them stands in the tests that use them.
import * as fc from "../properties.ts";

const LINES = [
  "run: de-risk",
  "run: full --epochs 20 timeout=2h",
  'run: a because="why',
  "eval: k7f3 !",
  "Run: x",
  "stop: k7f3",
  "script: plot.py full",
  "run: ../x",
  "run: a –epochs 3",
  "text in a line",
  "> **done** `k7f3` · 41 s",
  "> - [ ] start (up to 2 h)",
  ">",
  "> a person's quote",
  "> **problem** no such key",
  "- [ ] run: a",
  "- [x] run: b --x 1",
  "- ",
  "-",
  "* item",
  "2. two",
  "1) one",
  "```yaml",
  "```run",
  "```",
  "~~~",
  "run: fenced",
  "timeout: 2h",
  "args: { lr: 1e-4 }",
  "---",
  "===",
  "# Title",
  "## Ignored runs",
  "- `lr-3`: broken",
  "14:45 [TODO] check",
  "[HUNCH] maybe",
  "<!--",
  "-->",
  "<div>",
  "</div>",
  "<b>",
  "[a]: /b",
  "[^1]: note",
  "| a | b |",
  "| - | - |",
  "***",
  "<<<<<<< HEAD",
  ">>>>>>> other",
  "\u0000",
  "😀 run: x",
  "",
  "",
  "",
];
const INDENTS = [
  "",
  "",
  "",
  "",
  " ",
  "  ",
  "   ",
  "    ",
  "      ",
  "\t",
  "> ",
  ">",
  "- ",
  "1. ",
  "> - ",
];
const ENDS = ["\n", "\n", "\n", "\r\n", "\r"];

const line = fc
  .tuple(
    fc.array(fc.constantFrom(...INDENTS), { maxLength: 2 }),
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(...LINES) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 12 }) },
    ),
  )
  .map(([indent, text]) => indent.join("") + text);

/** Texts with one kind of line end or several, with or without a byte order mark and a last end. */
export const journalText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "", "\uFEFF"),
    fc.constantFrom("", "", "---\nhypothesis: a\nmetrics: [b]\n---\n"),
    fc.array(fc.tuple(line, fc.constantFrom(...ENDS)), { maxLength: 24 }),
    fc.constantFrom("", "", "run: last", "  "),
  )
  .map(([bom, head, lines, last]) => bom + head + lines.flat().join("") + last);

/**
 * Without what remark and CommonMark read differently: below a paragraph or code, list markers that
 * have no text or a number other than 1, and a lone tag below the text of an item.
 */
export function withoutDisputed(text: string): string {
  return text
    .replaceAll("<b>", "<b> x")
    .replaceAll(/[02-9]+[.)]/g, "1.")
    .replaceAll(/(?<=^|[ \t>\r\n])([-+*]|\d+[.)])(?=[ \t]*(?:[\r\n]|$))/g, "$1 x");
}
