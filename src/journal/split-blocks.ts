// Splits Markdown at its top-level blocks in one pass over the lines, so that remark reads each
// block by itself and an unchanged one never again. What is in a block is left to remark.
import { BLOCK_NESTING } from "../limits.ts";
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
import { isRestBlank, newCursor, skipColumns, skipIndent, whiteColumns } from "./line-cursor.ts";
import type { Cursor } from "./line-cursor.ts";
import { contentEnd, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";

/** One top-level block, or one item of a top-level list; lines from 0. */
export interface TopBlock {
  readonly first: number;
  /** Behind its last line that is not blank. */
  readonly after: number;
  /** It holds a heading at the top level. */
  readonly heading: boolean;
  /** Lists and quotes nested deeper than they are read. */
  readonly tooDeep: boolean;
}

export interface Split {
  readonly blocks: readonly TopBlock[];
  /** A line of git's conflict markers stands outside fences. */
  readonly conflicted: boolean;
  /** Line of a top-level fence that nothing closes. */
  readonly unclosedFence?: number;
}

type Leaf =
  | { readonly kind: "none" }
  | { readonly kind: "paragraph" }
  | { readonly kind: "fence"; readonly fence: Fence; readonly line: number }
  | { readonly kind: "html"; readonly end: HtmlEnd };

const NONE: Leaf = { kind: "none" };
const PARAGRAPH: Leaf = { kind: "paragraph" };

interface Scan {
  readonly containers: Container[];
  leaf: Leaf;
  /** The open paragraph may be nothing but link definitions, or a table. */
  odd: boolean;
  /** Below such a paragraph and an underline: what the lines are shows at the next blank one. */
  unsure: boolean;
  tooDeep: boolean;
  heading: boolean;
}

/** Splits from line `from` on. Follows CommonMark's block structure: "Phase 1" of its appendix. */
export function splitBlocks(lines: TextLines, from: number): Split {
  const scan: Scan = {
    containers: [],
    leaf: NONE,
    odd: false,
    unsure: false,
    tooDeep: false,
    heading: false,
  };
  const blocks: TopBlock[] = [];
  let open: { first: number; after: number } | undefined;
  let conflicted = false;
  const close = (): void => {
    const { heading, tooDeep } = scan;
    if (open !== undefined) blocks.push({ ...open, heading, tooDeep });
  };
  for (let line = from; line < lines.starts.length; line += 1) {
    const [start, end] = [startOf(lines, line), contentEnd(lines, line)];
    const before = { heading: scan.heading, tooDeep: scan.tooDeep };
    scan.heading = false;
    scan.tooDeep = false;
    const opensTop = takeLine(scan, newCursor(lines.text, start, end), line);
    const after = { heading: scan.heading, tooDeep: scan.tooDeep };
    if (scan.leaf.kind !== "fence" && isConflictMark(lines.text, start, end)) conflicted = true;
    const blank = isBlankRange(lines.text, start, end);
    if (blank) scan.unsure = false;
    if ((opensTop && !scan.unsure) || (open === undefined && !blank)) {
      Object.assign(scan, before);
      close();
      Object.assign(scan, after);
      open = { first: line, after: line + 1 };
    } else {
      scan.heading = before.heading || after.heading;
      scan.tooDeep = before.tooDeep || after.tooDeep;
      if (open !== undefined && !blank) open.after = line + 1;
    }
  }
  close();
  const { leaf, containers } = scan;
  const unclosed = leaf.kind === "fence" && containers.length === 0 ? leaf.line : undefined;
  return { blocks, conflicted, ...(unclosed === undefined ? {} : { unclosedFence: unclosed }) };
}

/** Takes one line into the scan; true when a block begins with it at the top level. */
function takeLine(scan: Scan, cursor: Cursor, line: number): boolean {
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

const isBlankRange = (text: string, start: number, end: number): boolean =>
  isRestBlank(newCursor(text, start, end));

/** Git's marks of a conflict: seven signs, then a name. */
function isConflictMark(text: string, start: number, end: number): boolean {
  const char = text[start];
  if (char !== "<" && char !== ">") return false;
  return /^(?:<{7}|>{7}) \S/.test(text.slice(start, Math.min(end, start + 9)));
}
