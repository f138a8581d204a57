// Merging over generated journals and edits: no line of either side's is lost without being said,
// and texts that only one side changed come out as that side has them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { marksWithin, versionOf, type Version } from "../../src/journal/merge/merge-base.ts";
import { mergeLines, type Merged, type Side } from "../../src/base/merge.ts";
import { mergeSaves } from "../../src/journal/merge/merge-saves.ts";
import { readJournal } from "../../src/journal/read/read.ts";
import { renderJournal, stripReceipts } from "../../src/journal/receipt/render.ts";

const RUNS = Number(process.env["NIGHTLAB_PROPERTY_RUNS"] ?? "300");

interface Edit {
  readonly at: number;
  readonly kind: "add" | "change" | "remove";
}

const edits = fc.array(
  fc.record({
    at: fc.nat(30),
    kind: fc.constantFrom("add" as const, "add" as const, "change" as const, "remove" as const),
  }),
  { maxLength: 6 },
);
const baseLines = fc
  .nat(20)
  .map((n) => Array.from({ length: n }, (_, i) => (i % 3 ? `line ${i}` : "")));
const side = fc.constantFrom<Side>("ours", "theirs");

/** Applies edits; every line that one writes is its own. */
function edited(lines: readonly string[], by: string, list: readonly Edit[]): readonly string[] {
  const result = [...lines];
  list.forEach(({ at, kind }, i) => {
    const place = result.length === 0 ? 0 : at % (result.length + 1);
    if (kind === "add") result.splice(place, 0, `${by} adds ${i}`);
    else if (kind === "remove") result.splice(place, 1);
    else if (place < result.length) result[place] = `${by} writes ${i}`;
  });
  return result;
}

const textsOf = (merged: Merged): readonly string[] => merged.lines.map(({ text }) => text);

test("a line that a side wrote is in the merge, or a conflict is told", () => {
  fc.assert(
    fc.property(baseLines, edits, edits, side, (lines, a, b, newest) => {
      const [ours, theirs] = [edited(lines, "A", a), edited(lines, "B", b)];
      const merged = mergeLines({ base: lines, ours, theirs, newest });
      const texts = new Set(textsOf(merged));
      const written = [...ours, ...theirs].filter((line) => /^[AB] /.test(line));
      const lost = written.filter((line) => !texts.has(line));
      const older = newest === "ours" ? "B" : "A";
      assert.ok(lost.length === 0 || merged.conflicts.length > 0, lost.join(", "));
      assert.ok(
        lost.every((line) => line.startsWith(older)),
        "the newest gives way to nobody",
      );
    }),
    { numRuns: RUNS },
  );
});

test("what both sides left alone stays, and stays in order", () => {
  fc.assert(
    fc.property(baseLines, edits, edits, side, (lines, a, b, newest) => {
      const numbered = lines.map((_, i) => `line ${i}`);
      const [ours, theirs] = [edited(numbered, "A", a), edited(numbered, "B", b)];
      const merged = textsOf(mergeLines({ base: numbered, ours, theirs, newest }));
      const both = numbered.filter((line) => ours.includes(line) && theirs.includes(line));
      assert.deepEqual(
        merged.filter((line) => both.includes(line)),
        both,
      );
    }),
    { numRuns: RUNS },
  );
});

test("a side that did nothing, or the same, changes nothing", () => {
  fc.assert(
    fc.property(baseLines, edits, side, (lines, a, newest) => {
      const changed = edited(lines, "A", a);
      for (const [ours, theirs] of [
        [changed, lines],
        [lines, changed],
        [changed, changed],
      ] as const) {
        const merged = mergeLines({ base: lines, ours, theirs, newest });
        assert.deepEqual(textsOf(merged), changed);
        assert.equal(merged.conflicts.length, 0);
      }
    }),
    { numRuns: RUNS },
  );
});

test("a text that is half a save takes no line away", () => {
  fc.assert(
    fc.property(baseLines, edits, fc.nat(20), side, (lines, a, cut, newest) => {
      const theirs = edited(lines, "B", a);
      const half = lines.slice(0, cut % (lines.length + 1));
      const input = { base: lines, ours: half, theirs, newest, unproved: ["ours"] } as const;
      assert.deepEqual(textsOf(mergeLines(input)), theirs);
    }),
    { numRuns: RUNS },
  );
});

const commands = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1 });

/** A journal with its commands answered as one write of the daemon's would. */
function generation(names: readonly string[], word: string) {
  const text = names.map((name) => `words on ${name}\n\nrun: ${name}\n\n`).join("");
  const pieces = (name: string): readonly string[] => [
    `**${word}** \`k${name}${name}7\` · ${name}`,
  ];
  const receipts = new Map(names.map((name, i) => [i, pieces(name)]));
  const input = { text, reading: readJournal(text), rendered: new Set<string>(), receipts };
  return { text, answered: renderJournal(input) };
}

test("a stale buffer over new receipts and new words: both sides' words, each receipt once", () => {
  fc.assert(
    fc.property(commands, fc.nat(4), fc.nat(4), (names, i, j) => {
      const old = generation(names, "running").answered;
      const fresh = generation(names, "done").answered;
      const rendered = new Set([...old.hashes, ...fresh.hashes]);
      const version = (text: string): Version => versionOf(text, readJournal(text), rendered);
      const at = (index: number): string => `words on ${names[index % names.length] ?? ""}\n`;
      const stale = old.text.replace(at(i), `${at(i)}\nfrom the stale buffer\n`);
      const newer = fresh.text.replace(at(j), `${at(j)}\nnewer words\n`);
      const { marks } = version(stale);
      assert.ok(marksWithin(marks, version(newer).marks) < marks.size, "its receipts tell its age");
      assert.equal(marksWithin(marks, version(old.text).marks), marks.size);
      const merged = mergeSaves({
        base: version(old.text),
        ours: version(newer),
        theirs: version(stale),
        newest: "theirs",
        inFile: "theirs",
        rendered,
        read: readJournal,
      });
      assert.equal(merged.conflicts.length, 0);
      for (const line of ["from the stale buffer", "newer words"]) {
        assert.equal(merged.text.split(`${line}\n`).length, 2, merged.text);
      }
      for (const name of names) {
        assert.equal(merged.text.split(`run: ${name}\n`).length, 2);
        assert.equal(merged.text.split(`\`k${name}${name}7\``).length, 2, merged.text);
      }
    }),
    { numRuns: RUNS },
  );
});

test("a write leaves its trace on one line besides those it changes, and only once", () => {
  const states = fc.array(fc.constantFrom("running", "done"), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(commands, states, fc.integer({ min: 1, max: 600 }), (names, now, number) => {
      const { text, answered } = generation(names, "running");
      const rendered = new Set(answered.hashes);
      const receipts = new Map(
        names.map((name, i) => [i, [`**${now[i]}** \`k${name}${name}7\` · ${name}`]] as const),
      );
      const onDisk = answered.text;
      const input = { text: onDisk, reading: readJournal(onDisk), rendered, receipts };
      const written = renderJournal({ ...input, write: { number, onDisk } });
      const changed = names.filter((_, i) => now[i] === "done").length;
      for (const hash of written.hashes) rendered.add(hash);
      const [before, after] = [onDisk.split("\n"), written.text.split("\n")];
      const differ = after.flatMap((line, i) => (line === before[i] ? [] : [line]));
      const free = changed > 0 && changed < names.length ? 1 : 0;
      assert.equal(differ.length, changed + free, written.text);
      assert.equal(differ.filter((line) => /[\u2801-\u28ff]$/.test(line)).length, free);
      if (changed > 0) {
        assert.notEqual(Buffer.byteLength(written.text), Buffer.byteLength(onDisk));
      }
      const reading = readJournal(written.text);
      const again = { text: written.text, reading, rendered, receipts };
      const write = { number: number + 1, onDisk: written.text };
      assert.equal(renderJournal({ ...again, write }).text, written.text);
      assert.equal(stripReceipts(written.text, reading, rendered), text);
      const version = (one: string): Version => versionOf(one, readJournal(one), rendered);
      for (const [i, name] of names.entries()) {
        if (now[i] !== "done" || free === 0) continue;
        const block = new RegExp(`words on ${name}[^]*?(?=words on|$)`);
        const deleted = written.text.replace(block, "");
        const { marks } = version(deleted);
        const stale = version(onDisk.replace(block, "")).marks;
        assert.equal(marksWithin(marks, version(written.text).marks), marks.size);
        assert.ok(marksWithin(stale, version(written.text).marks) < stale.size, deleted);
      }
    }),
    { numRuns: RUNS },
  );
});
