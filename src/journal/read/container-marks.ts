// Markers of lists and quotes: whether one begins an item here, and how far its text is indented.
// block-scan.ts keeps track of which containers are open.
import { listMarker } from "./block-starts.ts";
import { blackAt, isRestBlank, skipColumns, skipIndent, whiteColumns } from "./line-cursor.ts";
import type { Cursor } from "./line-cursor.ts";

export interface Item {
  readonly kind: "item";
  /** Indentation of its text in columns. */
  readonly indent: number;
  /** Offset of its marker. */
  readonly start: number;
  /** Nothing is behind its marker, and no text has come since. */
  empty: boolean;
  /** Blocks directly in it so far. */
  children: number;
}

export type Container =
  | { readonly kind: "quote" }
  | Item
  | { readonly kind: "footnote"; readonly indent: number; empty: boolean };

/** An item interrupts a paragraph only if it has text and its number, if any, is 1. */
export function startsItem(rest: string, inParagraph: boolean): boolean {
  const marker = listMarker(rest);
  if (marker === undefined || !inParagraph) return marker !== undefined;
  return rest.slice(marker.length).trim() !== "" && (marker.number ?? 1) === 1;
}

/** Moves past the marker and the white space that belongs to it. */
export function readItem(cursor: Cursor, rest: string): Item {
  const start = blackAt(cursor);
  const before = whiteColumns(cursor);
  const length = listMarker(rest)?.length ?? 1;
  skipIndent(cursor);
  skipColumns(cursor, length);
  const columns = whiteColumns(cursor);
  const empty = isRestBlank(cursor);
  const padding = empty || columns > 4 ? 1 : columns;
  if (!empty) skipColumns(cursor, padding);
  return { kind: "item", indent: before + length + padding, start, empty, children: 0 };
}

/** Moves past `>` and the one space that belongs to it. */
export function skipQuoteMark(cursor: Cursor): void {
  skipIndent(cursor);
  skipColumns(cursor, 1);
  if (whiteColumns(cursor) > 0) skipColumns(cursor, 1);
}
