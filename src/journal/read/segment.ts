// Reads a segment of a journal: commands with their receipts, tagged lines, headings, problems.
// Offsets and lines count in the segment; assemble.ts moves them to their positions in the file.
import type { FoundEntry } from "./entries.ts";
import { moveBlock, receiptBelow, type SegmentBlock } from "./place-blocks.ts";
import { placeBlock, strayProblemReceipts, reportUnclosed, tooLarge } from "./problem-places.ts";
import { readBlock } from "./read-block.ts";
import type { BlockReading, LocalHeading } from "./read-block.ts";
import { blankOut, findReceiptQuotes } from "./receipt-quotes.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { VERB_WORDS } from "./typos.ts";
import { splitBlocks } from "./split-blocks.ts";
import type { TopBlock } from "./split-blocks.ts";
import { linesOf, positionOf, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** Largest top-level block that is parsed: remark's time grows faster than the text. */
const BLOCK_CHARS = 256 * 1024;
const BLOCK_LINES = 8_000;

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
  /** What was read in its blocks, to be reused where the same block occurs again. */
  readonly read: readonly KnownBlock[];
}

export interface KnownBlock {
  readonly text: string;
  readonly reading: BlockReading;
}

/** A top-level block can hold something for nightlab only if it contains one of these. */
const WORTH_READING = new RegExp(
  `(?:${VERB_WORDS.join("|")})[ \\t]{0,3}[:\uFF1A\uFE55\u2236]|` +
    String.raw`\[(?:WEIRD|HUNCH|TODO|RESOLVED)\]|(?:\`\`\`|~~~)[ \t]{0,9}run\b`,
  "i",
);

interface Gathered {
  readonly blocks: SegmentBlock[];
  readonly entries: FoundEntry[];
  readonly headings: LocalHeading[];
  readonly read: KnownBlock[];
}

/** Reads a segment; `known` returns what was read before in a block of the same text. */
export function readSegment(
  text: string,
  known: (block: string) => KnownBlock | undefined,
): Segment {
  const lines = linesOf(text);
  const quotes = findReceiptQuotes(lines);
  const structure: TextLines = { text: blankOut(lines, quotes), starts: lines.starts };
  const split = splitBlocks(structure, 0);
  const found: Gathered = { blocks: [], entries: [], headings: [], read: [] };
  const quoteAt = new Map(quotes.map((quote) => [quote.first, quote]));
  for (const top of split.blocks) takeTop(found, top, { lines, structure, quoteAt }, known);
  if (split.unclosed !== undefined) {
    reportUnclosed(found.blocks, lines, split.unclosed, quoteAt);
  }
  const openFrom = split.unclosed?.line ?? Number.POSITIVE_INFINITY;
  const inCode = (line: number): boolean =>
    line > openFrom ||
    split.blocks.some(
      ({ first, after, plain }) =>
        (plain === "code" || plain === "comment") && first < line && line < after,
    );
  const stray = strayProblemReceipts(lines, quotes, found.blocks, inCode);
  return {
    length: text.length,
    lines: lines.starts.length,
    blocks: [...found.blocks, ...stray].toSorted((a, b) => a.span.start - b.span.start),
    entries: found.entries,
    headings: found.headings,
    texts: personsTexts(lines, quotes, found.headings),
    conflicted: split.conflicted,
    read: found.read,
  };
}

interface Places {
  readonly lines: TextLines;
  readonly structure: TextLines;
  readonly quoteAt: ReadonlyMap<number, QuoteLines>;
}

function takeTop(
  found: Gathered,
  top: TopBlock,
  { lines, structure, quoteAt }: Places,
  known: (block: string) => KnownBlock | undefined,
): void {
  const [start, end] = [startOf(lines, top.first), startOf(lines, top.after)];
  const shape = structure.text.slice(start, end);
  if (top.plain === "comment" || (!top.heading && !WORTH_READING.test(shape))) return;
  if (top.tooDeep || end - start > BLOCK_CHARS || top.after - top.first > BLOCK_LINES) {
    const problems = [{ ...tooLarge(top), place: positionOf(lines, start) }];
    found.blocks.push(placeBlock(lines, { start, end }, quoteAt, { problems }));
    return;
  }
  const text = lines.text.slice(start, end);
  const block = known(text) ?? { text, reading: readBlock(text, shape, top.plain) };
  found.read.push(block);
  const { blocks, entries, headings } = block.reading;
  for (const { title, depth, line, span } of headings) {
    const moved = { start: span.start + start, end: span.end + start };
    found.headings.push({ title, depth, line: line + top.first, span: moved });
  }
  for (const one of blocks) {
    const from = one.span.start + start;
    const moved = moveBlock(lines, one, { start, line: top.first });
    const receipt = receiptBelow(lines, moved, quoteAt);
    found.blocks.push({
      ...moved,
      heading: found.headings.findLast(({ span }) => span.start < from)?.title,
      ...(receipt === undefined ? {} : { receipt }),
    });
  }
  for (const entry of entries) found.entries.push({ ...entry, line: entry.line + top.first });
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
