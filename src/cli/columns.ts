// Rows of text set in columns for a terminal.
// Widths count code points, which is close enough for names and numbers.

const widthOf = (cell: string): number => Array.from(cell).length;

/** Rows with each column padded to its widest cell, two spaces between, nothing at the ends. */
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
