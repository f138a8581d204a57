// A journal with receipts between the daemon's writes and editors with fresh and with old buffers:
// what was deleted stays deleted, every word saved last is there, and where a receipt proves a
// buffer old, no line is lost that came since.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readJournal } from "../../src/journal/read/read.ts";
import { renderJournal } from "../../src/journal/receipt/render.ts";
import * as fc from "../properties.ts";
import { journalOfSaves, type JournalOfSaves } from "../saves.ts";

const RUNS = Number(process.env["NIGHTLAB_PROPERTY_RUNS"] ?? "60");
const NAMES = ["a", "b", "c", "d"] as const;
const folders: string[] = [];
after(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
});

const DEEDS = [
  "add",
  "change",
  "delete",
  "split",
  "join",
  "move",
  "quote",
  "strike",
  "reword",
  "edit-option",
  "delete-receipt",
  "delete-with-receipt",
  "delete-receipt-line",
  "move-receipt",
  "halve-receipt",
  "format",
  "empty",
] as const;
type Deed = (typeof DEEDS)[number];

interface Step {
  /** How many writes ago its buffer was loaded; 0: it is fresh. */
  readonly behind: number;
  /** Each is followed by a save. */
  readonly deeds: readonly { readonly deed: Deed; readonly at: number; readonly to: number }[];
  /** Commands whose receipts change in the write that follows. */
  readonly changes: readonly number[];
}

const step = fc.record<Step>({
  behind: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(3) }),
  deeds: fc.array(fc.record({ deed: fc.constantFrom(...DEEDS), at: fc.nat(50), to: fc.nat(50) }), {
    minLength: 1,
    maxLength: 4,
  }),
  changes: fc.array(fc.nat(NAMES.length - 1), { minLength: 1, maxLength: 2 }),
});

/** The daemon's side: which write of which receipt the journal has. */
class Lab {
  readonly journal: JournalOfSaves;
  /** What stands in the file. */
  disk: string;
  /** Each text that was written, and the texts that editors saved before the next write. */
  readonly since: string[][] = [];
  readonly #states: number[] = NAMES.map(() => 0);
  #writes = 0;

  constructor(text: string) {
    const dir = mkdtempSync(join(tmpdir(), "nightlab-deletions-"));
    folders.push(dir);
    this.journal = journalOfSaves(dir);
    this.disk = text;
  }

  async write(text: string, changes: readonly number[]): Promise<void> {
    for (const i of changes) this.#states[i] = (this.#states[i] ?? 0) + 1;
    const reading = readJournal(text);
    const receipts = new Map(
      reading.blocks.flatMap(({ commands: [command] }, block) => {
        const i = NAMES.findIndex((name) => command?.source.startsWith(`run: ${name}`) === true);
        const state = this.#states[i] ?? 0;
        if (state === 0) return [];
        const head = `**done** \`k${NAMES[i]}f3\` · ${state} s`;
        return [[block, [head, `- 14:30:31 [WEIRD] flag of ${NAMES[i]}`]] as const];
      }),
    );
    const { rendered } = this.journal;
    this.#writes += 1;
    const write = { number: this.#writes, onDisk: this.disk };
    this.disk = renderJournal({ text, reading, rendered, receipts, write }).text;
    this.since.push([this.disk]);
    await this.journal.write(this.disk);
  }

  /** The newest write whose texts have all receipts of a text that were ever written. */
  loadedAfter(text: string): number {
    const all = new Set(this.since.flat().flatMap(receiptLines));
    const own = receiptLines(text).filter((line) => all.has(line));
    return this.since.findLastIndex((texts) => {
      const here = new Set(texts.flatMap(receiptLines));
      return own.every((line) => here.has(line));
    });
  }
}

const receiptLines = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => /^\s*>/.test(line))
    .map((line) => line.replace(/^[\s>]+(?:[-*] )?/, ""))
    .filter((line) => /^(?:\*\*done|14:30)/.test(line));

const notesIn = (text: string): readonly string[] =>
  text.split("\n").filter((line) => line.startsWith("note "));

let count = 0;
/** No note is like another: two old copies that add lines at one place are two editors. */
const note = (): string => `note ${String.fromCodePoint(0x4e00 + (count += 1)).repeat(12)}`;

/** A text after one deed; each note that it writes is new. */
function done(text: string, deed: Deed, at: number, to: number): string {
  const lines = text.split("\n");
  const pick = (is: (line: string) => boolean): number => {
    const all = lines.flatMap((line, i) => (is(line) ? [i] : []));
    return all[at % Math.max(1, all.length)] ?? -1;
  };
  const aNote = pick((line) => line.startsWith("note "));
  const command = pick((line) => line.startsWith("run: "));
  const head = pick((line) => line.startsWith("> **done"));
  const end = (from: number): number => {
    const i = lines.findIndex((line, j) => j > from && !line.startsWith(">"));
    return i === -1 ? lines.length : i;
  };
  const blanks = lines.flatMap((line, i) => (line === "" && i > 2 ? [i] : []));
  const gap = blanks[to % Math.max(1, blanks.length)] ?? lines.length;
  switch (deed) {
    case "add":
      lines.splice(gap, 0, "", note(), "");
      break;
    case "change":
      if (aNote !== -1) lines[aNote] = note();
      break;
    case "delete":
      if (aNote !== -1) lines.splice(aNote, 1);
      break;
    case "split":
      if (aNote !== -1) lines.splice(aNote, 1, note(), "", note());
      break;
    case "join":
      if (aNote !== -1) lines.splice(aNote, 2, note());
      break;
    case "move":
      if (aNote !== -1) lines.splice(gap, 0, "", ...lines.splice(aNote, 1), "");
      break;
    case "quote":
      if (command !== -1) lines[command] = `> ${lines[command]}`;
      break;
    case "strike":
      if (command !== -1) lines[command] = `~~${lines[command]}~~`;
      break;
    case "reword":
      if (command !== -1) lines[command] = note();
      break;
    case "edit-option":
      if (command !== -1) lines[command] = `${lines[command]} --lr ${to}`;
      break;
    case "delete-receipt":
      if (head !== -1) lines.splice(head, end(head) - head);
      break;
    case "delete-with-receipt":
      if (head >= 2) lines.splice(head - 2, end(head) - head + 2);
      break;
    case "delete-receipt-line":
    case "halve-receipt":
      if (head !== -1) lines.splice(head + (to % 3), 1);
      break;
    case "move-receipt":
      if (head !== -1) lines.push("", ...lines.splice(head, end(head) - head), "");
      break;
    case "format":
      return text.replaceAll(/^> - /gm, "> * ");
    case "empty":
      return to % 5 === 0 ? "" : text;
  }
  return lines.join("\n");
}

const START = `# Mine\n\n${NAMES.map((name) => `note 0${name} of the first day\n\nrun: ${name}\n`).join("\n")}`;

test("editors with fresh and with old buffers against the daemon's writes", async () => {
  let [proved, unproved, merged] = [0, 0, 0];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      count = 0;
      typedHere.clear();
      const lab = new Lab(START);
      await lab.journal.save(START);
      await lab.write(START, [0, 1, 2, 3]);
      for (const { behind, deeds, changes } of steps) {
        const loaded = lab.since.at(-1 - Math.min(behind, lab.since.length - 1))?.at(-1) ?? START;
        let buffer = behind === 0 ? lab.disk : loaded;
        const base = buffer;
        for (const { deed, at, to } of deeds) {
          const before = lab.disk;
          // Else the text of an old buffer may be one that stood there: an undo.
          const mine = note();
          buffer = `${done(buffer, deed, at, to).trimEnd()}\n\n${mine}\n`;
          const write = lab.loadedAfter(buffer);
          const isOld = write < lab.since.length - 1;
          const { text, setAside } = await lab.journal.save(buffer);
          const notes = new Set(notesIn(text));
          assert.ok(notes.has(mine), "the last word is there");
          if (!isOld) {
            assert.equal(text, buffer, "nothing proves it old, so it stands as it is");
            unproved += 1;
            lab.since.at(-1)?.push(text);
            lab.disk = text;
            continue;
          }
          proved += 1;
          if (text !== buffer) merged += 1;
          const had = new Set(notesIn(base));
          const kept = new Set(notesIn(buffer));
          if (setAside.length === 0) {
            const seen = new Set(
              lab.since
                .slice(0, write + 1)
                .flat()
                .flatMap(notesIn),
            );
            const lost = notesIn(before).filter(
              (line) => !seen.has(line) && !notes.has(line) && !typedHere.has(line),
            );
            assert.deepEqual(lost, [], `lost what came since in\n${text}`);
          }
          // What came after that write, and before the next, an old buffer may never have had.
          const sure = new Set(notesIn(lab.since[write]?.[0] ?? START));
          const back = [...had].filter(
            (line) => sure.has(line) && !kept.has(line) && notes.has(line),
          );
          assert.deepEqual(back, [], `deleted lines are back in\n${text}`);
          const gone = [...kept].filter((line) => !notes.has(line) && !had.has(line));
          assert.deepEqual(gone, [], `what it wrote is not in\n${text}`);
          for (const line of kept) typedHere.add(line);
          lab.disk = buffer;
          await lab.write(text, []);
        }
        await lab.write(lab.disk, changes);
        typedHere.clear();
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  assert.ok(proved > RUNS / 4 && unproved > RUNS / 4 && merged > 0, `${proved} ${unproved}`);
});

/** Lines that the editor of this step has saved: it may take them back. */
const typedHere = new Set<string>();
