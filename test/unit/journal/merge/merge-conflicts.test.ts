// The line about a save that gave way in a merge: where it stands, and how it goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readJournal } from "../../../../src/journal/read/read.ts";
import type { Effect } from "../../../../src/domain/effect.ts";
import type { MergeConflict } from "../../../../src/domain/event.ts";
import { experimentPath, hashText, labPath } from "../../../../src/base/ids.ts";
import { emptyWorld, type World } from "../../../../src/domain/world.ts";
import { step } from "../../../../src/scheduler/step.ts";

const LAB = labPath("/lab");
const EXPERIMENT = experimentPath("/lab/a group/exp");
const VERSION = "59a4ec68d505e555ff32a59ca5306c913bf5c58a5f116774c9dbba92e2e639b0";
const TEXT = "words\n\nqueue: resume\n\nmore\n";
let nowMs = 0;

interface More {
  readonly onDisk?: string;
  readonly setAside?: readonly MergeConflict[];
}

function read(world: World, text: string, more: More = {}): readonly Effect[] {
  const hash = hashText(more.onDisk ?? text);
  const reading = readJournal(text);
  const event = { kind: "journal-read", experiment: EXPERIMENT, text, hash, reading } as const;
  return step(world, { ...event, ...more, atMs: (nowMs += 1) }).effects;
}

/** Lets time pass; what the journal is to be then, if it is to be written. */
function written(world: World): string | undefined {
  return writeIn(step(world, { kind: "tick", atMs: (nowMs += 20_000) }).effects);
}

const writeIn = (effects: readonly Effect[]): string | undefined =>
  effects.flatMap((effect) => (effect.kind === "write-journal" ? [effect.text] : []))[0];

function settle(world: World, text: string): void {
  read(world, text);
  step(world, {
    kind: "journal-written",
    experiment: EXPERIMENT,
    result: "written",
    atMs: (nowMs += 1),
  });
}

function startedWorld(): { readonly world: World; readonly answered: string } {
  const world = emptyWorld();
  const settings = { settleMs: 1_000, quietMs: 1_000, timeZone: "UTC" };
  step(world, { kind: "lab-opened", lab: LAB, settings, problems: [], atMs: (nowMs += 1) });
  const found = { kind: "experiment-found", lab: LAB, experiment: EXPERIMENT } as const;
  step(world, { ...found, sight: "made", atMs: (nowMs += 1) });
  read(world, TEXT);
  const answered = written(world) ?? written(world) ?? "";
  assert.match(answered, /> \*\*done\*\* `/);
  settle(world, answered);
  return { world, answered };
}

test("it is told though the text stays as it is, and stays told until it is taken out", () => {
  const { world, answered } = startedWorld();
  const effects = read(world, answered, { setAside: [{ version: VERSION, line: 7 }] });
  const told = writeIn(effects) ?? written(world) ?? "";
  assert.match(
    told,
    /^> \*\*problem\*\* two saves .*`nightlab restore 'a group\/exp' 59a4ec68d505`/m,
  );
  settle(world, told);
  read(world, `${told}\nmore words\n`);
  assert.equal(written(world), undefined);
  const without = `${told}\nmore words\n`.replace(/^>\n> \*\*problem\*\* two saves .*\n/m, "");
  assert.ok(!without.includes("restore"));
  read(world, without);
  assert.equal(written(world)?.includes("restore") ?? false, false);
  assert.deepEqual(world.experiments.get(EXPERIMENT)?.mergeConflicts, []);
});

test("a merge is written though its receipts are the file's, and so that it can be told from it", () => {
  const { world, answered } = startedWorld();
  const merged = answered.replace("more\n", "more\n\nmerged in\n");
  read(world, merged, { onDisk: answered });
  const text = written(world) ?? "";
  assert.ok(text.includes("merged in\n"));
  assert.notEqual(text, merged, "one receipt is in its other form");
  settle(world, text);
  assert.equal(written(world), undefined, "and stays in it");
});
