// CommonMark's block structure, line by line: which containers and which leaf block are open after
// each line. split-blocks.ts and cut-segments.ts decide where to split a journal.
import {
  closesComment,
  closesFence,
  footnoteMark,
  htmlStart,
  isAtxHeading,
  isSetextUnderline,
  isThematicBreak,
  openingFence,
  opensComment,
} from "./block-starts.ts";
import type { Fence, HtmlEnd } from "./block-starts.ts";
import { readItem, skipQuoteMark, startsItem } from "./container-marks.ts";
import type { Container } from "./container-marks.ts";
import { isRestBlank, skipColumns, skipIndent, whiteColumns } from "./line-cursor.ts";
import type { Cursor } from "./line-cursor.ts";

/** Deepest nesting of lists and quotes: Markdown parsers recurse, and no person nests this deep. */
export const BLOCK_NESTING = 50;

type Leaf =
  | { readonly kind: "none" }
  | { readonly kind: "paragraph" }
  | { readonly kind: "fence"; readonly fence: Fence; readonly line: number }
  | { readonly kind: "html"; readonly end: HtmlEnd }
  /** Obsidian's, at the top level only. */
  | { readonly kind: "comment"; readonly line: number };

const NONE: Leaf = { kind: "none" };
const PARAGRAPH: Leaf = { kind: "paragraph" };

/** What is open after the lines scanned so far. */
export interface Scan {
  readonly containers: Container[];
  leaf: Leaf;
  /** The open paragraph may consist only of link definitions, or be a table. */
  odd: boolean;
  /** Below such a paragraph and an underline: only the next blank line shows what they are. */
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

/** Scans one line; true when a top-level block begins with it. */
export function takeLine(scan: Scan, cursor: Cursor, line: number): boolean {
  const depth = matchContainers(scan, cursor);
  const all = depth === scan.containers.length;
  if (all && continueLeaf(scan, cursor)) return false;
  if (scan.leaf.kind !== "paragraph") scan.leaf = NONE;
  return startBlocks(scan, cursor, depth, line);
}

/** How many open containers the line continues; moves the cursor past their markers. */
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

/** Adds the line to an open fence or HTML block; false when none is open. */
function continueLeaf(scan: Scan, cursor: Cursor): boolean {
  const { leaf } = scan;
  if (leaf.kind === "fence") {
    if (whiteColumns(cursor) <= 3 && closesFence(cursor.rest(), leaf.fence)) scan.leaf = NONE;
    return true;
  }
  if (leaf.kind === "comment") {
    if (closesComment(cursor.rest())) scan.leaf = NONE;
    return true;
  }
  if (leaf.kind === "html") {
    const ended = leaf.end === "blank" ? isRestBlank(cursor) : leaf.end.test(cursor.rest());
    if (ended) scan.leaf = NONE;
    return true;
  }
  return false;
}

/** Opens the containers and the leaf block that begin on this line. */
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
      // Indented code and the blank lines inside it are one block: never split there.
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
    else if (matched === 0 && !started && opensComment(rest)) begin({ kind: "comment", line });
    else if (html !== undefined) {
      begin(html !== "blank" && html.test(rest) ? NONE : { kind: "html", end: html });
    } else if (direct && isSetextUnderline(rest)) {
      scan.heading ||= containers.length === 0;
      // Below link definitions an underline is text and the paragraph continues; so does a table.
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

/** Opens a container; false where it would nest too deep: then the rest of the line is text. */
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
