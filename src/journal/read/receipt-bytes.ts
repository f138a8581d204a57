// Whose each line of a receipt is: what the daemon can prove that it wrote, and what is the
// person's. journal/receipt/render.ts replaces the daemon's lines.
import type { CommandBlock, FoundReceipt } from "../../domain/journal.ts";
import { isRendered } from "../../base/receipt-block.ts";
import { wrappedEnd } from "./stray-receipts.ts";

/** The lines between a block and the person's next text, taken apart. */
export interface BelowBlock {
  /** Where the range ends; it begins where the block ends. */
  readonly end: number;
  /**
   * Blank lines above the receipt; without a receipt the one blank line below the block, if any.
   */
  readonly above: readonly string[];
  /** Lines of the receipt that are the person's, each with its line end: they are kept. */
  readonly kept: readonly string[];
  /** The blank line that closes the receipt, if any. */
  readonly closing: readonly string[];
  /** A formatter removed the closing blank line: what follows begins a block of its own anyway. */
  readonly tight: boolean;
  /** Some lines are proved to be the daemon's. */
  readonly proved: boolean;
  readonly atEnd: boolean;
}

/** Takes apart what is below a block. */
export function belowBlock(
  text: string,
  block: CommandBlock,
  rendered: ReadonlySet<string>,
): BelowBlock {
  const start = block.span.end;
  const { receipt } = block;
  if (receipt === undefined) {
    const blank = linesOf(text, start, text.length).next().value;
    const above = blank !== undefined && isBlank(blank.text) && hasEnd(blank.text) ? [blank] : [];
    const end = above[0]?.end ?? start;
    return {
      end,
      above: above.map((line) => line.text),
      kept: [],
      closing: [],
      tight: false,
      proved: false,
      atEnd: end === text.length,
    };
  }
  const isWhole = receipt.blocks.every(({ normal }) => isRendered(normal, rendered));
  const wrapped = isWhole ? undefined : wrappedEnd(text, receipt, rendered);
  const end = wrapped === undefined ? receipt.span.end : blankEnd(text, wrapped);
  const lines = [...linesOf(text, start, end)];
  const first = lines.findIndex((line) => !isBlank(line.text));
  const last = lines.findLastIndex((line) => !isBlank(line.text));
  const kept =
    wrapped === undefined
      ? keptLines(lines.slice(Math.max(0, first), last + 1), receipt, rendered)
      : { lines: [], proved: true };
  return {
    end,
    above: lines.slice(0, Math.max(0, first)).map((line) => line.text),
    kept: kept.lines,
    closing: lines.slice(last + 1).map((line) => line.text),
    tight: last === lines.length - 1 && beginsBlock(text, end),
    proved: kept.proved,
    atEnd: end === text.length,
  };
}

interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Where the blank line at an offset ends; the offset itself if there is none. */
function blankEnd(text: string, at: number): number {
  const line = linesOf(text, at, text.length).next().value;
  return line !== undefined && isBlank(line.text) ? line.end : at;
}

/** Whether the line cannot be taken for a continuation of the quote above it. */
function beginsBlock(text: string, at: number): boolean {
  const line = linesOf(text, at, text.length).next().value?.text ?? "";
  return /^ *(?:[-*+] |1[.)] |#{1,6} |`{3}|~{3})/.test(line);
}

/** The person's lines of a receipt: all but proved blocks and the separators around them. */
function keptLines(
  lines: readonly Line[],
  receipt: FoundReceipt,
  rendered: ReadonlySet<string>,
): { readonly lines: readonly string[]; readonly proved: boolean } {
  const kept: string[] = [];
  let proved = false;
  let separators: string[] = [];
  let removedSince = false;
  let next = 0;
  for (const line of lines) {
    while (next < receipt.blocks.length && blockEnd(receipt, next) <= line.start) next += 1;
    const shown = receipt.blocks[next];
    const inside = shown !== undefined && shown.span.start < line.end;
    if (inside && isRendered(shown.normal, rendered)) {
      proved = true;
      removedSince = true;
    } else if (!inside && isBlank(line.text.replace(/^[\s>]+/, ""))) {
      separators.push(line.text);
    } else {
      if (kept.length > 0) {
        const one = separators[0] ?? separatorLike(line.text);
        kept.push(...(removedSince ? [one] : separators));
      }
      kept.push(line.text);
      separators = [];
      removedSince = false;
    }
  }
  return proved ? { lines: kept, proved } : { lines: lines.map((line) => line.text), proved };
}

const blockEnd = (receipt: FoundReceipt, i: number): number =>
  receipt.blocks[i]?.span.end ?? Number.POSITIVE_INFINITY;

/** A line that holds only the quote marker of another. */
function separatorLike(line: string): string {
  const indent = /^[ \t]*/.exec(line)?.[0] ?? "";
  return `${indent}>${/[\r\n]+$/.exec(line)?.[0] ?? "\n"}`;
}

/** The lines of a range of text, each with its line end. */
function* linesOf(text: string, from: number, to: number): Generator<Line, undefined> {
  let start = from;
  while (start < to) {
    let end = start;
    while (end < to && text[end] !== "\n" && text[end] !== "\r") end += 1;
    if (text[end] === "\r" && text[end + 1] === "\n" && end + 1 < to) end += 1;
    end = Math.min(end + 1, to);
    yield { start, end, text: text.slice(start, end) };
    start = end;
  }
  return undefined;
}

const isBlank = (line: string): boolean => line.trim() === "";
const hasEnd = (line: string): boolean => /[\r\n]$/.test(line);
