// Which of the daemon's writes a text was loaded from: its receipts tell, since every write changes
// at least one of them. Where earlier versions come from, and what follows, is for the callers.
import type { JournalReading } from "../../domain/journal.ts";
import { lineDistance, lineEndsIn, linesIn } from "../../base/line-diff.ts";
import { isRendered, openedFlag, normalReceiptBlock } from "../../base/receipt-block.ts";
import { stripReceipts } from "../receipt/render.ts";

/** A text of a journal with what is needed to compare it with another. */
export interface Version {
  readonly text: string;
  readonly reading: JournalReading;
  /** The person's lines: receipts taken out. */
  readonly lines: readonly string[];
  /** The end of each of them as written; "" where the text ends without one. */
  readonly ends: readonly string[];
  /** Its receipts' pieces, ticks and resolved flags apart. */
  readonly marks: ReadonlySet<string>;
}

/** Takes a text apart; `rendered` holds the hashes of all that was ever rendered into it. */
export function versionOf(
  text: string,
  reading: JournalReading,
  rendered: ReadonlySet<string>,
): Version {
  let apart: Pick<Version, "lines" | "ends"> | undefined;
  // Most saves are compared by their receipts only, and long journals have many lines.
  const takeApart = (): Pick<Version, "lines" | "ends"> => {
    const person = stripReceipts(text, reading, rendered);
    const lines = linesIn(person);
    return { lines, ends: lineEndsIn(person, lines.length) };
  };
  return {
    text,
    reading,
    get lines() {
      apart ??= takeApart();
      return apart.lines;
    },
    get ends() {
      apart ??= takeApart();
      return apart.ends;
    },
    marks: marksOf(reading, rendered),
  };
}

/** Marks of pieces that were found to be rendered: a set of hashes only grows. */
const MARKS = new WeakMap<ReadonlySet<string>, Map<string, string>>();

function marksOf(reading: JournalReading, rendered: ReadonlySet<string>): ReadonlySet<string> {
  const known = MARKS.get(rendered) ?? new Map<string, string>();
  MARKS.set(rendered, known);
  const marks = new Set<string>();
  for (const { receipt } of reading.blocks) {
    for (const { normal } of receipt?.blocks ?? []) {
      const mark = known.get(normal) ?? markOf(normal, rendered);
      if (mark === undefined) continue;
      known.set(normal, mark);
      marks.add(mark);
    }
  }
  return marks;
}

function markOf(normal: string, rendered: ReadonlySet<string>): string | undefined {
  if (!isRendered(normal, rendered)) return undefined;
  const piece = normalReceiptBlock(normal);
  return openedFlag(piece) ?? piece;
}

/** How many receipt pieces stand in only one of two texts; 0: of one generation. */
export function markDistance(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let same = 0;
  for (const mark of a) if (b.has(mark)) same += 1;
  return a.size + b.size - 2 * same;
}

/**
 * Whether a text that lacks receipts of `newest` was loaded from it all the same, and its author
 * took them out: then it is no stale buffer of `older`, which has as few. No buffer knows receipts
 * that came after it. Where `older` has the text's receipts too, words tell that only `newest` has;
 * and who keeps no word of `older` begins anew.
 */
export function tookReceiptsOut(text: Version, newest: Version, older: Version): boolean {
  if (!isWithin(text.marks, newest.marks)) return false;
  if (!isWithin(text.marks, older.marks)) return true;
  const [own, now, before] = [worded(text), worded(newest), worded(older)];
  const later = [...now].filter((line) => !before.has(line) && !isHeading(line));
  if (later.some((line) => own.has(line))) return true;
  return before.size > 0 && ![...before].some((line) => own.has(line));
}

const isWithin = (marks: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  [...marks].every((mark) => all.has(mark));

/** Its lines but for empty ones and rules, which are alike in every text. */
const worded = ({ lines }: Version): ReadonlySet<string> =>
  new Set(lines.filter((line) => /[\p{L}\p{N}]/u.test(line)));

/** The day's heading is the same in two buffers that know nothing of one another. */
const isHeading = (line: string): boolean => line.startsWith("#");

/**
 * The version that a text was loaded from, out of candidates given newest first: of those nearest
 * by their receipts, the one nearest by the person's lines.
 */
export function loadedFrom<T extends Version>(
  version: Version,
  candidates: readonly T[],
): T | undefined {
  let best: T | undefined;
  let marks = Number.POSITIVE_INFINITY;
  let lines = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = markDistance(version.marks, candidate.marks);
    if (distance > marks) continue;
    if (distance < marks) lines = Number.POSITIVE_INFINITY;
    const between = lineDistance(version.lines, candidate.lines);
    marks = distance;
    // Of two as near, the one that lacks what the text has: it came first.
    const earlier = candidate.lines.length < (best?.lines.length ?? 0);
    if (between > lines || (between === lines && !earlier)) continue;
    [best, lines] = [candidate, between];
  }
  return best;
}
