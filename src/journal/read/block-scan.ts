// CommonMark's block structure, line by line: which containers and which leaf are open after each.
// Where a journal is split by it is decided in split-blocks.ts and cut-segments.ts.
import {
  closesFence,
  footnoteMark,
  htmlStart,
  isAtxHeading,
  isSetextUnderline,
  isThematicBreak,
  openingFence,
} from "./block-starts.ts";
import type { Fence, HtmlEnd } from "./block-starts.ts";
import { readItem, skipQuoteMark, startsItem } from "./container-marks.ts";
import type { Container } from "./container-marks.ts";
import { isRestBlank, skipColumns, skipIndent, whiteColumns } from "./line-cursor.ts";
import type { Cursor } from "./line-cursor.ts";

/** Lists and quotes inside one another: readers of Markdown recurse, and no person nests so deep. */
export const BLOCK_NESTING = 50;

type Leaf =
  | { readonly kind: "none" }
  | { readonly kind: "paragraph" }
  | { readonly kind: "fence"; readonly fence: Fence; readonly line: number }
  | { readonly kind: "html"; readonly end: HtmlEnd };

const NONE: Leaf = { kind: "none" };
const PARAGRAPH: Leaf = { kind: "paragraph" };

/** What is open after the lines that were taken. */
export interface Scan {
  readonly containers: Container[];
  leaf: Leaf;
  /** The open paragraph may be nothing but link definitions, or a table. */
  odd: boolean;
  /** Below such a paragraph and an underline: what the lines are shows at the next blank one. */
  unsure: boolean;
  tooDeep: boolean;
  heading: boolean;
}

export const newScan = (): Scan => ({
  containers: [],
  leaf: NONE,
  odd: false,
  unsure: false,
  tooDeep: false,
  heading: false,
});

/** Takes one line into the scan; true when a block begins with it at the top level. */
export function takeLine(scan: Scan, cursor: Cursor, line: number): boolean {
  const depth = matchContainers(scan, cursor);
  const all = depth === scan.containers.length;
  if (all && continueLeaf(scan, cursor)) return false;
  if (scan.leaf.kind === "fence" || scan.leaf.kind === "html") scan.leaf = NONE;
  return startBlocks(scan, cursor, depth, line);
}

/** How many open containers the line continues; the cursor moves behind their marks. */
function matchContainers(scan: Scan, cursor: Cursor): number {
  let depth = 0;
  for (const container of scan.containers) {
    const columns = whiteColumns(cursor);
    const blank = isRestBlank(cursor);
    if (container.kind === "quote") {
      if (blank || columns > 3 || !cursor.rest().startsWith(">")) return depth;
      skipQuoteMark(cursor);
    } else if (blank) {
      if (container.empty) return depth;
    } else {
      if (columns < container.indent) return depth;
      skipColumns(cursor, container.indent);
      container.empty = false;
    }
    depth += 1;
  }
  return depth;
}

/** Lets an open fence or HTML block take the line; false when there is none. */
function continueLeaf(scan: Scan, cursor: Cursor): boolean {
  const { leaf } = scan;
  if (leaf.kind === "fence") {
    if (whiteColumns(cursor) <= 3 && closesFence(cursor.rest(), leaf.fence)) scan.leaf = NONE;
    return true;
  }
  if (leaf.kind === "html") {
    const ended = leaf.end === "blank" ? isRestBlank(cursor) : leaf.end.test(cursor.rest());
    if (ended) scan.leaf = NONE;
    return true;
  }
  return false;
}

/** Opens the containers and the leaf that begin on this line. */
function startBlocks(scan: Scan, cursor: Cursor, matched: number, line: number): boolean {
  const { containers } = scan;
  let started = false;
  let inParagraph = scan.leaf.kind === "paragraph";
  const lazily = inParagraph && matched < containers.length;
  const begin = (leaf: Leaf): void => {
    if (!started) containers.length = matched;
    started = true;
    inParagraph = false;
    scan.leaf = leaf;
  };
  for (;;) {
    if (isRestBlank(cursor)) {
      if (!started) containers.length = matched;
      scan.leaf = NONE;
      return started && matched === 0;
    }
    if (whiteColumns(cursor) >= 4) {
      if (inParagraph) return started && matched === 0;
      const behindMark = started;
      begin(NONE);
      // Lines of indented code are one block, blank ones between them too: never split there.
      return behindMark && matched === 0;
    }
    const rest = cursor.rest();
    const direct = inParagraph && !lazily;
    const fence = openingFence(rest);
    const html = htmlStart(rest, inParagraph);
    if (rest.startsWith(">")) {
      if (!push(scan, begin, { kind: "quote" })) return started && matched === 0;
      skipQuoteMark(cursor);
      continue;
    }
    const footnote = footnoteMark(rest);
    if (footnote !== undefined) {
      if (!push(scan, begin, { kind: "item", indent: 4, empty: false })) {
        return started && matched === 0;
      }
      skipIndent(cursor);
      skipColumns(cursor, footnote);
      skipIndent(cursor);
      continue;
    }
    if (isAtxHeading(rest)) {
      begin(NONE);
      scan.heading = containers.length === 0;
    } else if (fence !== undefined) begin({ kind: "fence", fence, line });
    else if (html !== undefined) {
      begin(html !== "blank" && html.test(rest) ? NONE : { kind: "html", end: html });
    } else if (direct && isSetextUnderline(rest)) {
      scan.heading ||= containers.length === 0;
      // Below link definitions an underline is text, and the paragraph goes on; tables go on too.
      scan.unsure = scan.odd;
      scan.leaf = scan.odd ? PARAGRAPH : NONE;
    } else if (isThematicBreak(rest)) begin(NONE);
    else if (startsItem(rest, direct)) {
      const item = readItem(cursor, rest);
      if (!push(scan, begin, item)) return started && matched === 0;
      continue;
    } else {
      if (!inParagraph) begin(PARAGRAPH);
      scan.odd = (!started && scan.odd) || /^\[|\||:-|-:/.test(rest);
    }
    return started && matched === 0;
  }
}

/** Opens a container; false where it would nest too deep, and the rest of the line is its text. */
function push(scan: Scan, begin: (leaf: Leaf) => void, container: Container): boolean {
  begin(NONE);
  if (scan.containers.length >= BLOCK_NESTING) {
    scan.tooDeep = true;
    scan.leaf = PARAGRAPH;
    return false;
  }
  scan.containers.push(container);
  return true;
}
