// The first two rows of a GFM table: a head, and below it as many cells of dashes.
import type { Span } from "../../base/problem.ts";

/** A row of dashes: with a pipe or a colon, since dashes alone underline a heading. */
const DASHES = /^\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
/** Longest row of dashes. */
const DASHES_CHARS = 2_048;

/** Whether `row` is a table's row of dashes, and `head` has as many cells. */
export function isTableHead(text: string, head: Span, row: Span): boolean {
  const first = text[row.start];
  if (first !== "|" && first !== "-" && first !== ":") return false;
  if (row.end - row.start > DASHES_CHARS || head.end - head.start > DASHES_CHARS) return false;
  const dashes = text.slice(row.start, row.end);
  if (!/[|:]/.test(dashes) || !DASHES.test(dashes)) return false;
  return cells(text.slice(head.start, head.end)) === cells(dashes);
}

/** Number of cells between the pipes of a row; one at either end counts for nothing. */
function cells(row: string): number {
  const own = row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return own.replaceAll(/\\./g, "").split("|").length;
}
