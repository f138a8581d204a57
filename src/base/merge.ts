// Three-way merge of the user's lines: two saves that were edited from one base. Receipts are not
// part of these texts; journal/merge/merge-saves.ts takes them out and puts them back.
import { matchLines, type Match } from "./line-diff.ts";

/** The two versions of a merge; the names say nothing about their age. */
export type Side = "ours" | "theirs";

export interface MergeInput {
  readonly base: readonly string[];
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  /** The side that was saved last: it wins where both changed the same lines. */
  readonly newest: Side;
  /**
   * Sides that may be a partly written save, so that missing lines do not prove a deletion: lines
   * that only such a side lacks are kept.
   */
  readonly unproved?: readonly Side[];
}

/** A line of the merge, with its index (from 0) in each side that has it here. */
export interface MergedLine {
  readonly text: string;
  readonly ours?: number;
  readonly theirs?: number;
}

export interface Merged {
  readonly lines: readonly MergedLine[];
  /** Indices in `lines` where the newest side replaced the older one's change, in order. */
  readonly conflicts: readonly number[];
}

/**
 * Merges two versions of a base. Lines that only one side added, changed or removed are taken from
 * that side. If both added lines at the same place, both stay, the older first. If both changed the
 * same lines, the newest wins and it is a conflict, unless each older line is a prefix of the
 * newest one: then the older save just caught its author typing.
 */
export function mergeLines(input: MergeInput): Merged {
  const lines: MergedLine[] = [];
  const conflicts: number[] = [];
  for (const region of regionsOf(input)) {
    const { lines: merged, conflict } = mergeRegion(region, input);
    if (conflict) conflicts.push(lines.length);
    lines.push(...merged);
  }
  return { lines, conflicts };
}

/** A part of the three texts between lines that both sides kept, or one such line. */
interface Region {
  readonly base: readonly string[];
  readonly ours: readonly MergedLine[];
  readonly theirs: readonly MergedLine[];
}

interface Resolved {
  readonly lines: readonly MergedLine[];
  readonly conflict: boolean;
}

const settled = (lines: readonly MergedLine[]): Resolved => ({ lines, conflict: false });

/** Cuts the three texts at the lines of the base that both sides still have. */
function* regionsOf({ base, ours, theirs }: MergeInput): Generator<Region> {
  const inOurs = indexOfBase(matchLines(base, ours), base.length);
  const inTheirs = indexOfBase(matchLines(base, theirs), base.length);
  let from = { base: 0, ours: 0, theirs: 0 };
  const cut = (to: typeof from): Region => ({
    base: base.slice(from.base, to.base),
    ours: ours.slice(from.ours, to.ours).map((text, i) => ({ text, ours: from.ours + i })),
    theirs: theirs
      .slice(from.theirs, to.theirs)
      .map((text, i) => ({ text, theirs: from.theirs + i })),
  });
  for (const [i, text] of base.entries()) {
    const [a = -1, b = -1] = [inOurs[i], inTheirs[i]];
    if (a === -1 || b === -1) continue;
    yield cut({ base: i, ours: a, theirs: b });
    yield { base: [text], ours: [{ text, ours: a, theirs: b }], theirs: [] };
    from = { base: i + 1, ours: a + 1, theirs: b + 1 };
  }
  yield cut({ base: base.length, ours: ours.length, theirs: theirs.length });
}

/** For each line of the base its index in a side, or -1. */
function indexOfBase(matches: readonly Match[], length: number): Int32Array {
  const index = new Int32Array(length).fill(-1);
  for (const { left, right, length: count } of matches) {
    for (let i = 0; i < count; i += 1) index[left + i] = right + i;
  }
  return index;
}

function mergeRegion(region: Region, { newest, unproved = [] }: MergeInput): Resolved {
  const { base, ours, theirs } = region;
  const [first] = ours;
  if (first?.ours !== undefined && first.theirs !== undefined) return settled(ours);
  const texts = { ours: ours.map(textOf), theirs: theirs.map(textOf) };
  if (equal(texts.ours, texts.theirs)) {
    return settled(ours.map((line, i) => ({ ...theirs[i], ...line })));
  }
  const torn = {
    ours: unproved.includes("ours") && isBeginningOf(texts.ours, base),
    theirs: unproved.includes("theirs") && isBeginningOf(texts.theirs, base),
  };
  if (torn.ours && torn.theirs) return settled(base.map((text) => ({ text })));
  if (torn.ours) return settled(theirs);
  if (torn.theirs || equal(texts.theirs, base)) return settled(ours);
  if (equal(texts.ours, base)) return settled(theirs);
  const [older, newer] = newest === "theirs" ? [ours, theirs] : [theirs, ours];
  if (base.length === 0) return settled(bothAdded(older, newer));
  const around = addedAround(base, older, newer) ?? addedAround(base, newer, older);
  if (around !== undefined) return settled(around);
  const superseded = isBegun(older, newer);
  return { lines: newer, conflict: !superseded };
}

/** Whether these lines are the base cut short, as a partly written save is. */
const isBeginningOf = (lines: readonly string[], base: readonly string[]): boolean =>
  lines.every((text, i) => base[i]?.startsWith(text) === true);

/** Merges two additions at one place: common lines once, the others with the older side's first. */
function bothAdded(
  older: readonly MergedLine[],
  newer: readonly MergedLine[],
): readonly MergedLine[] {
  const matches = matchLines(older.map(textOf), newer.map(textOf)).filter((match) =>
    older.slice(match.left, match.left + match.length).some(({ text }) => text.trim() !== ""),
  );
  const merged: MergedLine[] = [];
  let [i, j] = [0, 0];
  for (const match of [...matches, { left: older.length, right: newer.length, length: 0 }]) {
    join(merged, onlyOlder(older.slice(i, match.left), newer.slice(j, match.right)));
    join(merged, newer.slice(j, match.right));
    for (let k = 0; k < match.length; k += 1) {
      merged.push({ text: "", ...older[match.left + k], ...newer[match.right + k] });
    }
    [i, j] = [match.left + match.length, match.right + match.length];
  }
  return merged;
}

/** The older side's own lines, without those that the newer side has typed further. */
function onlyOlder(
  older: readonly MergedLine[],
  newer: readonly MergedLine[],
): readonly MergedLine[] {
  const left = older.filter(
    ({ text }) => text.trim() === "" || !newer.some((line) => line.text.startsWith(text)),
  );
  return left.some(({ text }) => text.trim() !== "") ? left : [];
}

/** Appends lines, after a blank line if lines of different saves would become one paragraph. */
function join(merged: MergedLine[], lines: readonly MergedLine[]): void {
  const [last, next] = [merged.at(-1), lines[0]];
  const both = last !== undefined && next !== undefined && !follows(last, next);
  if (both && last.text.trim() !== "" && next.text.trim() !== "") merged.push({ text: "" });
  merged.push(...lines);
}

const follows = (last: MergedLine, next: MergedLine): boolean =>
  (last.ours !== undefined && next.ours === last.ours + 1) ||
  (last.theirs !== undefined && next.theirs === last.theirs + 1);

/**
 * If one side only added lines before or after the base's, and the other changed these: the
 * additions around the change. Undefined if `adding` did anything else.
 */
function addedAround(
  base: readonly string[],
  adding: readonly MergedLine[],
  changing: readonly MergedLine[],
): readonly MergedLine[] | undefined {
  const extra = adding.length - base.length;
  for (let before = 0; before <= extra; before += 1) {
    const same = base.every((text, i) => adding[before + i]?.text === text);
    if (!same) continue;
    const [above, below] = [adding.slice(0, before), adding.slice(before + base.length)];
    // If both sides have an addition (a save that was merged before), keep it once.
    const has = (part: readonly MergedLine[], from: number): boolean =>
      equal(part.map(textOf), changing.slice(from).slice(0, part.length).map(textOf));
    return [
      ...(has(above, 0) ? [] : above),
      ...changing,
      ...(has(below, Math.max(0, changing.length - below.length)) ? [] : below),
    ];
  }
  return undefined;
}

/** Whether each older line is a prefix of the newer line at the same index: typed further since. */
function isBegun(older: readonly MergedLine[], newer: readonly MergedLine[]): boolean {
  return (
    older.length > 0 &&
    older.length <= newer.length &&
    older.every(({ text }, i) => newer[i]?.text.startsWith(text) === true)
  );
}

const textOf = ({ text }: MergedLine): string => text;

const equal = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, i) => text === b[i]);
