import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../src/journal/read/read.ts";
import { startNight, type Night } from "../sim/night.ts";
import { MISTAKES } from "./mistakes.ts";

const HEAD = "---\nhypothesis: The loss falls.\nscript: train.py\n---\n";

function nightWith(text: string): Night {
  const night = startNight({
    text,
    durationMs: () => 20_000,
    exitCode: () => 0,
    delayMs: () => 5,
  });
  night.pass(1_000);
  return night;
}

/** Lines of the daemon's, and what is left without them and the blank lines around them. */
const told = (text: string): readonly string[] =>
  text.split("\n").filter((l) => l.startsWith("> **"));
const own = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line.trim() !== "" && !/^\s*>/.test(line));

for (const { wrong, right, says, below, mend = [wrong, right] } of MISTAKES) {
  test(`told in one line at its place, and gone when mended: ${JSON.stringify(wrong)}`, () => {
    const whole = wrong.startsWith("---") ? wrong : `${HEAD}\n# A\n\n${wrong}`;
    const night = nightWith(`${HEAD}\n# A\n`);
    night.save(`${whole}\n\nThe next thought.\n`);
    night.pass(20_000);
    assert.deepEqual(told(night.text()), [], "it was told before its author could mend it");
    night.pass(25_000);
    const answered = night.text();
    const lines = answered.split("\n");
    const at = lines.findIndex((line) => /^ *> \*\*problem\*\*/.test(line));
    assert.deepEqual(
      lines.filter((line) => /^ *> \*\*/.test(line)).map((line) => line.trim()),
      [`> **problem** ${says}`],
      answered,
    );
    const above = lines.slice(0, at).findLast((line) => line.trim() !== "");
    assert.equal(above, below ?? whole.split("\n").at(-1), answered);
    assert.deepEqual(own(answered), own(`${whole}\n\nThe next thought.\n`));
    assert.equal(night.starts.length, 0, "a mistake started something");
    // Nothing more is written while it stays.
    const writes = night.writes();
    night.pass(120_000);
    assert.equal(night.writes(), writes);

    assert.ok(answered.includes(mend[0]), "the person's lines are as they were");
    const mended = answered.replace(mend[0], () => mend[1]);
    night.save(mended);
    night.pass(120_000);
    assert.doesNotMatch(night.text(), /\*\*problem\*\*/);
    const { blocks, problems } = readJournal(night.text());
    assert.deepEqual(
      [...problems, ...blocks.flatMap((b) => b.commands.flatMap((c) => c.problems))],
      [],
    );
    assert.deepEqual(own(night.text()), own(mended));
  });
}
