import assert from "node:assert/strict";
import { test } from "node:test";
import { pieceHash, renderJournal } from "../../../../src/journal/receipt/render.ts";
import { createJournalReader, readJournal } from "../../../../src/journal/read/read.ts";
import { cpuMs } from "../../../cpu-ms.ts";

test("tagged lines are entries with their tags, time and text", () => {
  const text = [
    "# T\n\n## 2025-02-02\n\n",
    "14:45 [TODO] check\nthe clipping\n\n",
    "- 14:33:01 [WEIRD] [HUNCH] spike\n- [ ] [TODO] box\n\n",
    "2025-02-03 09:00 [RESOLVED] k7f3 spike\n\n",
    "[HUNCH] later\n[TODO] more\n",
  ].join("");
  assert.deepEqual(readJournal(text).entries, [
    { tags: ["TODO"], line: 5, time: "14:45", text: "check the clipping", date: "2025-02-02" },
    { tags: ["WEIRD", "HUNCH"], line: 8, time: "14:33:01", text: "spike", date: "2025-02-02" },
    { tags: ["TODO"], line: 9, text: "box", date: "2025-02-02" },
    { tags: ["RESOLVED"], line: 11, time: "2025-02-03 09:00", text: "k7f3 spike" },
    { tags: ["HUNCH"], line: 13, text: "later", date: "2025-02-03" },
    { tags: ["TODO"], line: 14, text: "more", date: "2025-02-03" },
  ]);
});

test("what only looks like an entry is none", () => {
  for (const text of [
    "[TODO](link) x\n",
    "a [TODO] x\n",
    "[todo] x\n",
    "14:45 checked\n",
    "> [TODO] x\n",
    "```\n[TODO] x\n```\n",
    "    [TODO] x\n",
    "[TODO]: /url\n",
  ]) {
    assert.deepEqual(readJournal(text).entries, [], text);
  }
});

test("sections are the headings with their text, receipts left out", () => {
  const text =
    "intro\n\n# Ti*t*le `x` #\n\nA.\n\nrun: a\n\n> **done** `k7f3`\n>\n> more\n\nB.\n\nSub\nline\n---\nC.\n\n> # quoted\n\n- # in item\n";
  const { title, sections } = readJournal(text);
  assert.equal(title, "Title x");
  assert.deepEqual(sections, [
    { title: "Title x", depth: 1, line: 3, text: "A.\n\nrun: a\n\nB." },
    { title: "Sub line", depth: 2, line: 15, text: "C.\n\n> # quoted\n\n- # in item" },
  ]);
});

test("the section of ignored runs names them with their lines", () => {
  const text =
    "# T\n\n## Ignored runs\n\n- `lr-3`: broken\n- full\n\n### more\n\n- x2\n\n## Next\n\n- y\n";
  assert.deepEqual(readJournal(text).ignored, [
    { target: "lr-3", reason: "broken", line: 5, file: "JOURNAL.md" },
    { target: "full", line: 6, file: "JOURNAL.md" },
    { target: "x2", line: 10, file: "JOURNAL.md" },
  ]);
});

test("git's conflict markers outside fences freeze the journal", () => {
  const conflict = "<<<<<<< HEAD\nrun: a\n=======\nrun: b\n>>>>>>> other\n";
  assert.equal(readJournal(conflict).conflicted, true);
  assert.equal(readJournal(`---\n${conflict}---\n`).conflicted, true);
  assert.equal(readJournal(`~~~\n${conflict}~~~\n`).conflicted, false);
  assert.equal(readJournal(`- a\n\n  \`\`\`\n  x\n${conflict}`).conflicted, true);
  assert.equal(readJournal("Title\n=======\n\n> > x\n").conflicted, false);
});

test("the plan is read from the frontmatter with places in the file", () => {
  const text = "\uFEFF---\r\nhypothesis: If A: b\r\ntimeot: 3\r\n---\r\n# T\r\n";
  const { plan, problems, title } = readJournal(text);
  assert.equal(plan.hypothesis, "If A: b");
  assert.equal(title, "T");
  assert.deepEqual(
    problems.map(({ place }) => [
      place.line,
      place.column,
      text.slice(place.offset, place.offset + 4),
    ]),
    [
      [2, 1, "hypo"],
      [3, 1, "time"],
    ],
  );
  const second = readJournal("---\ntimeot: 3h\n---\n").problems[0];
  assert.match(second?.fix ?? "", /`timeout`/);
  assert.deepEqual(second?.place, { line: 2, column: 1, offset: 4 });
});

test("frontmatter without an end is told", () => {
  const { problems, blocks } = readJournal("---\nhypothesis: x\n\nrun: a\n");
  assert.match(problems[0]?.message ?? "", /nothing closes the frontmatter/);
  assert.deepEqual(
    blocks.map(({ commands }) => commands.length),
    [0, 1],
  );
  assert.deepEqual(readJournal("---\n\nrun: a\n").problems, []);
});

const told = (text: string): readonly string[] =>
  readJournal(text).problems.map(({ message, place }) => `${place.line}: ${message}`);
const targets = (text: string): readonly (string | undefined)[] =>
  readJournal(text).blocks.flatMap(({ commands }) => commands.map(({ spec }) => spec?.target));

test("a paragraph or fence of over 2,048 characters is no command, and says so", () => {
  const tooLong = "this is longer than 2,048 characters, so no command is read here";
  const value = "x".repeat(2_048);
  for (const command of [
    `run: a --x ${value}\n`,
    `- [ ] run: a --x ${value}\n`,
    "run: a\n".repeat(300),
    `\`\`\`yaml\nrun: a\nargs: { x: ${value} }\n\`\`\`\n`,
  ]) {
    const text = `# T\n\n${command}\nrun: b\n`;
    assert.deepEqual(told(text), [`3: ${tooLong}`]);
    assert.deepEqual(targets(text), ["b"]);
  }
  const within = `run: a --x ${"x".repeat(2_048 - 11)}`;
  assert.deepEqual(targets(`${within}\n`), ["a"]);
  assert.deepEqual(targets(`${within}x\n`), []);
});

test("long text that begins like no command is text, and its tagged lines are read", () => {
  const words = "More words than commands.\n".repeat(100);
  const text = `${words}run: a\n[TODO] look\n\n\`\`\`python\n${words}run: x\n\`\`\`\n`;
  assert.deepEqual(told(text), []);
  assert.deepEqual(targets(text), []);
  assert.deepEqual(
    readJournal(text).entries.map(({ text: own }) => own),
    ["look"],
  );
});

const many = (count: number): string =>
  Array.from({ length: count }, (_, i) => `run: a --x ${i}\n\n`).join("");

test("of a journal with more than 5,000 commands the first 5,000 are read, and the next is told", () => {
  assert.equal(targets(many(5_000)).length, 5_000);
  assert.deepEqual(told(many(5_000)), []);
  const long = many(6_000);
  assert.equal(targets(long).length, 5_000);
  assert.deepEqual(told(long), [
    "10001: this journal has more than 5,000 commands, and those from here on are not read",
  ]);
  // One above makes the place move up; what was said at the old one can be taken away.
  const reading = readJournal(long);
  const problem = ["**problem** it is said here"];
  const receipts = new Map([[5_000, problem]]);
  const rendered = new Set(problem.map(pieceHash));
  const { text } = renderJournal({ text: long, reading, rendered: new Set(), receipts });
  const grown = `run: new\n\n${text}`;
  assert.equal(
    renderJournal({ text: grown, reading: readJournal(grown), rendered, receipts: new Map() }).text,
    `run: new\n\n${long}`,
  );
});

test("lists that are too deep to read are told and stop nothing else", () => {
  const deep = `${"- ".repeat(5_000)}run: a\n\nrun: b\n`;
  assert.match(told(deep)[0] ?? "", /nested deeper/);
  assert.deepEqual(targets(deep), ["b"]);
  assert.deepEqual(targets(`${">".repeat(50_000)} run: a\n\nrun: b\n`), ["b"]);
});

test("a journal of a megabyte reads in linear time, and again in much less", () => {
  const parts: string[] = [];
  for (let i = 0; parts.length < 2_600; i += 1) {
    parts.push(
      `## 2025-02-02 day ${i}\n\nProse about the *thing*, see [it](http://x.y).\n\n`,
      `run: full-${i} --epochs 20\n\n> **done** \`k7f3\` · 41 s · val/loss 0.3${i}\n>\n> ![a](b)\n\n`,
      `14:33 [HUNCH] the spike ${i} is the first batch\n\n${"More words than commands. ".repeat(40)}\n\n`,
    );
  }
  const text = parts.join("");
  assert.ok(text.length > 1_000_000, String(text.length));
  const reader = createJournalReader();
  const cold = cpuMs(() => reader.read(text));
  const warm = cpuMs(() => reader.read(`${text}\nrun: last\n`));
  // Generous: a reader whose time grows with the square takes 30 s.
  assert.ok(cold < 4_000, `cold ${cold} ms`);
  assert.ok(warm < cold / 2, `warm ${warm} ms after ${cold} ms`);
});

test("lines made to be slow are read in time", () => {
  for (const text of [
    `run: a ${"*_[`<!".repeat(20_000)}\n`,
    `run: a ${"a.".repeat(60_000)}@\n`,
    `run: a ${"'x ".repeat(40_000)}\n`,
    `run: a ${'"a"b '.repeat(25_000)}\n`,
    `run: a ${"` `` ```".repeat(12_000)}\n`,
    `run: a\n${"--x 1\n".repeat(7_000)}`,
    `# run: ${"[a](".repeat(30_000)}\n`,
    `[TODO] ${" \t".repeat(60_000)}x\n`,
    `> **done** \`k7f3\`\nrun: b\n`.repeat(5_000),
    `- a\n  ${"- run: b\n  ".repeat(3_000)}`,
    `<a ${"b ".repeat(60_000)}\nrun: a\n`,
  ]) {
    const ms = cpuMs(() => readJournal(text));
    assert.ok(ms < 3_000, `${ms} ms for ${text.slice(0, 20)}`);
  }
});
