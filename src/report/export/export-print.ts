// Prepares a page for printing: long names may break, and the columns of tables get widths that
// fit. Converters take both from the HTML.
import type { Element, ElementContent, Nodes } from "hast";

/** Zero-width space: a line may break there. */
const SOFT_BREAK = "\u200B";

/** A number is never broken: broken after its point it would read as two. */
const NUMBER = /^[-+(≈]?\d[\d.]{0,20}(?:e[-+]?\d{1,3})?[,;)]?$/i;

/** The text in which long words may break after `-`, `_`, `/`, `.`, `=`, `,` and `:`. */
export function softBreaks(text: string): string {
  return text.replaceAll(/\S{17,}/g, (word) =>
    NUMBER.test(word) ? word : word.replaceAll(/[-_/.=,:](?=[^-_/.=,:\s])/g, `$&${SOFT_BREAK}`),
  );
}

/** Characters that fit side by side on a printed page. */
const PAGE_CHARS = 88;
/** The least and the greatest width of a column, in characters. */
const [NARROWEST, WIDEST] = [5, 60];

/** The table with widths for its columns if it is too wide for a page; else as it is. */
export function withColumnWidths(table: Element): Element {
  const rows = cellLengths(table);
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const asked = Array.from({ length: columns }, (_, i) => {
    const longest = Math.max(0, ...rows.map((row) => row[i] ?? 0));
    return Math.min(WIDEST, Math.max(NARROWEST, longest + 2));
  });
  const total = asked.reduce((sum, width) => sum + width, 0);
  if (total <= PAGE_CHARS) return table;
  const wished = asked.map((width) => Math.sqrt(width * Math.min(width, 24)));
  const words = longestWords(table);
  const least = Array.from({ length: columns }, (_, i) => {
    return Math.max(NARROWEST, ...words.map((row) => row[i] ?? 0)) + 1;
  });
  // Each column gets room for its longest word; the rest is shared in proportion to `wished`.
  const room = Math.max(0, PAGE_CHARS - sumOf(least)) / sumOf(wished);
  const widths = wished.map((width, i) => (least[i] ?? 0) + room * width);
  const sum = sumOf(widths);
  const cols = widths.map((width): ElementContent => {
    const share = ((100 * width) / sum).toFixed(1);
    return {
      type: "element",
      tagName: "col",
      properties: { style: `width: ${share}%` },
      children: [],
    };
  });
  const group: Element = { type: "element", tagName: "colgroup", properties: {}, children: cols };
  return { ...table, children: [group, ...table.children] };
}

const sumOf = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

/** The number of characters in each cell, row by row. */
const cellLengths = (table: Nodes): readonly (readonly number[])[] => cellsOf(table, charsOf);

/** The length of each cell's longest word, row by row. */
const longestWords = (table: Nodes): readonly (readonly number[])[] => cellsOf(table, longestWord);

function cellsOf(node: Nodes, of: (cell: Element) => number): readonly (readonly number[])[] {
  if (node.type !== "element") return [];
  if (node.tagName !== "tr") return node.children.flatMap((child) => cellsOf(child, of));
  return [node.children.flatMap((cell) => (cell.type === "element" ? [of(cell)] : []))];
}

function longestWord(node: Nodes): number {
  if (node.type === "text") {
    const words = softBreaks(node.value).split(/[\s\u200B]+/);
    return Math.max(0, ...words.map((word) => Array.from(word).length));
  }
  return "children" in node ? Math.max(0, ...node.children.map(longestWord)) : 0;
}

function charsOf(node: Nodes): number {
  if (node.type === "text") return Array.from(node.value).length;
  return "children" in node ? node.children.reduce((sum, child) => sum + charsOf(child), 0) : 0;
}
