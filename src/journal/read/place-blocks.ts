// Moves what was read in a block to its position in the file, and finds the receipt right below it.
// read-block.ts reads the block.
import type { CommandBlock, FoundCommand, FoundReceipt } from "../../domain/journal.ts";
import type { Problem, Span } from "../../base/problem.ts";
import type { LocalBlock } from "./read-block.ts";
import { readReceipt } from "./receipt-quotes.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { lineAt, isBlankLine } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** A block; `heading` is undefined where the heading above it is in an earlier segment. */
export type SegmentBlock = Omit<CommandBlock, "heading"> & { readonly heading: string | undefined };

/** Where a text starts: its offset, and the number of lines above it. */
export interface Origin {
  readonly start: number;
  readonly line: number;
}

type Placed = Omit<CommandBlock, "heading" | "receipt">;

/** A block of a segment with the receipt right below it. */
export function placeFound(
  lines: TextLines,
  { commands, span, open, indent }: LocalBlock,
  quoteAt: ReadonlyMap<number, QuoteLines>,
): Omit<CommandBlock, "heading"> {
  const lineEnded = /[\r\n]/.test(lines.text.charAt(span.end - 1));
  const placed = { commands, span, closed: lineEnded && !open, lineEnded, indent };
  const receipt = receiptBelow(lines, placed, quoteAt);
  return receipt === undefined ? placed : { ...placed, receipt };
}

function moveCommand(command: FoundCommand, origin: Origin): FoundCommand {
  const problems = command.problems.map((problem) => moveProblem(problem, origin));
  return { ...command, problems, line: command.line + origin.line };
}

const moveProblem = ({ place, ...said }: Problem, { start, line }: Origin): Problem => ({
  ...said,
  place: { line: place.line + line, column: place.column, offset: place.offset + start },
});

const moveSpan = (span: Span, by: number): Span => ({ start: span.start + by, end: span.end + by });

/** A segment's block with the file's offsets and lines; `heading`: the one above the segment. */
export function shiftBlock(block: SegmentBlock, origin: Origin, heading: string): CommandBlock {
  const { receipt, problems } = block;
  const { start } = origin;
  const { commands } = block;
  return {
    ...block,
    commands: commands.map((command) => moveCommand(command, origin)),
    span: moveSpan(block.span, start),
    heading: block.heading ?? heading,
    ...(receipt === undefined ? {} : { receipt: shiftReceipt(receipt, start) }),
    ...(problems === undefined
      ? {}
      : { problems: problems.map((problem) => moveProblem(problem, origin)) }),
  };
}

function shiftReceipt({ span, heads, blocks }: FoundReceipt, by: number): FoundReceipt {
  return {
    span: moveSpan(span, by),
    heads,
    blocks: blocks.map((block) => ({ ...block, span: moveSpan(block.span, by) })),
  };
}

/** The receipt right below a block, or below the blank lines there; indented code is none. */
export function receiptBelow(
  lines: TextLines,
  block: Placed,
  quoteAt: ReadonlyMap<number, QuoteLines>,
): FoundReceipt | undefined {
  if (!block.lineEnded) return undefined;
  let line = lineAt(lines, block.span.end - 1) + 1;
  while (line < lines.starts.length && isBlankLine(lines, line)) line += 1;
  const quote = quoteAt.get(line);
  if (quote === undefined) return undefined;
  return columnsBefore(lines, line) > block.indent.length + 3
    ? undefined
    : readReceipt(lines, quote);
}

function columnsBefore({ text, starts }: TextLines, line: number): number {
  let column = 0;
  for (let at = starts[line] ?? 0; text[at] === " " || text[at] === "\t"; at += 1) {
    column += text[at] === "\t" ? 4 - (column % 4) : 1;
  }
  return column;
}
