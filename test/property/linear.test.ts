// Reading costs steps in proportion to the length: for made-up repeated shapes, each twice as long,
// no file of code takes more than MOST times the steps. The evil ones are those that once took long.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepsOf } from "../steps.ts";
import * as fc from "../properties.ts";
import { startNight } from "../sim/night.ts";
import { readJournal } from "../../src/journal/read/read.ts";
import { createRunReader } from "../../src/logs/run-reader.ts";
import { readLabSettings } from "../../src/settings/lab.ts";

const CHARS = 4_000;
const MINUTE_MS = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const MOST = 2.5;
/** Made-up shapes; more of them with `NIGHTLAB_SHAPES=1000`. The long tests take 200. */
const SHAPES = Number(process.env["NIGHTLAB_SHAPES"] ?? "30");
/** Fewer steps than this are no cost: caches and fixed parts. */
const FEW = 30_000;

const SIGNS = [
  ..."`*_~[]()<>#-+.:=|!&%@\"'\\/{},?^$".split(""),
  "\n",
  "\n",
  "\n\n",
  " ",
  "  ",
  "\t",
  "    ",
  "\r",
  "\r\n",
  "a",
  "b",
  "1",
  "10",
  "é",
  "😀",
  "\u0000",
  "\uFEFF",
  "run: a",
  "- ",
  "- [ ] ",
  "> ",
  "1. ",
  "```",
  "~~~",
  "---",
  "===",
  "%%",
  "<!--",
  "-->",
  "<div>",
  "[a]: b",
  "[^1]: ",
  "| a | b |",
  "|-|-|",
  "[TODO] ",
  "> **done** `k7f3`",
  "> **problem** x",
  "a: b",
  "&a ",
  "*a",
  "<<: ",
  "!!x ",
  "? ",
  "'",
  "windows:",
  "sweep: ",
  "lr=[1,2]",
  "timeout: 2h",
  "loss: 1.5",
  '{"loss": 1}',
  "Epoch 1/3",
  "50%|#",
  "1,2",
  "Traceback (most recent call last):",
  '  File "a.py", line 1',
  "ValueError: x",
  "\u001B[32m",
  "2025-02-02 14:30:00 ",
];

const EVIL = [
  "a\n-\n",
  "- [ ] run: a\n",
  "run: a\n",
  "run: a\n\n",
  "*a_ ",
  "# *a_ *a_\n",
  "# Ignored runs\n",
  "- ",
  "> ",
  "> - ",
  "[a]: b\n",
  '[a]: b "\n',
  "[a]: b\n===\n",
  "> **problem** x\n\n",
  "  run: b\n\n  > **problem** x\n\n",
  "run: a `",
  'run: "',
  "| a |\n|-|\n",
  "a: b\n",
  "a: ",
  "[",
  "{",
  "&a [*a,",
  "k: [\n",
  "loss=",
  "a=1 ",
  "<a x=",
];

/** A unit of 1 to 12 signs. */
const unit = fc.oneof(
  fc.array(fc.constantFrom(...SIGNS), { minLength: 1, maxLength: 12 }).map((all) => all.join("")),
  fc.constantFrom(...EVIL),
);

const LOGS = ["logs/train.log", "logs/metrics.csv", "logs/metrics.jsonl", "trainer_state.json"];

/** What reads a text of any kind that comes from outside. */
const READERS: readonly ((text: string) => void)[] = [
  (text) => void readJournal(text),
  (text) => void readJournal(`---\n${text}\n---\n`),
  (text) => void readLabSettings(text, "UTC"),
  ...LOGS.map((file) => (text: string) => {
    const reader = createRunReader();
    reader.feed(file, Buffer.from(text));
    reader.finish();
    reader.reading();
  }),
];

/** It arrives with its folder, so that its commands are held; a line is added, and all answered. */
function saveAtNight(text: string): void {
  const night = startNight({
    text: `${HEAD}${text}\n`,
    foreign: true,
    durationMs: () => 20_000,
    exitCode: () => 0,
    delayMs: () => 10,
  });
  night.pass(MINUTE_MS);
  night.save(`${night.text()}\n14:45 a thought\n`);
  night.pass(MINUTE_MS);
}

const repeated = (one: string, chars: number): string => one.repeat(Math.ceil(chars / one.length));

/** All of them; steps are counted by file, so that each is judged by itself. */
function readAll(text: string): void {
  for (const read of READERS) read(text);
}

/** Fails if a file of code takes too many steps for twice the text. */
function grows(one: string, { first = "", last = "", work = readAll } = {}): void {
  const text = (chars: number): string => first + repeated(one, chars) + last;
  const tooMany = (): readonly string[] => {
    const once = stepsOf(() => work(text(CHARS)));
    const twice = stepsOf(() => work(text(2 * CHARS)));
    return [...twice].flatMap(([file, steps]) => {
      if (!file.includes("/src/")) return [];
      const most = Math.max(FEW, MOST * (once.get(file) ?? 0));
      return steps <= most ? [] : [`${file}: ${once.get(file)} -> ${steps}`];
    });
  };
  // Code that is optimised in between counts less; then it is so the next time.
  let found = tooMany();
  for (let more = 0; more < 2 && found.length > 0; more += 1) found = tooMany();
  assert.deepEqual(found, [], JSON.stringify(one));
}

test("twice the text takes at most 2.5 times the steps, whatever is repeated", () => {
  fc.assert(
    fc.property(unit, fc.constantFrom("", "- a\n", "```\n", "%%\n", "run: "), (one, first) =>
      grows(one, { first, last: "\nrun: last\n" }),
    ),
    { numRuns: SHAPES },
  );
});

test("so do the shapes that once took long", () => {
  for (const one of EVIL) grows(one);
});

test("so does a save of them, with what is decided and written back", () => {
  for (const one of EVIL) grows(one, { last: "\nrun: last\n", work: saveAtNight });
});
