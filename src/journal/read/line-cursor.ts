// A cursor inside a line that counts columns: a tab advances to the next multiple of four, and a
// list's indentation may end in the middle of one. block-scan.ts reads what is there.

export interface Cursor {
  readonly text: string;
  /** Where the line's text ends. */
  readonly end: number;
  at: number;
  column: number;
  /** Columns of a tab before `at` that have not been read yet. */
  spare: number;
  /** The line from its next character that is not white space. */
  rest(): string;
}

export function newCursor(text: string, start: number, end: number): Cursor {
  const cursor: Cursor = { text, end, at: start, column: 0, spare: 0, rest };
  function rest(): string {
    return text.slice(blackAt(cursor), end);
  }
  return cursor;
}

/** Columns of white space at the cursor. */
export function whiteColumns(cursor: Cursor): number {
  const { text, end } = cursor;
  let column = cursor.column + cursor.spare;
  for (let at = cursor.at; at < end; at += 1) {
    if (text[at] === "\t") column += 4 - (column % 4);
    else if (text[at] === " ") column += 1;
    else break;
  }
  return column - cursor.column;
}

export const isRestBlank = (cursor: Cursor): boolean => blackAt(cursor) >= cursor.end;

export function skipIndent(cursor: Cursor): void {
  skipColumns(cursor, whiteColumns(cursor));
}

/** Advances by a number of columns; a tab may be read in part. */
export function skipColumns(cursor: Cursor, columns: number): void {
  let left = columns;
  while (left > 0 && (cursor.spare > 0 || cursor.at < cursor.end)) {
    if (cursor.spare === 0) {
      const tab = cursor.text[cursor.at] === "\t";
      cursor.spare = tab ? 4 - (cursor.column % 4) : 1;
      cursor.at += 1;
    }
    const step = Math.min(left, cursor.spare);
    cursor.spare -= step;
    cursor.column += step;
    left -= step;
  }
}

/** Offset of the next character that is not white space, or of the line's end. */
export function blackAt({ text, end, at }: Cursor): number {
  let black = at;
  while (black < end && (text[black] === " " || text[black] === "\t")) black += 1;
  return black;
}
