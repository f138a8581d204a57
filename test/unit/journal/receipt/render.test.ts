import assert from "node:assert/strict";
import { test } from "node:test";
import { format } from "prettier";
import { readJournal } from "../../../../src/journal/read/read.ts";
import { pieceHash, renderJournal, stripReceipts } from "../../../../src/journal/receipt/render.ts";

const DONE = [
  "**done** `k7f3` · 2025-02-02 14:30:00, 41 s · val/loss 0.312 · [de-risk](runs/x)",
  "- 14:30:31 [WEIRD] train/loss is NaN ([train.log:4](runs/x/logs/train.log))",
  "- 14:30:41 another",
  "![train/loss](runs/x/plots/train-loss.webp)",
];
const HELD = ["**held** `m2qd` · needs a go", "- [ ] start (up to 2 h)"];
const RENDERED = new Set([...DONE, ...HELD].map(pieceHash));

function render(text: string, ...receipts: readonly (readonly string[])[]): string {
  const reading = readJournal(text);
  assert.ok(reading.blocks.length > 0, "no block was read");
  return renderJournal({
    text,
    reading,
    rendered: RENDERED,
    receipts: new Map(receipts.entries()),
  }).text;
}

const strip = (text: string): string => stripReceipts(text, readJournal(text), RENDERED);

const RECEIPT = `> ${DONE[0]}
>
> ${DONE[1]}
> ${DONE[2]}
>
> ${DONE[3]}
`;

test("a receipt stands below its command between blank lines", () => {
  const text = "# A\n\nrun: de-risk\n\nnext\n";
  const rendered = render(text, DONE);
  assert.equal(rendered, `# A\n\nrun: de-risk\n\n${RECEIPT}\nnext\n`);
  assert.equal(render(rendered, DONE), rendered);
  assert.equal(strip(rendered), text);
});

test("at the end of the file no blank line follows, and a missing line end is added", () => {
  assert.equal(render("run: a\n", DONE), `run: a\n\n${RECEIPT}`);
  assert.equal(render("run: a", DONE), `run: a\n\n${RECEIPT}`);
  assert.equal(render("run: a\n\n", DONE), `run: a\n\n${RECEIPT}\n`);
  for (const text of ["run: a\n", "run: a\n\n"]) assert.equal(strip(render(text, DONE)), text);
});

test("line ends and a byte order mark stay those of the file", () => {
  const text = "\u{FEFF}run: a\r\n\r\nnext\r\n";
  const expected = `\u{FEFF}run: a\r\n\r\n${RECEIPT.replaceAll("\n", "\r\n")}\r\nnext\r\n`;
  assert.equal(render(text, DONE), expected);
  assert.equal(render(expected, DONE), expected);
  assert.equal(strip(expected), text);
});

test("in a list the receipt stays in its item", () => {
  const text = "- [ ] run: a\n- run: b\n\n1. run: c\n";
  const expected =
    `- [ ] run: a\n\n  > ${HELD[0]}\n  >\n  > ${HELD[1]}\n\n` +
    `- run: b\n\n1. run: c\n\n   > ${HELD[0]}\n   >\n   > ${HELD[1]}\n`;
  assert.equal(render(text, HELD, [], HELD), expected);
  assert.equal(render(expected, HELD, [], HELD), expected);
});

test("a new state takes the place of the old one and nothing else", () => {
  const before = `before\n\nrun: a\n\n${RECEIPT}\nafter *as it is*  \n`;
  assert.equal(
    render(before, HELD),
    `before\n\nrun: a\n\n> ${HELD[0]}\n>\n> ${HELD[1]}\n\nafter *as it is*  \n`,
  );
  assert.equal(render(before), "before\n\nrun: a\n\nafter *as it is*  \n");
});

test("a block to keep is left as it is, and so is a conflicted journal", () => {
  const text = "run: a\n\nrun: b\n";
  const reading = readJournal(text);
  const receipts = new Map([
    [0, DONE],
    [1, HELD],
  ]);
  const kept = renderJournal({ text, reading, rendered: RENDERED, receipts, keep: new Set([0]) });
  assert.equal(kept.text, `run: a\n\nrun: b\n\n> ${HELD[0]}\n>\n> ${HELD[1]}\n`);
  assert.deepEqual(kept.hashes, HELD.map(pieceHash));
  const conflicted = { ...reading, conflicted: true };
  assert.equal(
    renderJournal({ text, reading: conflicted, rendered: RENDERED, receipts }).text,
    text,
  );
});

test("what a person wrote into a receipt stays, below a fresh one", () => {
  const lines = RECEIPT.split("\n");
  const mine = [...lines.slice(0, 2), "> my own *remark*", ">", ...lines.slice(2)].join("\n");
  const text = `run: a\n\n${mine}\nnext\n`;
  const expected = `run: a\n\n${RECEIPT}\n> my own *remark*\n\nnext\n`;
  assert.equal(render(text, DONE), expected);
  assert.equal(render(expected, DONE), expected);
  assert.equal(strip(expected), "run: a\n\n> my own *remark*\n\nnext\n");
  assert.equal(strip(text), strip(expected));
});

test("remarks around the daemon's lines stay apart by one empty line of the quote", () => {
  const [head, first] = DONE;
  const text = `run: a\n\n> ${head}\n>\n> one\n>\n> ${first}\n>\n> two\n\nnext\n`;
  assert.equal(strip(text), "run: a\n\n> one\n>\n> two\n\nnext\n");
  const close = `run: a\n\n> ${head}\n>\n> - one\n> ${first}\n> - two\n\nnext\n`;
  assert.equal(strip(close), "run: a\n\n> - one\n>\n> - two\n\nnext\n");
});

test("several commands in one block have one receipt with the pieces of each", () => {
  const text = "run: a\nrun: b\n\nnext\n";
  const rendered = render(text, [...DONE, ...HELD]);
  assert.equal(rendered, `run: a\nrun: b\n\n${RECEIPT}>\n> ${HELD[0]}\n>\n> ${HELD[1]}\n\nnext\n`);
  assert.deepEqual(
    readJournal(rendered).blocks[0]?.receipt?.heads.map(({ id }) => id),
    ["k7f3", "m2qd"],
  );
  assert.equal(strip(rendered), text);
});

test("an edited line of the daemon's becomes the person's, with a fresh one above it", () => {
  const edited = RECEIPT.replace("another", "another, seen before");
  assert.equal(
    render(`run: a\n\n${edited}\nnext\n`, DONE),
    `run: a\n\n${RECEIPT}\n> - 14:30:41 another, seen before\n\nnext\n`,
  );
});

test("a line right under a receipt stays and gets a blank line above it", () => {
  const expected = `run: a\n\n${RECEIPT}\n14:33 [HUNCH] lazy\n`;
  assert.equal(render(`run: a\n\n${RECEIPT}14:33 [HUNCH] lazy\n`, DONE), expected);
  assert.equal(render(expected, DONE), expected);
  const command = render(`run: a\n\n${RECEIPT}run: b\n`, DONE, HELD);
  assert.equal(command, `run: a\n\n${RECEIPT}\nrun: b\n\n> ${HELD[0]}\n>\n> ${HELD[1]}\n`);
});

test("a tick, a resolved flag, other bullets and other wrapping are still the daemon's lines", () => {
  const ticked = `run: a\n\n> ${HELD[0]}\n>\n> - [x] start (up to 2 h)\n`;
  assert.equal(render(ticked, DONE), `run: a\n\n${RECEIPT}`);
  const changed = RECEIPT.replace("[WEIRD]", "[RESOLVED]").replaceAll("> - ", "> * ");
  assert.equal(render(`run: a\n\n${changed}`, DONE), `run: a\n\n${RECEIPT}`);
});

test("a receipt that this daemon did not write stays as it is", () => {
  const text = "run: a\n\n> **done** `zzzz` · elsewhere\n>\n> ![x](y)\n\nnext\n";
  assert.equal(render(text), text);
  assert.equal(strip(text), text);
});

test("a heading right below a command is pushed down by a blank line", () => {
  const rendered = render("run: a\n# Next\n", DONE);
  assert.equal(rendered, `run: a\n\n${RECEIPT}\n# Next\n`);
  assert.equal(strip(rendered), strip("run: a\n# Next\n"));
});

test("an editor that drops the last line end is not answered with a write", () => {
  const text = `run: a\n\n${RECEIPT}`.trimEnd();
  assert.equal(render(text, DONE), text);
});

test("a fence has its receipt below its closing line", () => {
  const text = "```yaml\nrun: a\ntimeout: 2h\n```\n\nnext\n";
  assert.equal(render(text, DONE), `\`\`\`yaml\nrun: a\ntimeout: 2h\n\`\`\`\n\n${RECEIPT}\nnext\n`);
});

test("prettier leaves a journal with receipts byte for byte", async () => {
  const text = "# A\n\nrun: a\n\n- run: b\n\n- [ ] run: c\n\ntext\n\n```yaml\nrun: d\n```\n";
  const rendered = render(text, DONE, HELD, HELD, DONE);
  const formatted = await format(rendered, { parser: "markdown", proseWrap: "preserve" });
  assert.equal(formatted, rendered);
  assert.equal(render(formatted, DONE, HELD, HELD, DONE), rendered);
});

test("a receipt that text came between goes back up below its command, once", () => {
  const between = `run: a\n\na thought\n\n${RECEIPT}\nnext\n`;
  const expected = `run: a\n\n${RECEIPT}\na thought\n\nnext\n`;
  assert.equal(render(between, DONE), expected);
  assert.equal(render(expected, DONE), expected);
  assert.equal(strip(between), strip(expected));
  const command = `run: a\n\nrun: b\n\n${RECEIPT}`;
  assert.equal(
    render(command, DONE, HELD),
    `run: a\n\n${RECEIPT}\nrun: b\n\n> ${HELD[0]}\n>\n> ${HELD[1]}\n`,
  );
});

test("a receipt elsewhere, or with a line of the person's, stays where it is", () => {
  const below = `run: a\n\n# Results\n\n${RECEIPT}\nnext\n`;
  assert.equal(render(below, DONE), below.replace("run: a\n\n", `run: a\n\n${RECEIPT}\n`));
  const mine = RECEIPT.replace("another", "another, seen before");
  const text = `run: a\n\na thought\n\n${mine}\nnext\n`;
  assert.equal(render(text, DONE), `run: a\n\n${RECEIPT}\na thought\n\n${mine}\nnext\n`);
});

/** What `gq` of Vim with and without its plugin, `fold`, `fold -s` and `fmt` make of a receipt. */
const WRAPPED: readonly (readonly [by: string, text: string])[] = [
  [
    "gq",
    "> **done** `k7f3` · 2025-02-02 14:30:00, 41 s · val/loss\n> 0.312 · [de-risk](runs/x)\n>\n> - 14:30:31 [WEIRD] train/loss is NaN\n>   ([train.log:4](runs/x/logs/train.log))\n> - 14:30:41 another\n>\n> ![train/loss](runs/x/plots/train-loss.webp)\n",
  ],
  [
    "gq without its plugin",
    "> **done** `k7f3` · 2025-02-02 14:30:00, 41 s · val/loss\n> 0.312 · [de-risk](runs/x)\n>\n> - 14:30:31 [WEIRD] train/loss is NaN\n> ([train.log:4](runs/x/logs/train.log)) - 14:30:41 another\n>\n> ![train/loss](runs/x/plots/train-loss.webp)\n",
  ],
  ["fold", RECEIPT.replaceAll(/^.{41}(?=.)/gm, "$&\n")],
  ["fold -s", RECEIPT.replaceAll(/^(.{20,40}) (?=\S)/gm, "$1 \n")],
  [
    "fmt",
    "> **done** `k7f3` · 2025-02-02 14:30:00, 41 s · val/loss\n0.312 · [de-risk](runs/x)\n> > - 14:30:31 [WEIRD] train/loss is NaN\n([train.log:4](runs/x/logs/train.log)) > - 14:30:41 another > >\n![train/loss](runs/x/plots/train-loss.webp)\n",
  ],
];

for (const [by, wrapped] of WRAPPED) {
  test(`a receipt that was wrapped by ${by} is one receipt again`, () => {
    assert.notEqual(wrapped, RECEIPT);
    const expected = `run: a\n\n${RECEIPT}\nnext\n`;
    assert.equal(render(`run: a\n\n${wrapped}\nnext\n`, DONE), expected);
    assert.equal(strip(`run: a\n\n${wrapped}\nnext\n`), strip(expected));
    assert.equal(render(`run: a\n\n${wrapped}`, DONE), `run: a\n\n${RECEIPT}`);
    const mine = wrapped.replace("another", "another, seen before");
    assert.match(render(`run: a\n\n${mine}\nnext\n`, DONE), /another, seen before/);
  });
}
