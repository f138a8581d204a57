// What a page needs to be set on paper: long names that may break, and tables with columns of
// fitting widths. Converters take both from HTML.
import type { Element, ElementContent, Nodes } from "hast";

const SOFT_BREAK = "\u200B";

/** Long words without a space may break behind `-`, `_`, `/`, `.` and `=`. */
export function softBreaks(text: string): string {
  return text.replaceAll(/\S{17,}/g, (word) =>
    word.replaceAll(/[-_/.=,:](?=[^-_/.=,:\s])/g, `$&${SOFT_BREAK}`),
  );
}

/** Characters that fit side by side on a printed page. */
const PAGE_CHARS = 88;
/** A column is at least so wide, and asks for at most so much. */
const [NARROWEST, WIDEST] = [5, 60];

/** The table with a `colgroup` where it is too wide for a page; else as it is. */
export function withColumnWidths(table: Element): Element {
  const rows = rowsOf(table);
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const asked = Array.from({ length: columns }, (_, i) => {
    const longest = Math.max(0, ...rows.map((row) => row[i] ?? 0));
    return Math.min(WIDEST, Math.max(NARROWEST, longest + 2));
  });
  const total = asked.reduce((sum, width) => sum + width, 0);
  if (total <= PAGE_CHARS) return table;
  const widths = asked.map((width) => Math.sqrt(width * Math.min(width, 24)));
  const sum = widths.reduce((all, width) => all + width, 0);
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

/** The number of characters of each cell, row by row. */
function rowsOf(node: Nodes): readonly (readonly number[])[] {
  if (node.type !== "element") return [];
  if (node.tagName !== "tr") return node.children.flatMap(rowsOf);
  return [node.children.flatMap((cell) => (cell.type === "element" ? [charsOf(cell)] : []))];
}

function charsOf(node: Nodes): number {
  if (node.type === "text") return Array.from(node.value).length;
  return "children" in node ? node.children.reduce((sum, child) => sum + charsOf(child), 0) : 0;
}
