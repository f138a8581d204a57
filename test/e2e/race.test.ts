// The real daemon against an editor that saves 15 to 20 times a second, 30 % of the time from a
// stale buffer: no save and no old line may be lost, and nothing may start twice. With
// NIGHTLAB_RACE_SAVES=2000 each race is a long one, and must have had its collisions.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openLab, type TestLab } from "./lab.ts";
import type { EditorOrder, SaveTold } from "./race-editor.ts";

const SAVES = Number(process.env["NIGHTLAB_RACE_SAVES"] ?? "100");
const LONG = 2_000;
/** A long race goes on in a new lab until it had its collisions: a busy machine writes less. */
const MOST_ROUNDS = 10;
const SEED = Number(process.env["NIGHTLAB_RACE_SEED"] ?? "1");
/** The journal counts as at rest when nothing has changed for so long. */
const REST_MS = SAVES >= LONG ? 12_000 : 3_000;
/** Displaced files are looked at for the last time after a minute. */
const LATE_MS = 90_000;
const FIXED = ["fixed-0", "fixed-1", "fixed-2"];

const OLD = Array.from({ length: 10 }, (_, part) => [
  `## Part ${part}`,
  "",
  ...Array.from({ length: 20 }, (__, i) => [`old ${part}.${i} was here before`, ""]).flat(),
]).flat();
const JOURNAL = [
  "# Race",
  "",
  ...OLD,
  "## Commands",
  "",
  ...FIXED.flatMap((tag) => [`script: hit.py ${tag} !`, ""]),
  "",
].join("\n");

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Stands for uv: every start of a script leaves the word that it was started for. */
function countingRunner(): { readonly program: string; readonly starts: () => readonly string[] } {
  const folder = mkdtempSync(join(tmpdir(), "nightlab-race-"));
  folders.push(folder);
  const program = join(folder, "uv");
  const log = join(folder, "starts");
  const word = 'for word; do case $word in new-*|fixed-*) echo "$word" >>';
  writeFileSync(program, `#!/bin/sh\n${word} '${log}';; esac; done\n`);
  chmodSync(program, 0o755);
  const starts = (): readonly string[] =>
    existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : [];
  return { program, starts };
}

async function runEditor(order: EditorOrder): Promise<readonly SaveTold[]> {
  const script = fileURLToPath(new URL("race-editor.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told: SaveTold[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    told.push(JSON.parse(line) as SaveTold);
  }
  return told;
}

interface LogLine {
  readonly msg: string;
  readonly kind?: string;
  readonly crossed?: boolean;
}

const isWrite = (line: LogLine): boolean => line.msg === "journal write";

function countsOf(log: string): Readonly<Record<string, number>> {
  const lines = log
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as LogLine);
  const count = (of: (line: LogLine) => boolean): number => lines.filter(of).length;
  return {
    writes: count((line) => isWrite(line) && line.kind === "written"),
    undone: count((line) => isWrite(line) && line.crossed === true),
    changed: count((line) => isWrite(line) && line.kind === "changed"),
    late: count(({ msg }) => msg === "late save"),
    merged: count(({ msg }) => msg === "saves crossed"),
  };
}

/** Where names cannot be exchanged the path is absent for a moment. */
function textOf(it: TestLab): string {
  try {
    return it.journal();
  } catch {
    return "";
  }
}

type Counts = ReturnType<typeof countsOf>;

/** Saves that a write took out of their place: put back at once, or merged in later. */
const displacedIn = (counts: Counts): number => (counts["undone"] ?? 0) + (counts["late"] ?? 0);

const wasRace = (counts: Counts): boolean =>
  (counts["writes"] ?? 0) >= 500 && displacedIn(counts) >= 20;

/**
 * Waits until the journal has all of these lines, each command in it has started, and nothing has
 * happened to it for a while. A late save may come back a minute after it was made, and later on a
 * busy machine.
 */
async function atRest(
  it: TestLab,
  told: readonly SaveTold[],
  starts: () => readonly string[],
): Promise<string> {
  let last = "";
  let sinceMs = Date.now();
  const deadlineMs = sinceMs + LATE_MS + 500 * told.length;
  for (;;) {
    const now = textOf(it);
    if (now !== last) [last, sinceMs] = [now, Date.now()];
    const lines = new Set(now.split("\n"));
    const whole = told.every(({ line }) => lines.has(line));
    if (whole && Date.now() < deadlineMs) {
      const started = new Set(starts());
      if (told.some(({ starts: tag }) => tag !== undefined && !started.has(tag))) {
        await pause(100);
        continue;
      }
    }
    if ((whole && Date.now() - sinceMs >= REST_MS) || Date.now() >= deadlineMs) return last;
    await pause(100);
  }
}

async function race(how: EditorOrder["how"], writing: string): Promise<string> {
  const all: Record<string, number> = {};
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const counts = await oneRound(how, writing, SEED + round);
    for (const [key, value] of Object.entries(counts)) all[key] = (all[key] ?? 0) + value;
    if (SAVES < LONG || wasRace(all)) break;
  }
  const text = JSON.stringify(all);
  const message = `at least 500 writes and 20 displaced saves: ${text}`;
  if (SAVES >= LONG) assert.ok(wasRace(all), message);
  return text;
}

async function oneRound(how: EditorOrder["how"], writing: string, seed: number): Promise<Counts> {
  const runner = countingRunner();
  const it = await openLab({
    journal: "# Race\n",
    settings: "settle: 1s\nquiet: 0s\n",
    env: { NIGHTLAB_UV: runner.program, NIGHTLAB_TEST_WRITING: writing },
  });
  try {
    await it.write("hit.py", "# counted by what starts it\n");
    await it.start();
    await it.save(JOURNAL);
    await it.until("the fixed commands ran", () => count(textOf(it), "**done**") === 3, 60_000);
    const path = join(it.experiment, "JOURNAL.md");
    const told = await runEditor({ path, how, saves: SAVES, seed });
    const journal = await atRest(it, told, runner.starts);
    const counts = countsOf(it.log());
    const lines = new Set(journal.split("\n"));
    const lost = told.filter(({ line }) => !lines.has(line));
    const old = OLD.filter((line) => !lines.has(line));
    const doubled = told.filter(({ line }) => count(`\n${journal}`, `\n${line}\n`) > 1);
    const starts = runner.starts();
    const twice = starts.filter((one, i) => starts.indexOf(one) !== i);
    const asked = told.flatMap(({ starts: tag }) => tag ?? []);
    const summary = {
      rounds: 1,
      saves: told.length,
      stale: told.filter(({ stale }) => stale).length,
      ...counts,
      displaced: displacedIn(counts),
      lost: lost.length,
      oldLost: old.length,
      doubled: doubled.length,
      started: starts.length,
      twice: twice.length,
      notes: count(journal, "nightlab restore"),
    };
    const text = `seed ${seed}: ${JSON.stringify(summary)}`;
    const keep = process.env["NIGHTLAB_RACE_LOG"];
    if (keep !== undefined) {
      writeFileSync(`${keep}-${how}.log`, it.log());
      writeFileSync(`${keep}-${how}.md`, journal);
      writeFileSync(`${keep}-${how}.json`, JSON.stringify(lost));
    }
    assert.deepEqual(lost, [], text);
    assert.deepEqual(old, [], text);
    assert.deepEqual(doubled, [], text);
    assert.deepEqual(twice, [], text);
    assert.ok(told.length >= SAVES && (counts["writes"] ?? 0) > 0, text);
    const unstarted = asked.filter((tag) => !starts.includes(tag));
    assert.deepEqual(unstarted, [], `every command that was written did start: ${text}`);
    return summary;
  } finally {
    await it.close();
  }
}

const count = (text: string, part: string): number => text.split(part).length - 1;

/** The short form has each way of saving once; the long one has all of them in both. */
const waysOf = (writing: string): readonly EditorOrder["how"][] => {
  if (SAVES >= LONG) return ["in-place", "rename", "backup", "mixed"];
  return writing.includes("no-leases") ? ["mixed"] : ["in-place", "rename", "backup"];
};

for (const [writing, name] of [
  ["pause=10", "with lease and exchange"],
  ["no-leases no-exchange equal-reads=2 pause=4", "without lease and exchange"],
] as const) {
  for (const how of waysOf(writing)) {
    test(`${name}: no save by ${how} is lost, and nothing starts twice`, async (t) => {
      t.diagnostic(await race(how, writing));
    });
  }
}
