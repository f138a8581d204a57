// Text in columns for a terminal, and lines cut to its width. Wide characters (CJK, emoji) count as
// two columns, combining marks as none.

/** Characters that a terminal shows two columns wide. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;
/** Combining marks and format characters, which take no column. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

const letterWidth = (letter: string): number => (WIDE.test(letter) ? 2 : NONE.test(letter) ? 0 : 1);

/** Columns that a text takes in a terminal. */
export function widthOf(text: string): number {
  // Fast path: most texts are Latin letters and block characters, one column each.
  if (/^[\u0020-\u007E\u00A0-\u00FF\u2580-\u259F]*$/.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += letterWidth(letter);
  return width;
}

/** The line cut to at most `columnCount` columns; `…` marks what was cut off. */
export function cutTo(line: string, columnCount: number): string {
  if (widthOf(line) <= columnCount) return line;
  let width = 0;
  let kept = "";
  for (const letter of line) {
    width += letterWidth(letter);
    if (width > columnCount - 1) break;
    kept += letter;
  }
  return `${kept}…`;
}

/** The text on lines of at most `columnCount` columns, cut between words; later ones are indented. */
export function folded(text: string, columnCount: number): readonly string[] {
  const [indent = ""] = /^ */.exec(text) ?? [];
  const lines: string[] = [];
  for (const word of text.trim().split(" ")) {
    const last = lines.at(-1);
    const joined = last === undefined ? `${indent}${word}` : `${last} ${word}`;
    if (last === undefined || widthOf(joined) > columnCount) {
      lines.push(last === undefined ? joined : `${indent}  ${word}`);
    } else lines[lines.length - 1] = joined;
  }
  return lines;
}

/** Rows with each column padded to its widest cell, two spaces between, no trailing spaces. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}
