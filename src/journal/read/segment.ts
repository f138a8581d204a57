// Reads a segment of a journal: commands with their receipts, tagged lines, headings, problems.
// Offsets and lines count in the segment; assemble.ts moves them to their positions in the file.
import type { Problem } from "../../base/problem.ts";
import { LEAF_CHARS } from "./block-scan.ts";
import type { LeafBlock } from "./block-scan.ts";
import type { FoundEntry } from "./entries.ts";
import { leafBlocks } from "./leaf-blocks.ts";
import { placeFound, type SegmentBlock } from "./place-blocks.ts";
import {
  placeBlock,
  reportUnclosed,
  strayProblemReceipts,
  TOO_DEEP,
  TOO_LONG,
} from "./problem-places.ts";
import { isLongCommand, entriesIn, headingOf, readLeaf, wholeLines } from "./read-block.ts";
import type { LocalHeading } from "./read-block.ts";
import { blankOut, findReceiptQuotes } from "./receipt-quotes.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { VERB_WORDS } from "./typos.ts";
import { linesOf, positionOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

export interface Segment {
  /** UTF-16 units and lines. */
  readonly length: number;
  readonly lines: number;
  readonly blocks: readonly SegmentBlock[];
  readonly entries: readonly FoundEntry[];
  readonly headings: readonly LocalHeading[];
  /**
   * The person's text above the first heading, and below each heading up to the next one; each in
   * parts, since receipts are left out.
   */
  readonly texts: readonly (readonly string[])[];
  readonly conflicted: boolean;
}

/** A leaf block can hold something for nightlab only if it contains one of these. */
const WORTH_READING = new RegExp(
  `(?:${VERB_WORDS.join("|")})[ \\t]{0,3}[:\uFF1A\uFE55\u2236]|` +
    String.raw`\[(?:WEIRD|HUNCH|TODO|RESOLVED)\]|(?:\`\`\`|~~~)[ \t]{0,9}run\b`,
  "i",
);

interface Gathered {
  readonly blocks: SegmentBlock[];
  readonly entries: FoundEntry[];
  readonly headings: LocalHeading[];
}

/** Reads a segment. Most have a few KB, but one block can be as long as the journal. */
export function* readSegment(text: string): Generator<undefined, Segment, undefined> {
  const lines = linesOf(text);
  const quotes = findReceiptQuotes(lines);
  const { leaves, conflicted, unclosed } = yield* leafBlocks({
    text: blankOut(lines, quotes),
    starts: lines.starts,
  });
  const found: Gathered = { blocks: [], entries: [], headings: [] };
  const quoteAt = new Map(quotes.map((quote) => [quote.first, quote]));
  for (const leaf of leaves) takeLeaf(found, leaf, lines, quoteAt);
  if (unclosed !== undefined) reportUnclosed(found.blocks, lines, unclosed, quoteAt);
  const stray = strayProblemReceipts(lines, quotes, found.blocks, leaves);
  return {
    length: text.length,
    lines: lines.starts.length,
    blocks: [...found.blocks, ...stray].toSorted((a, b) => a.span.start - b.span.start),
    entries: found.entries,
    headings: found.headings,
    texts: personsTexts(lines, quotes, found.headings),
    conflicted,
  };
}

function takeLeaf(
  found: Gathered,
  leaf: LeafBlock,
  lines: TextLines,
  quoteAt: ReadonlyMap<number, QuoteLines>,
): void {
  const { kind, start, end } = leaf;
  const worthReading = WORTH_READING.test(lines.text.slice(start, end));
  const notRead = (problem: Omit<Problem, "place">): void => {
    const problems = [{ ...problem, place: positionOf(lines, start) }];
    found.blocks.push(placeBlock(lines, wholeLines(lines, leaf), quoteAt, { problems }));
  };
  if (kind === "deep") {
    if (worthReading) notRead(TOO_DEEP);
    return;
  }
  if (worthReading && kind === "paragraph") found.entries.push(...entriesIn(lines, leaf));
  if (worthReading && end - start > LEAF_CHARS) {
    if (isLongCommand(lines, leaf)) notRead(TOO_LONG);
    return;
  }
  const block = worthReading ? readLeaf(lines, leaf) : undefined;
  if (block !== undefined) {
    const heading = found.headings.at(-1)?.title;
    found.blocks.push({ ...placeFound(lines, block, quoteAt), heading });
  }
  const heading = block === undefined ? headingOf(lines, leaf) : undefined;
  if (heading !== undefined) found.headings.push(heading);
}

/** The text between headings, without receipts. */
function personsTexts(
  { text, starts }: TextLines,
  quotes: readonly QuoteLines[],
  headings: readonly LocalHeading[],
): readonly (readonly string[])[] {
  let next = 0;
  return [0, ...headings.map(({ span }) => span.end)].map((start, i) => {
    const end = headings[i]?.span.start ?? text.length;
    const parts: string[] = [];
    let from = start;
    for (; next < quotes.length; next += 1) {
      const quote = quotes[next];
      const first = starts[quote?.first ?? starts.length] ?? text.length;
      if (quote === undefined || first >= end) break;
      if (first < from) continue;
      parts.push(text.slice(from, first));
      from = starts[quote.after] ?? text.length;
    }
    parts.push(text.slice(from, end));
    return parts;
  });
}
