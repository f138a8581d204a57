// Finds receipts in a journal by their own lines: consecutive `>` lines, the first of them a state.
// place-blocks.ts decides which command each belongs to; journal/receipt/ writes them.
import type { FoundReceipt, ReceiptBlock } from "../../domain/journal.ts";
import { normalReceiptBlock } from "../../base/receipt-block.ts";
import { contentEnd, isBlankChar, startOf, isBlankLine } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** The lines of a receipt: its first one, and the one after its last; 0-based. */
export interface QuoteLines {
  readonly first: number;
  readonly after: number;
}

const STATES =
  "held|waiting|queued|preparing|running|done|failed|stopped|cancelled|skipped|lost|problem";
const HEAD = new RegExp(
  `^(?:\\*\\*(${STATES})\\*\\*|__(${STATES})__)(?:[ \\t]+\`([a-z][a-z0-9]{3,7}(?:[.-]\\d{1,6}){0,3})\`)?(?=\\s|$)`,
);

interface Head {
  readonly state: string;
  readonly id?: string;
}

/**
 * Every receipt-like quote of a text. A receipt is only its own `>` lines, without what Markdown
 * calls lazy continuation. Quotes that do not begin with a state are a person's.
 */
export function findReceiptQuotes(lines: TextLines): readonly QuoteLines[] {
  const found: QuoteLines[] = [];
  let line = 0;
  while (line < lines.starts.length) {
    if (quoteMark(lines, line) === undefined) {
      line += 1;
      continue;
    }
    const first = line;
    while (line < lines.starts.length && quoteMark(lines, line) !== undefined) line += 1;
    if (headOf(insideQuote(lines, first)) !== undefined) found.push({ first, after: line });
  }
  return found;
}

/** The text with the characters of receipts replaced by spaces; offsets and line ends stay. */
export function blankOut(lines: TextLines, quotes: readonly QuoteLines[]): string {
  const { text } = lines;
  const parts: string[] = [];
  let from = 0;
  for (const { first, after } of quotes) {
    for (let line = first; line < after; line += 1) {
      const [start, end] = [startOf(lines, line), contentEnd(lines, line)];
      parts.push(text.slice(from, start), " ".repeat(end - start));
      from = end;
    }
  }
  parts.push(text.slice(from));
  return parts.join("");
}

/** Reads a receipt's heads and blocks; its span includes one blank line below it. */
export function readReceipt(lines: TextLines, quote: QuoteLines): FoundReceipt {
  const heads: Head[] = [];
  const pieces: ReceiptBlock[] = [];
  let open: { first: number; item: boolean } | undefined;
  const close = (after: number): void => {
    if (open !== undefined) pieces.push(receiptBlockOf(lines, open.first, after));
    open = undefined;
  };
  for (let line = quote.first; line < quote.after; line += 1) {
    const inside = insideQuote(lines, line).trim();
    const head = headOf(inside);
    const item = /^[-+*](?:\s|$)/.test(inside) || (!isText(open) && /^\d{1,9}[.)]\s/.test(inside));
    if (inside === "" || head !== undefined || item) close(line);
    if (head !== undefined) heads.push(head);
    if (inside !== "") open ??= { first: line, item };
  }
  close(quote.after);
  const closing = quote.after < lines.starts.length && isBlankLine(lines, quote.after) ? 1 : 0;
  const span = { start: startOf(lines, quote.first), end: startOf(lines, quote.after + closing) };
  return { span, heads, blocks: pieces };
}

const isText = (open: { readonly item: boolean } | undefined): boolean => open?.item === false;

function receiptBlockOf(lines: TextLines, first: number, after: number): ReceiptBlock {
  const span = { start: startOf(lines, first), end: startOf(lines, after) };
  const box = /^(?:[-+*]|\d{1,9}[.)])\s{1,9}\[([ xX])\](?:\s|$)/.exec(
    insideQuote(lines, first).trim(),
  );
  return {
    span,
    normal: normalReceiptBlock(lines.text.slice(span.start, span.end)),
    ...(box === null ? {} : { ticked: box[1] !== " " }),
  };
}

function headOf(inside: string): Head | undefined {
  const match = HEAD.exec(inside.slice(0, 80).trimStart());
  const state = match?.[1] ?? match?.[2];
  if (state === undefined) return undefined;
  const id = match?.[3];
  // A problem has no id: code after it is part of its message.
  if (state === "problem") return { state };
  return id === undefined ? undefined : { state, id };
}

/** Whether a line begins with a quote mark, and whether a receipt begins with it. */
export function quoteLine(line: string): "none" | "quote" | "receipt" {
  const [mark] = /^[ \t]*>/.exec(line) ?? [];
  if (mark === undefined) return "none";
  return headOf(line.slice(mark.length)) === undefined ? "quote" : "receipt";
}

/** Offset of the line's `>`, after white space; undefined if it begins with something else. */
function quoteMark(lines: TextLines, line: number): number | undefined {
  const { text } = lines;
  let at = startOf(lines, line);
  while (isBlankChar(text, at)) at += 1;
  return text[at] === ">" ? at : undefined;
}

function insideQuote(lines: TextLines, line: number): string {
  const mark = quoteMark(lines, line) ?? startOf(lines, line) - 1;
  return lines.text.slice(mark + 1, contentEnd(lines, line));
}
