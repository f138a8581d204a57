// CommonMark's block structure, line by line: which containers and which leaf block are open after
// each line, by phase 1 of CommonMark's parsing strategy. The inside of a line is never looked at,
// so the time is proportional to the text. leaf-blocks.ts and cut-segments.ts scan with it.
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
import type { Container, Item } from "./container-marks.ts";
import { blackAt, isRestBlank, skipColumns, skipIndent, whiteColumns } from "./line-cursor.ts";
import type { Cursor } from "./line-cursor.ts";
import { afterDefinitions } from "./link-definitions.ts";
import { isTableHead } from "./table-rows.ts";
import { defined } from "../../base/defined.ts";

/** Deepest nesting of lists and quotes: each line looks at every open one, and no person nests this deep. */
export const BLOCK_NESTING = 50;
/** Longest paragraph or fence that is looked into, in UTF-16 units: a longer one is no command. */
export const LEAF_CHARS = 2_048;

type LeafKind =
  "paragraph" | "heading" | "underlined" | "fence" | "indented" | "comment" | "table" | "deep";

/**
 * A leaf block outside quotes and footnotes. "underlined" is a heading with a line of `=` or `-`
 * below it; "deep" is what lies deeper than BLOCK_NESTING. Offsets are of the scanned text.
 */
export interface LeafBlock {
  readonly kind: LeafKind;
  /** Its first character that is not white space. */
  readonly start: number;
  /** The end of its last line's text; blank lines at its end are not part of it. */
  readonly end: number;
  /** Line of `start`, counted by the caller. */
  readonly line: number;
  /** Innermost list item around it. */
  readonly item?: Pick<Item, "start">;
  /** It is the first block of that item. */
  readonly first: boolean;
  /** Fences: where the text of each line inside begins, up to LEAF_CHARS. */
  readonly inner: readonly number[];
  /** Fences and comments: its closing line is there. */
  readonly closed: boolean;
}

type OpenBlock = { -readonly [key in keyof LeafBlock]: LeafBlock[key] } & { inner: number[] };

type Leaf =
  | { readonly kind: "none" | "indented" | "table" }
  | { readonly kind: "paragraph"; readonly text: Lines }
  | { readonly kind: "fence"; readonly fence: Fence; readonly line: number }
  | { readonly kind: "html"; readonly end: HtmlEnd }
  /** Obsidian's, at the top level only. */
  | { readonly kind: "comment"; readonly line: number };

/** Where a paragraph begins, and its last line. */
interface Lines {
  readonly start: number;
  lastStart: number;
  lastEnd: number;
  /** The end of the line above the last one; undefined in the first line. */
  aboveEnd: number | undefined;
  /** The last line may be the head of a table: it is not indented like code. */
  mayBeHead: boolean;
}

const NONE: Leaf = { kind: "none" };

/** What is open after the lines scanned so far. */
export interface Scan {
  readonly containers: Container[];
  leaf: Leaf;
  /** The open leaf block, unless it is in a quote or footnote. */
  open: OpenBlock | undefined;
  /** All leaf blocks so far, in order; the open one may still change. */
  readonly leaves: LeafBlock[];
}

export const newScan = (): Scan => ({ containers: [], leaf: NONE, open: undefined, leaves: [] });

/** Scans one line; true when a top-level block begins with it. */
export function takeLine(scan: Scan, cursor: Cursor, line: number): boolean {
  const depth = matchContainers(scan, cursor);
  const all = depth === scan.containers.length;
  if (all && continueLeaf(scan, cursor)) return false;
  if (scan.leaf.kind !== "paragraph" && scan.leaf.kind !== "table") endLeaf(scan);
  return startBlocks(scan, cursor, depth, line);
}

/** How many open containers the line continues; moves the cursor past their markers. */
function matchContainers(scan: Scan, cursor: Cursor): number {
  let depth = 0;
  for (const container of scan.containers) {
    const columns = whiteColumns(cursor);
    const blank = isRestBlank(cursor);
    if (container.kind === "quote") {
      if (blank || columns > 3 || cursor.text[blackAt(cursor)] !== ">") return depth;
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

/** Adds the line to an open block that goes on until something ends it; false when none is open. */
function continueLeaf(scan: Scan, cursor: Cursor): boolean {
  const { leaf, open } = scan;
  switch (leaf.kind) {
    case "fence": {
      const closes = whiteColumns(cursor) <= 3 && closesFence(cursor.rest(), leaf.fence);
      if (open !== undefined && !closes && cursor.end - open.start <= LEAF_CHARS) {
        skipColumns(cursor, Math.min(leaf.fence.indent, whiteColumns(cursor)));
        open.inner.push(Math.min(cursor.at, cursor.end));
      }
      extend(scan, cursor);
      if (closes) close(scan);
      return true;
    }
    case "comment":
      extend(scan, cursor);
      if (closesComment(cursor.rest())) close(scan);
      return true;
    case "html": {
      const ended = leaf.end === "blank" ? isRestBlank(cursor) : leaf.end.test(cursor.rest());
      if (ended) endLeaf(scan);
      return true;
    }
    case "indented": {
      const blank = isRestBlank(cursor);
      if (!blank && whiteColumns(cursor) < 4) return false;
      extend(scan, cursor);
      return true;
    }
    case "none":
    case "paragraph":
    case "table":
      return false;
  }
}

/** The open leaf block now ends with this line, unless it is blank. */
function extend({ open }: Scan, cursor: Cursor): void {
  if (open !== undefined && !isRestBlank(cursor)) open.end = cursor.end;
}

function close(scan: Scan): void {
  if (scan.open !== undefined) scan.open.closed = true;
  endLeaf(scan);
}

function endLeaf(scan: Scan): void {
  scan.leaf = NONE;
  scan.open = undefined;
}

/** Opens the containers and the leaf block that begin on this line. */
function startBlocks(scan: Scan, cursor: Cursor, matched: number, line: number): boolean {
  const { containers } = scan;
  let started = false;
  const lazily = scan.leaf.kind === "paragraph" && matched < containers.length;
  let inParagraph =
    scan.leaf.kind === "paragraph" || (scan.leaf.kind === "table" && matched === containers.length);
  const leave = (): void => {
    if (!started) containers.length = matched;
    started = true;
    inParagraph = false;
    endLeaf(scan);
  };
  const begin = (leaf: Leaf, kind?: LeafBlock["kind"]): void => {
    leave();
    scan.leaf = leaf;
    if (kind === undefined) countChild(scan);
    else openBlock(scan, cursor, kind, line);
  };
  for (;;) {
    if (isRestBlank(cursor)) {
      if (!started) containers.length = matched;
      endLeaf(scan);
      return started && matched === 0;
    }
    if (whiteColumns(cursor) >= 4) {
      if (inParagraph && scan.leaf.kind === "paragraph") goOn(scan, cursor, false);
      else begin({ kind: "indented" }, "indented");
      return started && matched === 0;
    }
    const rest = cursor.rest();
    const direct = inParagraph && !lazily;
    const fence = openingFence(rest, whiteColumns(cursor));
    const html = htmlStart(rest, inParagraph);
    if (rest.startsWith(">")) {
      leave();
      if (!push(scan, cursor, { kind: "quote" }, line)) return started && matched === 0;
      skipQuoteMark(cursor);
      continue;
    }
    const footnote = footnoteMark(rest);
    if (footnote !== undefined) {
      leave();
      const mark: Container = { kind: "footnote", indent: 4, empty: false };
      if (!push(scan, cursor, mark, line)) return started && matched === 0;
      skipIndent(cursor);
      skipColumns(cursor, footnote);
      skipIndent(cursor);
      continue;
    }
    if (isAtxHeading(rest)) {
      begin(NONE, "heading");
      scan.open = undefined;
    } else if (fence !== undefined) begin({ kind: "fence", fence, line }, "fence");
    else if (matched === 0 && !started && opensComment(rest)) {
      begin({ kind: "comment", line }, "comment");
    } else if (html !== undefined) {
      begin(html !== "blank" && html.test(rest) ? NONE : { kind: "html", end: html });
    } else if (direct && isSetextUnderline(rest) && underline(scan, cursor)) {
      return started && matched === 0;
    } else if (isThematicBreak(rest)) begin(NONE);
    else if (startsItem(rest, direct)) {
      const item = readItem(cursor, rest);
      leave();
      if (!push(scan, cursor, item, line)) return started && matched === 0;
      continue;
    } else if (inParagraph) goOn(scan, cursor, direct);
    else begin(newParagraph(cursor), "paragraph");
    return started && matched === 0;
  }
}

const newParagraph = (cursor: Cursor): Leaf => {
  const start = blackAt(cursor);
  const text = {
    start,
    lastStart: start,
    lastEnd: cursor.end,
    aboveEnd: undefined,
    mayBeHead: true,
  };
  return { kind: "paragraph", text };
};

/** Adds a line to the open paragraph, or makes it a table; `direct`: the line is not lazy. */
function goOn(scan: Scan, cursor: Cursor, direct: boolean): void {
  const { leaf, open } = scan;
  if (leaf.kind !== "paragraph") return;
  const { text } = leaf;
  const start = blackAt(cursor);
  const above = { start: text.lastStart, end: text.lastEnd };
  if (direct && text.mayBeHead && isTableHead(cursor.text, above, { start, end: cursor.end })) {
    // The line above is its head; what is above that stays a paragraph.
    if (open !== undefined && text.aboveEnd === undefined) open.kind = "table";
    if (open !== undefined) open.end = text.aboveEnd ?? cursor.end;
    scan.leaf = { kind: "table" };
    scan.open = undefined;
    return;
  }
  text.aboveEnd = text.lastEnd;
  text.lastStart = start;
  text.lastEnd = cursor.end;
  text.mayBeHead = whiteColumns(cursor) < 4;
  extend(scan, cursor);
}

/** Makes a heading of the open paragraph; false where it is only link definitions. */
function underline(scan: Scan, cursor: Cursor): boolean {
  const { leaf, open } = scan;
  if (leaf.kind !== "paragraph") return false;
  const { start, lastEnd } = leaf.text;
  if (afterDefinitions(cursor.text, start, lastEnd) >= lastEnd) return false;
  if (open?.kind === "paragraph") open.kind = "underlined";
  extend(scan, cursor);
  endLeaf(scan);
  return true;
}

/** Opens a container; false where it would nest too deep: then the rest of the line is text. */
function push(scan: Scan, cursor: Cursor, container: Container, line: number): boolean {
  if (scan.containers.length >= BLOCK_NESTING) {
    scan.leaf = newParagraph(cursor);
    openBlock(scan, cursor, "deep", line);
    return false;
  }
  countChild(scan);
  scan.containers.push(container);
  return true;
}

/** Counts a block in the innermost list item; returns that item, and how many blocks are above. */
function countChild({ containers }: Scan): { readonly item?: Item; readonly above: number } {
  const item = containers.at(-1);
  if (item?.kind !== "item") return { above: 0 };
  item.children += 1;
  return { item, above: item.children - 1 };
}

function openBlock(scan: Scan, cursor: Cursor, kind: LeafKind, line: number): void {
  const { item, above } = countChild(scan);
  scan.open = undefined;
  if (scan.containers.some((one) => one.kind !== "item")) return;
  scan.open = {
    kind,
    start: blackAt(cursor),
    end: cursor.end,
    line,
    ...defined({ item }),
    first: above === 0,
    inner: [],
    closed: false,
  };
  scan.leaves.push(scan.open);
}
