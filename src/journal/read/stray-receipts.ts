// Receipts that came apart: from their command, since somebody typed between the two, and from
// their own lines, since a formatter wrapped them anew. journal/receipt/render.ts mends both.
import type { FoundReceipt, JournalReading } from "../../domain/journal.ts";
import { isRendered } from "../../base/receipt-block.ts";
import { linesOf } from "../../base/text-lines.ts";
import { findReceiptQuotes, readReceipt } from "./receipt-quotes.ts";

/** Words of a receipt that was wrapped anew: each beginning of a block is looked up. */
const WRAPPED_WORDS = 600;
/** Characters of such a receipt, which has fewer than this by far. */
const WRAPPED_CHARS = 20_000;

/**
 * The receipt of a block that has none right below it: the first one before the next block and the
 * next heading, if each of its lines is proved to be the daemon's.
 */
export function strayReceipt(
  text: string,
  { blocks }: JournalReading,
  index: number,
  rendered: ReadonlySet<string>,
): FoundReceipt | undefined {
  const block = blocks[index];
  if (block === undefined || block.receipt !== undefined || block.commands.length === 0) {
    return undefined;
  }
  const from = block.span.end;
  const below = text.slice(from, blocks[index + 1]?.span.start ?? text.length);
  const heading = /^ {0,3}#{1,6}[ \t]/m.exec(below)?.index ?? below.length;
  const lines = linesOf(below.slice(0, heading));
  const [quote] = findReceiptQuotes(lines);
  if (quote === undefined) return undefined;
  const { span, heads, blocks: found } = readReceipt(lines, quote);
  const isOurs = found.every(({ normal }) => isRendered(normal, rendered));
  if (!isOurs || !heads.some(({ id }) => id !== undefined)) return undefined;
  return { span: { start: span.start + from, end: span.end + from }, heads, blocks: found };
}

/**
 * Where a receipt ends that was wrapped anew, by `gq`, `fold` or `fmt`: after the lines up to the
 * next blank one, if they hold the words of rendered blocks and no other. Undefined otherwise.
 */
export function wrappedEnd(
  text: string,
  { span }: FoundReceipt,
  rendered: ReadonlySet<string>,
): number | undefined {
  const end = firstBlankLine(text, span.start);
  if (end - span.start > WRAPPED_CHARS) return undefined;
  const region = text.slice(span.start, end);
  // `fold` breaks within words, and begins no line with a quote mark.
  const unfolded = region.replaceAll(/(?:\r\n|\n|\r)(?![ \t]*>|$)/g, "");
  const isOurs = [region, unfolded].some((one) => isRenderedWords(one, rendered));
  return isOurs ? end : undefined;
}

/** Where the first blank line from `start` on begins, or the text ends; looked for in WRAPPED_CHARS. */
function firstBlankLine(text: string, start: number): number {
  const near = text.slice(start, start + WRAPPED_CHARS + 1);
  const found = /(?:\r\n|\n|\r(?!\n))(?=[ \t]*(?:[\r\n]|$))/.exec(near);
  return start + (found === null ? near.length : found.index + found[0].length);
}

/** Whether a text is made of the words of rendered blocks alone, in any number of lines. */
function isRenderedWords(text: string, rendered: ReadonlySet<string>): boolean {
  const words = text.split(/\s+/).filter((word) => !/^>*$/.test(word));
  if (words.length > WRAPPED_WORDS) return false;
  // A block may be the beginning of another one.
  const begins = new Set([0]);
  for (let from = 0; from < words.length; from += 1) {
    if (!begins.has(from)) continue;
    for (let to = from + 1; to <= words.length; to += 1) {
      if (isRendered(words.slice(from, to).join(" "), rendered)) begins.add(to);
    }
  }
  return begins.has(words.length);
}
