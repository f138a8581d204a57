import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { FoundCommand } from "../../../../src/domain/journal.ts";

function only(text: string): FoundCommand {
  const [command] = readJournal(text).blocks.flatMap((block) => block.commands);
  assert.ok(command !== undefined);
  return command;
}

const fence = (lines: string): string => `\`\`\`yaml\n${lines}\n\`\`\`\n`;

test("`when` and `if` mean the same on a line and in a fence", () => {
  for (const [line, block] of [
    ["run: a when=tonight\n", fence("run: a\nwhen: tonight")],
    ["run: a when=22:00-07:00\n", fence("run: a\nwhen: 22:00 – 7:00")],
    ["run: a when=2026-11-24 03:00\n", fence("run: a\nwhen: 2026-11-24 03:00")],
    ['run: a when="2026-11-24 03:00"\n', fence("run: a\nwhen: 2026-11-24T03:00")],
    ['run: a if="full.val/loss  < 0.4"\n', fence("run: a\nif: full.val/loss < 0.4")],
  ] as const) {
    const [one, other] = [only(line), only(block)];
    assert.deepEqual(one.problems, []);
    assert.deepEqual(other.problems, []);
    assert.equal(one.canonical, other.canonical, line);
  }
});

test("another time, another condition or none is another command", () => {
  const all = [
    "run: a\n",
    "run: a when=tonight\n",
    "run: a when=03:00\n",
    "run: a when=03:00-04:00\n",
    'run: a if="b.loss < 1"\n',
    'run: a if="b.loss < 2"\n',
  ].map((text) => only(text).canonical);
  assert.equal(new Set(all).size, all.length);
});

test("a time of day after a date belongs to `when` only", () => {
  assert.deepEqual(only("run: a when=2026-11-24 03:00 --lr 1 !\n").spec?.when, {
    kind: "moment",
    date: "2026-11-24",
    minute: 180,
  });
  assert.match(only("run: a when=tonight 03:00\n").problems[0]?.message ?? "", /`03:00` belongs/);
});

test("`stop:` and `queue:` wait for nothing", () => {
  for (const text of ["stop: a when=tonight\n", 'queue: pause if="a.loss < 1"\n']) {
    assert.match(only(text).problems[0]?.message ?? "", /takes nothing but its target/);
  }
});
