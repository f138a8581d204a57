// Splits Markdown into top-level blocks in one pass over the lines, so that remark parses each
// block separately and an unchanged one never again.
import { newScan, takeLine } from "./block-scan.ts";
import type { Scan } from "./block-scan.ts";
import { isRestBlank, newCursor } from "./line-cursor.ts";
import { contentEnd, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** One top-level block, or one item of a top-level list; lines from 0. */
export interface TopBlock {
  readonly first: number;
  /** The line after its last one that is not blank. */
  readonly after: number;
  /** Contains a top-level heading. */
  readonly heading: boolean;
  /** Its lists and quotes are nested deeper than is read. */
  readonly tooDeep: boolean;
  /** It is just one of these, so that its tree is known without remark. */
  readonly plain: PlainBlock | undefined;
}

/**
 * A paragraph (or a table, or link definitions), a `#` heading, a fence with its closing line, a
 * comment of Obsidian's.
 */
export type PlainBlock = "paragraph" | "heading" | "code" | "comment";

export interface SplitText {
  readonly blocks: readonly TopBlock[];
  /** There is a conflict marker of git's outside of fences. */
  readonly conflicted: boolean;
  /** Line of a top-level fence or comment that nothing closes. */
  readonly unclosed?: { readonly kind: "fence" | "comment"; readonly line: number };
}

/** Splits from line `from` on, by phase 1 of CommonMark's parsing strategy (block structure). */
export function splitBlocks(lines: TextLines, from: number): SplitText {
  const scan = newScan();
  const blocks: TopBlock[] = [];
  let open: { first: number; after: number; plain: Shape } | undefined;
  let conflicted = false;
  const close = (): void => {
    const { heading, tooDeep } = scan;
    if (open === undefined) return;
    const plain = open.plain === "open" ? undefined : open.plain;
    blocks.push({ ...open, heading, tooDeep, plain });
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
      open = { first: line, after: line + 1, plain: shapeOf(scan) };
    } else {
      scan.heading = before.heading || after.heading;
      scan.tooDeep = before.tooDeep || after.tooDeep;
      if (open !== undefined && !blank) {
        open.after = line + 1;
        open.plain = shapeAfter(open.plain, scan);
      }
    }
  }
  close();
  const { leaf, containers } = scan;
  const isOpen = leaf.kind === "comment" || (leaf.kind === "fence" && containers.length === 0);
  return {
    blocks,
    conflicted,
    ...(isOpen ? { unclosed: { kind: leaf.kind, line: leaf.line } } : {}),
  };
}

type Shape = PlainBlock | "open" | undefined;

/** What a block seems to be after its first line; "open": an unclosed fence. */
function shapeOf({ containers, leaf, heading }: Scan): Shape {
  if (containers.length > 0) return undefined;
  if (leaf.kind === "fence") return "open";
  if (leaf.kind === "comment") return "comment";
  if (leaf.kind === "paragraph") return heading ? undefined : "paragraph";
  return heading ? "heading" : undefined;
}

/** What it seems to be after one more line that is not blank. */
function shapeAfter(shape: Shape, scan: Scan): Shape {
  if (shape === "comment") return "comment";
  if (shape === "open") return scan.leaf.kind === "fence" ? "open" : "code";
  return shape === "paragraph" && shapeOf(scan) === shape ? shape : undefined;
}

const isBlankRange = (text: string, start: number, end: number): boolean =>
  isRestBlank(newCursor(text, start, end));

/** Git's conflict markers: seven signs, then a name. */
function isConflictMark(text: string, start: number, end: number): boolean {
  const char = text[start];
  if (char !== "<" && char !== ">") return false;
  return /^(?:<{7}|>{7}) \S/.test(text.slice(start, Math.min(end, start + 9)));
}
