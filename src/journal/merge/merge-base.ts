// Finds the merge base of a text: the version that an editor loaded it from. Receipts identify it,
// since every write changes at least one. The callers supply the earlier versions and do the
// merging.
import type { JournalReading } from "../../domain/journal.ts";
import { lineDistance, lineEndsIn, linesIn } from "../../base/line-diff.ts";
import { isRendered, openedFlag, normalReceiptBlock } from "../../base/receipt-block.ts";
import { stripReceipts } from "../receipt/render.ts";

/** A version of a journal, prepared for comparison with others. */
export interface Version {
  readonly text: string;
  readonly reading: JournalReading;
  /** The user's lines, without receipts. */
  readonly lines: readonly string[];
  /** The line end of each of them as written; "" for a last line without one. */
  readonly ends: readonly string[];
  /** Its receipt blocks in normal form, regardless of ticked boxes and resolved flags. */
  readonly marks: ReadonlySet<string>;
}

/**
 * Prepares a text for comparison; its lines are split on first use.
 *
 * @param rendered hashes of all receipt blocks that were ever rendered into this journal
 */
export function versionOf(
  text: string,
  reading: JournalReading,
  rendered: ReadonlySet<string>,
): Version {
  let split: Pick<Version, "lines" | "ends"> | undefined;
  // Lazy: most saves are compared by their receipts only, and long journals have many lines.
  const splitOnce = (): Pick<Version, "lines" | "ends"> => {
    if (split !== undefined) return split;
    const own = stripReceipts(text, reading, rendered);
    const lines = linesIn(own);
    split = { lines, ends: lineEndsIn(own, lines.length) };
    return split;
  };
  return {
    text,
    reading,
    get lines() {
      return splitOnce().lines;
    },
    get ends() {
      return splitOnce().ends;
    },
    marks: marksOf(reading, rendered),
  };
}

/**
 * Marks of blocks that were found to be rendered, by set of hashes. They stay valid, since such a
 * set only grows; a block that was not found may be later, so it is not remembered.
 */
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
  const block = normalReceiptBlock(normal);
  return openedFlag(block) ?? block;
}

/** Number of receipt blocks that only one of two texts has; 0 if both have the same merge base. */
export function markDistance(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let same = 0;
  for (const mark of a) if (b.has(mark)) same += 1;
  return a.size + b.size - 2 * same;
}

/**
 * Whether a text that lacks receipts of `newest` was still loaded from it, and its author deleted
 * them; otherwise it is a stale buffer of `older`, which lacks them too. A buffer cannot have
 * receipts that were written after it was loaded, so one that `older` lacks proves `newest`. If
 * `older` has all of the text's receipts, a line that only `newest` has proves it. A text that
 * keeps no line of `older` was started afresh and also counts as loaded from `newest`.
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

/** Lines with a letter or digit: empty ones and rules are the same in every text. */
const worded = ({ lines }: Version): ReadonlySet<string> =>
  new Set(lines.filter((line) => /[\p{L}\p{N}]/u.test(line)));

/** Headings prove nothing: unrelated buffers both get the day's heading. */
const isHeading = (line: string): boolean => line.startsWith("#");

/**
 * The version that a text was loaded from: of the candidates nearest by receipts, the one nearest
 * by the user's lines. Undefined without candidates.
 *
 * @param candidates newest first
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
    // Of two equally near, the shorter one: it lacks lines that the text added, so it came first.
    const earlier = candidate.lines.length < (best?.lines.length ?? 0);
    if (between > lines || (between === lines && !earlier)) continue;
    [best, lines] = [candidate, between];
  }
  return best;
}
