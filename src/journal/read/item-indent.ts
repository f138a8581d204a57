// How far a line must be indented to stay inside a list item.
// Which item a block is in comes from block-scan.ts.
import { listMarker } from "./block-starts.ts";

/**
 * The indentation that a line needs to stay in the list item whose marker is at `offset`, or after
 * the white space there. Tabs advance to the next multiple of four columns, as in CommonMark.
 */
export function itemIndent(text: string, offset: number): string {
  const lineStart = Math.max(
    text.lastIndexOf("\n", offset - 1),
    text.lastIndexOf("\r", offset - 1),
  );
  const atMarker = skipWhite(text, columnsTo(text, lineStart + 1, offset));
  const marker = listMarker(text.slice(atMarker.at, atMarker.at + 12));
  const behind = columnsTo(text, atMarker.at, atMarker.at + (marker?.length ?? 0), atMarker.column);
  const content = skipWhite(text, behind);
  const empty = content.at >= text.length || /[\r\n]/.test(text.charAt(content.at));
  const white = content.column - behind.column;
  return " ".repeat(behind.column + (empty || white > 4 ? 1 : white));
}

interface Column {
  readonly at: number;
  readonly column: number;
}

function columnsTo(text: string, from: number, to: number, start = 0): Column {
  let column = start;
  for (let at = from; at < to; at += 1) column += text[at] === "\t" ? 4 - (column % 4) : 1;
  return { at: to, column };
}

function skipWhite(text: string, from: Column): Column {
  let to = from.at;
  while (text[to] === " " || text[to] === "\t") to += 1;
  return columnsTo(text, from.at, to, from.column);
}
