// Saves that cross while somebody saves without a pause: what is owed to the journal is worked out
// once, and reads do not pile up in front of the write that would end it.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test, type TestContext } from "node:test";
import { ConcurrentSaves } from "../../src/effects/journal-store/concurrent-saves.ts";
import { MergeBases, type Writing } from "../../src/effects/journal-store/merge-bases.ts";
import { JOURNAL_DISK } from "../../src/effects/journal-store/journal-disk.ts";
import { journalHandlers } from "../../src/effects/daemon/journal-handlers.ts";
import { keepVersion } from "../../src/effects/journal-store/version-store.ts";
import type { Version } from "../../src/journal/merge/merge-base.ts";
import { createJournalReader } from "../../src/journal/read/read.ts";
import { traceOf } from "../../src/base/receipt-block.ts";
import { journalOfSaves } from "../saves.ts";
import type { Event } from "../../src/domain/event.ts";
import { experimentPath, hashText, labPath } from "../../src/base/ids.ts";

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "nightlab-crossed-"));
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }));
  return path;
}

const nothing = (): void => undefined;

class CountingGenerations extends MergeBases {
  looks = 0;
  override async loadedAfter(version: Version): Promise<Writing> {
    if (version.text.includes("a late thought")) this.looks += 1;
    return await super.loadedAfter(version);
  }
}

test("a late save is merged once for each text that it is to be in, however often that is read", async (t) => {
  const dir = folder(t);
  const rendered = new Set<string>();
  const generations = new CountingGenerations(dir, () => rendered);
  let read = 0;
  const reader = createJournalReader();
  const saves = new ConcurrentSaves({
    reader: {
      read(text) {
        read += 1;
        return reader.read(text);
      },
    },
    mergeBases: generations,
    rendered: () => rendered,
    keep: async (text) => await keepVersion(dir, text, { told: true }),
  });
  let atMs = 1_000;
  const look = async (text: string): Promise<string> => {
    const hash = hashText(text);
    atMs += 1_000;
    const known = await generations.knows(hash);
    await keepVersion(dir, text, { hash });
    const file = { text, hash, mtimeMs: atMs, proved: false, known, byGit: false };
    return (await saves.read(file)).text;
  };
  const before = "# Mine\n\nfirst words\n";
  await look(before);
  const late = `${before}\na late thought\n`;
  let taken = false;
  const owed = { path: "JOURNAL.md", text: late, hash: hashText(late), mtimeMs: atMs + 500 };
  const settled = saves.owe({ ...owed, basedOnHash: hashText(before) }).then(() => (taken = true));
  const newer = before.replace("first", "better");
  const merged = await look(newer);
  assert.equal(merged, `${newer}\na late thought\n`);
  const readOnce = read;
  for (let i = 0; i < 20; i += 1) assert.equal(await look(newer), merged);
  assert.ok(read - readOnce <= 20, `${read - readOnce} texts were read for 20 looks at one`);
  for (let i = 0; i < 5; i += 1) assert.match(await look(`${newer}\n${i}\n`), /a late thought/);
  assert.equal(generations.looks, 1, "what it was made from is looked for once");
  // A write that was planned before it came does not have it.
  await saves.written(newer, hashText(newer));
  assert.equal(await look(newer), merged);
  assert.equal(taken, false);
  await saves.written(merged, hashText(merged));
  await settled;
  assert.equal(await look(merged), merged);
});

test("however often a journal is touched, one read at most waits for its turn", async (t) => {
  const lab = labPath(folder(t));
  const experiment = experimentPath(join(lab, "exp"));
  mkdirSync(experiment);
  writeFileSync(join(experiment, "JOURNAL.md"), "# Mine\n");
  const events: Event[] = [];
  const hands = journalHandlers({
    post: (event) => events.push({ ...event, atMs: Date.now() }),
    warn: nothing,
    note: nothing,
    now: Date.now,
    rendered: () => new Set(),
    // Each read takes so long.
    troubles: { tell: nothing, close: async () => undefined },
    disk: { ...JOURNAL_DISK, leases: false, equalReadsMs: 200 },
    stateOf: () => join(lab, "state"),
  });
  await hands.open(lab);
  const touchedMs = performance.now();
  for (let i = 0; i < 25; i += 1) {
    hands.touch(lab, experiment);
    await pause(40);
  }
  const most = (performance.now() - touchedMs) / 200 + 2;
  const told = (): number => events.filter(({ kind }) => kind === "journal-read").length;
  for (let last = -1; told() !== last; await pause(600)) last = told();
  await hands.close();
  assert.ok(told() >= 1 && told() <= most, `${told()} reads, at most ${Math.floor(most)} had room`);
});

interface Told {
  /** The version that has what the last save lacks, where that may be an old copy. */
  readonly oldCopy: () => string | undefined;
  /** Takes a save off the disk and says what the journal is then. */
  readonly save: (text: string) => Promise<string>;
  /** The daemon puts a text with receipts in place. */
  readonly write: (text: string) => Promise<void>;
}

function journalWithReceipts(t: TestContext): Told {
  const journal = journalOfSaves(folder(t));
  let oldCopy: string | undefined;
  return {
    oldCopy: () => oldCopy,
    async save(text) {
      const read = await journal.save(text);
      oldCopy = read.oldCopy?.version;
      return read.text;
    },
    write: journal.write,
  };
}

const START = "# Mine\n\nwhat I want to know\n\n";
const FIRST = "run: a\n\n> **done** `k7f3` · 2025-02-02 14:30:00, 41 s\n>\n> - a flag\n\n";
const SECOND = "run: b\n\n> **done** `m2qd` · 2025-02-02 14:40:00, 41 s\n\n";
const NOTES = "## Next day\n\nthis\n\nthat\n\nand more\n";

test("a section that is taken out with the only receipts stays out", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(START);
  await save(`${START}run: a\n`);
  await write(START + FIRST);
  await save(`${START}${FIRST}a first thought\n\n${NOTES}`);
  const without = `${START}${NOTES}a last word\n`;
  assert.equal(await save(without), without);
});

test("a command that waits stays out as well, however little is left", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(START);
  await save(`${START}run: a\n\nrun: b after=a\n\nlast\n`);
  await write(`${START}${FIRST}run: b after=a\n\nlast\n`);
  const without = `${START}last\n`;
  assert.equal(await save(without), without);
});

test("a section stays out whose receipt was longer than all that are left", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(`${START}run: a\n`);
  await write(START + FIRST);
  await save(`${START}${FIRST}a first thought\n\nrun: b\n`);
  await write(`${START}${FIRST}a first thought\n\n${SECOND}`);
  const without = START + SECOND;
  assert.equal(await save(without), without);
});

test("a journal that is emptied, or begun anew, is what its author made of it", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(START);
  await save(`${START}run: a\n`);
  await write(START + FIRST);
  await save(`${START}${FIRST}a first thought\n\n`);
  assert.equal(await save(""), "");
  const anew = "# Another\n\nfrom the beginning\n";
  assert.equal(await save(anew), anew);
});

test("a stale buffer that a receipt proves old loses none of the words that it lacks", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(`${START}run: a\n\nrun: b\n`);
  const loaded = `${START}${FIRST}run: b\n`;
  await write(loaded);
  await write(`${START}${FIRST.replace("41 s", `41 s${traceOf(2, false)}`)}${SECOND}`);
  await save(
    `${START}${FIRST.replace("41 s", `41 s${traceOf(2, false)}`)}${SECOND}## Next day\n\nthis\n`,
  );
  const merged = await save(`${loaded}\n## Next day\n\nthat\n`);
  for (const line of [
    "run: a",
    "run: b",
    "> **done** `k7f3`",
    "> **done** `m2qd`",
    "this",
    "that",
  ]) {
    assert.ok(merged.includes(line), `${line} is not in\n${merged}`);
  }
});

test("the saves of one stale editor replace one another, whatever it typed and took back", async (t) => {
  const { save, write } = journalWithReceipts(t);
  const bare = `${START}run: a\n\nrun: b\n`;
  await save(bare);
  const loaded = `${START}${FIRST}run: b\n`;
  await write(loaded);
  const newest = `${START}${FIRST.replace("41 s", `41 s${traceOf(2, false)}`)}${SECOND}`;
  await write(newest);
  let write3 = newest;
  for (const [i, typed] of ["I try", "I tyr this", "I try this next:", "", "or that"].entries()) {
    const merged = await save(
      loaded.replace("run: b", `${typed}${typed === "" ? "" : "\n"}run: b`),
    );
    const others = ["I try", "I tyr this", "I try this next:", "or that"].filter(
      (one) => one !== typed,
    );
    for (const other of others) assert.ok(!merged.includes(`${other}\n`), `${other} in\n${merged}`);
    if (typed !== "") assert.ok(merged.includes(`${typed}\nrun: b\n`), merged);
    assert.ok(merged.includes("> **done** `m2qd`"), merged);
    write3 = merged.replace(/41 s ?[\u2801-\u28ff]?/u, `41 s${traceOf(3 + i, false)}`);
    await write(write3);
  }
});

/** A merge changes a receipt by its trace alone. */
const afterWrite = (n: number, lines: string): string =>
  `${START}run: a\n\n> **done** \`k7f3\` · 41 s${n === 0 ? "" : traceOf(n, false)}\n\n${lines}`;

test("a buffer that is two merges old loses nothing", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(`${START}run: a\n\none\n`);
  const loaded = afterWrite(0, "one\n");
  await write(loaded);
  await save(afterWrite(0, "one\n\nmine\n"));
  await write(afterWrite(1, "one\n\nmine\n\ntwo\n"));
  const last = afterWrite(2, "one\n\nmine\n\ntwo\n\nthree\n");
  await write(last);
  await save(last);
  const merged = await save(afterWrite(0, "one\n\nmine\n\nmore of mine\n"));
  for (const line of ["one", "mine", "two", "three", "more of mine"]) {
    assert.equal(merged.split(`\n${line}\n`).length, 2, `${line} stands once in\n${merged}`);
  }
});

test("what is taken out of the text that was loaded last stays out, whatever receipts came before", async (t) => {
  const { save, write } = journalWithReceipts(t);
  await save(`${START}run: a\n\none\n`);
  await write(afterWrite(0, "one\n"));
  await write(afterWrite(1, "one\n\ntwo\n"));
  await write(afterWrite(2, "one\n\ntwo\n\nthree\n"));
  const without = afterWrite(2, "one\n\ntwo\n\nand a thought\n");
  assert.equal(await save(without), without);
});

test("what nothing proves old stands, and is told where it lacks just what came since", async (t) => {
  const { save, write, oldCopy } = journalWithReceipts(t);
  const bare = `${START}run: a\n\n`;
  await save(bare);
  await write(START + FIRST);
  const newest = `${START}${FIRST}newer words\n\nand more\n`;
  await save(newest);
  for (const told of [`${bare}my own\n`, bare]) {
    assert.equal(await save(told), told);
    assert.equal(oldCopy(), hashText(newest), told);
    await save(newest);
  }
  for (const untold of [`${bare}and more\n`, newest.replace("newer words\n", "")]) {
    assert.equal(await save(untold), untold);
    assert.equal(oldCopy(), undefined, untold);
    await save(newest);
  }
});
