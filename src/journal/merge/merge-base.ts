// A version of a journal, prepared for comparison with others, and the marks that tell from which
// version an editor loaded a text. effects/journal-store/merge-bases.ts keeps the earlier versions.
import type { JournalReading } from "../../domain/journal.ts";
import { lineEndsIn, linesIn } from "../../base/line-diff.ts";
import { isRendered, openedFlag, normalReceiptBlock } from "../../base/receipt-block.ts";
import { linesOf } from "../../base/text-lines.ts";
import { readReceipt } from "../read/receipt-quotes.ts";
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
    marks: marksIn(text, rendered),
  };
}

/** Lines that begin with `>`, one right below the other. */
const QUOTES = /(?:^[ \t]*>.*(?:\r\n|\r|\n|$))+/gm;
/** Quotes whose blocks are remembered: more than a journal of 10 MB has. */
const CACHED_QUOTES = 20_000;
const BLOCKS = new Map<string, readonly string[]>();

/**
 * Marks of blocks that were found to be rendered, by set of hashes. They stay valid, since such a
 * set only grows; a block that was not found may be later, so it is not remembered.
 */
const MARKS = new WeakMap<ReadonlySet<string>, Map<string, string>>();

/**
 * The marks of a text: every block in it that was rendered, wherever it stands by now. A receipt
 * that was moved, lost its command or some of its lines still tells its age.
 */
function marksIn(text: string, rendered: ReadonlySet<string>): ReadonlySet<string> {
  const known = MARKS.get(rendered) ?? new Map<string, string>();
  MARKS.set(rendered, known);
  const marks = new Set<string>();
  if (rendered.size === 0) return marks;
  for (const [quote] of text.matchAll(QUOTES)) {
    for (const normal of blocksIn(quote)) {
      const mark = known.get(normal) ?? markOf(normal, rendered);
      if (mark === undefined) continue;
      known.set(normal, mark);
      marks.add(mark);
    }
  }
  return marks;
}

function blocksIn(quote: string): readonly string[] {
  const cached = BLOCKS.get(quote);
  if (cached !== undefined) return cached;
  const lines = linesOf(quote);
  const { blocks } = readReceipt(lines, { first: 0, after: lines.starts.length });
  const normals = blocks.map(({ normal }) => normal);
  if (BLOCKS.size >= CACHED_QUOTES) BLOCKS.clear();
  BLOCKS.set(quote, normals);
  return normals;
}

function markOf(normal: string, rendered: ReadonlySet<string>): string | undefined {
  if (!isRendered(normal, rendered)) return undefined;
  const block = normalReceiptBlock(normal);
  return openedFlag(block) ?? block;
}

/** How many of a text's marks are among these. */
export function marksWithin(marks: ReadonlySet<string>, all: ReadonlySet<string>): number {
  let within = 0;
  for (const mark of marks) if (all.has(mark)) within += 1;
  return within;
}
