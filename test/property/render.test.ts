import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { format } from "prettier";
import { readJournal } from "../../src/journal/read/read.ts";
import { pieceHash, renderJournal, stripReceipts } from "../../src/journal/receipt/render.ts";

/** Receipts that the daemon may have written, one after the other, for any of the blocks. */
const STATES = ["k7f3", "m2qd", "w9ce"].flatMap((id) => [
  [`**queued** \`${id}\` · next`],
  [`**held** \`${id}\` · needs a go`, `- [ ] start (up to 2 h, ${id})`],
  [
    `**done** \`${id}\` · 2025-02-02 14:30:00, 41 s · [x](runs/${id})`,
    `- 14:30:31 [WEIRD] train/loss is NaN ([train.log:4](runs/${id}/logs/train.log))`,
    `- 14:30:41 another of ${id}`,
    `![train/loss](runs/${id}/plots/train-loss.webp)`,
  ],
]);
const RENDERED = new Set(STATES.flat().map(pieceHash));

/** Paragraphs of a journal as people write them; none is made of the daemon's lines. */
const paragraph = fc.constantFrom(
  "run: a",
  "run: b --lr 1e-4\nrun: c",
  "- run: d",
  "- [ ] run: e\n- run: f",
  "1. run: g",
  "- item\n\n  run: h",
  "- run: i\n  - nested",
  "```yaml\nrun: j\ntimeout: 2h\n```",
  "run: k\n# Heading at once",
  "```yaml\nrun: l\n```\ntext at once",
  "14:33 [HUNCH] the spike is the *first* batch  ",
  "# Heading",
  "> a quote of the person's",
  "```text\n> **done** `k7f3`\n\nrun: not-a-command\n```",
  "| a | b |\n| - | - |\n| 1 | 2 |",
  "emoji 🙂 and\ttabs",
);

const journal = fc
  .record({
    paragraphs: fc.array(paragraph, { minLength: 1, maxLength: 8 }),
    gaps: fc.array(fc.constantFrom("\n\n", "\n\n", "\n\n\n", "\n \n"), {
      minLength: 8,
      maxLength: 8,
    }),
    eol: fc.constantFrom("\n", "\r\n"),
    bom: fc.constantFrom("", "\u{FEFF}"),
    end: fc.constantFrom("", "\n", "\n\n"),
  })
  .map(({ paragraphs, gaps, eol, bom, end }) => {
    const text = paragraphs
      .map((one, i) => (i === 0 ? one : (gaps[i - 1] ?? "\n\n") + one))
      .join("");
    return bom + (text + end).replaceAll("\n", eol);
  });

const choices = fc.array(fc.option(fc.nat(STATES.length - 1), { nil: undefined }), {
  minLength: 12,
  maxLength: 12,
});

function render(text: string, choice: readonly (number | undefined)[]): string {
  const reading = readJournal(text);
  const receipts = new Map<number, readonly string[]>();
  reading.blocks.forEach((_, i) => {
    const state = STATES[choice[i] ?? -1];
    if (state !== undefined) receipts.set(i, state);
  });
  return renderJournal({ text, reading, rendered: RENDERED, receipts }).text;
}

const strip = (text: string): string => stripReceipts(text, readJournal(text), RENDERED);

const commands = (of: string): readonly string[] =>
  readJournal(of).blocks.flatMap((block) => block.commands.map(({ source }) => source));

const linesOf = (text: string): readonly string[] =>
  text.split(/\r\n|\n|\r/).filter((line) => line.replaceAll(/[\s>]/g, "") !== "");

/** A person's edit inside or around receipts: a line put after the nth line, or one changed. */
const edits = fc.array(
  fc.record({
    at: fc.nat(40),
    kind: fc.constantFrom("quoted", "item", "below", "changed", "lazy"),
  }),
  { maxLength: 3 },
);

function edit(text: string, all: readonly { at: number; kind: string }[]): string {
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text.split(eol);
  all.forEach(({ at, kind }, n) => {
    const quoted = lines.flatMap((line, i) => (/^ *> *\S/.test(line) ? [i] : []));
    const i = quoted[at % Math.max(1, quoted.length)];
    const line = lines[i ?? -1];
    if (i === undefined || line === undefined) return;
    const indent = /^ */.exec(line)?.[0] ?? "";
    if (kind === "quoted")
      lines.splice(i + 1, 0, `${indent}>`, `${indent}> mine ${n}`, `${indent}>`);
    else if (kind === "item") lines.splice(i + 1, 0, `${indent}>`, `${indent}> - item ${n}`);
    else if (kind === "lazy") lines.splice(i + 1, 0, `${indent}run: lazy${n}`);
    else if (kind === "below") lines.splice(i + 1, 0, "", `mine ${n}`, "");
    else lines[i] = `${line} changed ${n}`;
  });
  return lines.join(eol);
}

test("rendering what was rendered changes nothing", () => {
  fc.assert(
    fc.property(journal, choices, (text, choice) => {
      const once = render(text, choice);
      assert.equal(render(once, choice), once);
    }),
    { numRuns: 300 },
  );
});

test("a text and its rendering are one text of the person's, through any states", () => {
  fc.assert(
    fc.property(journal, choices, choices, (text, first, second) => {
      const stripped = strip(text);
      const rendered = render(stripped, first);
      assert.equal(strip(rendered), stripped);
      assert.equal(strip(render(rendered, second)), stripped);
      assert.equal(render(rendered, second), render(stripped, second));
    }),
    { numRuns: 300 },
  );
});

test("every line of the person's survives in its order, inside receipts too", () => {
  fc.assert(
    fc.property(journal, choices, choices, edits, (text, first, second, changes) => {
      const edited = edit(render(text, first), changes);
      const mine = linesOf(edited).filter((line) => !RENDERED.has(pieceHash(line)));
      const after = linesOf(render(edited, second));
      assert.deepEqual(
        after.filter((line) => !RENDERED.has(pieceHash(line))),
        mine,
      );
      const again = render(edited, second);
      assert.equal(render(again, second), again);
    }),
    { numRuns: 300 },
  );
});

test("no command appears or disappears by a rendering", () => {
  fc.assert(
    fc.property(journal, choices, (text, choice) => {
      assert.deepEqual(commands(render(text, choice)), commands(text));
    }),
    { numRuns: 200 },
  );
});

test("prettier leaves a rendered journal as it is, where it left the person's text", async () => {
  const options = { parser: "markdown", proseWrap: "preserve" } as const;
  await fc.assert(
    fc.asyncProperty(journal, choices, async (text, choice) => {
      const tidy = await format(text.replaceAll("\r\n", "\n"), options);
      const loose = await format(render(tidy, choice), options);
      // A list is made loose by its first receipt; prettier then says the same of all its items.
      const rendered = render(loose, choice);
      assert.equal(rendered, loose);
    }),
    { numRuns: 60 },
  );
});
