// Reads a journal: its plan, its commands with their receipts, tagged lines, sections.
// What becomes of them is decided in step.ts; what is written back, in render.ts.
import { BLOCK_CHARS, BLOCK_LINES, BLOCK_NESTING } from "../limits.ts";
import type { CommandBlock, Entry, JournalReading } from "../model/journal.ts";
import type { Problem } from "../model/problem.ts";
import { dateIn } from "./entries.ts";
import { readFrontmatter } from "./frontmatter.ts";
import { moveBlock, receiptBelow } from "./place-blocks.ts";
import { readBlock } from "./read-block.ts";
import type { BlockReading, LocalHeading } from "./read-block.ts";
import { blankOut, findReceiptQuotes } from "./receipt-quotes.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { ignoredIn, sectionsOf } from "./sections.ts";
import { splitBlocks } from "./split-blocks.ts";
import type { TopBlock } from "./split-blocks.ts";
import { linesOf, placeOf, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";

export interface JournalReader {
  /** Reads a text; blocks that stood in one of the last two texts are not parsed again. */
  read(text: string): JournalReading;
}

/** Reads one text. Never throws; takes time in proportion to the text's length. */
export function readJournal(text: string): JournalReading {
  return createJournalReader().read(text);
}

/** A reader for the versions of one journal. It remembers the blocks of the last two texts. */
export function createJournalReader(): JournalReader {
  let last: { readonly text: string; readonly reading: JournalReading } | undefined;
  let current: Remembered = new Map();
  return {
    read(text) {
      if (last?.text === text) return last.reading;
      const previous = current;
      const used: Remembered = new Map();
      const reading = readText(text, (block, structure) => {
        const known = used.get(block) ?? previous.get(block) ?? remember(block, structure);
        used.set(known.text, known);
        return known.reading;
      });
      current = used;
      last = { text, reading };
      return reading;
    },
  };
}

/** Blocks by their text. */
type Remembered = Map<string, { readonly text: string; readonly reading: BlockReading }>;

function remember(
  block: string,
  structure: string,
): {
  readonly text: string;
  readonly reading: BlockReading;
} {
  const text = ownCopy(block);
  return { text, reading: readBlock(text, ownCopy(structure)) };
}

/** A slice keeps the whole text it was cut from alive; what is remembered must not. */
const ownCopy = (slice: string): string => Buffer.from(slice, "utf16le").toString("utf16le");

type ReadBlock = (block: string, structure: string) => BlockReading;

/** A top-level block can hold something for nightlab only if one of these stands in it. */
const WORTH_READING =
  /(?:run|eval|script|stop|queue)[ \t]{0,3}:|\[(?:WEIRD|HUNCH|TODO|RESOLVED)\]|(?:```|~~~)[ \t]{0,9}run\b/i;

function readText(text: string, read: ReadBlock): JournalReading {
  const lines = linesAfterBom(text);
  const quotes = findReceiptQuotes(lines);
  const structure: TextLines = { text: blankOut(lines, quotes), starts: lines.starts };
  const head = readFrontmatter(lines);
  const split = splitBlocks(structure, head.after);
  const problems: Problem[] = [...head.problems];
  const all = gather(lines, structure, { tops: split.blocks, quotes, read, problems });
  if (split.unclosedFence !== undefined) {
    const message = "nothing closes the fence that begins here, so everything below it is code";
    const place = placeOf(lines, startOf(lines, split.unclosedFence));
    problems.push({ message, fix: "close it with a line of the same marks", place });
  }
  const title = all.headings.find(({ depth }) => depth === 1)?.title;
  return {
    plan: head.plan,
    ...(title === undefined ? {} : { title }),
    blocks: all.blocks,
    entries: all.entries,
    sections: sectionsOf(lines, all.headings, quotes),
    ignored: ignoredIn(structure, all.headings),
    problems,
    conflicted: split.conflicted || head.conflicted,
  };
}

interface Gathered {
  readonly blocks: CommandBlock[];
  readonly entries: Entry[];
  readonly headings: LocalHeading[];
}

/** Reads the blocks in order, and gives each what stands above it: heading, date. */
function gather(
  lines: TextLines,
  structure: TextLines,
  with_: {
    readonly tops: readonly TopBlock[];
    readonly quotes: readonly QuoteLines[];
    readonly read: ReadBlock;
    readonly problems: Problem[];
  },
): Gathered {
  const { tops, quotes, read, problems } = with_;
  const found: Gathered = { blocks: [], entries: [], headings: [] };
  const quoteAt = new Map(quotes.map((quote) => [quote.first, quote]));
  let date: string | undefined;
  for (const top of tops) {
    const start = startOf(lines, top.first);
    const end = startOf(lines, top.after);
    const shape = structure.text.slice(start, end);
    if (!top.heading && !WORTH_READING.test(shape)) continue;
    if (top.tooDeep || end - start > BLOCK_CHARS || top.after - top.first > BLOCK_LINES) {
      problems.push({ ...tooLarge(top), place: placeOf(lines, start) });
      continue;
    }
    const local = read(lines.text.slice(start, end), shape);
    const headings = local.headings.map((heading) => ({
      ...heading,
      line: heading.line + top.first,
      span: { start: heading.span.start + start, end: heading.span.end + start },
    }));
    for (const block of local.blocks) {
      const from = block.span.start + start;
      const heading = headings.findLast(({ span }) => span.start < from) ?? found.headings.at(-1);
      const moved = moveBlock(lines, block, { start, line: top.first });
      const receipt = receiptBelow(lines, moved, quoteAt);
      found.blocks.push({
        ...moved,
        heading: heading?.title ?? "",
        ...(receipt === undefined ? {} : { receipt }),
      });
    }
    date = headings.map(({ title }) => dateIn(title)).findLast((one) => one !== undefined) ?? date;
    for (const { ownDate, ...entry } of local.entries) {
      const dated = ownDate === undefined && date !== undefined ? { date } : {};
      found.entries.push({ ...entry, line: entry.line + top.first, ...dated });
      date = ownDate ?? date;
    }
    found.headings.push(...headings);
  }
  return found;
}

function tooLarge({ tooDeep }: TopBlock): { readonly message: string; readonly fix: string } {
  if (tooDeep) {
    const message = `lists and quotes are nested deeper than ${BLOCK_NESTING}, so no command is read here`;
    return { message, fix: "write commands further out" };
  }
  const message = "this block is too large, so no command is read in it";
  return { message, fix: "part it with blank lines and headings" };
}

/** Lines of a text; a byte order mark is before the first of them. */
function linesAfterBom(text: string): TextLines {
  const lines = linesOf(text);
  return text.startsWith("\uFEFF") ? { text, starts: [1, ...lines.starts.slice(1)] } : lines;
}
