// Reads a top-level block of a journal from remark's tree: commands, tagged lines, headings.
// Offsets and lines count in the block; segment.ts moves them and adds receipts.
import type { Code, Heading, ListItem, Nodes, Parent, Root } from "mdast";
import { SKIP, visit } from "unist-util-visit";
import type { FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import { fenceCommand } from "./code-fence.ts";
import { entriesOf } from "./entries.ts";
import type { FoundEntry } from "./entries.ts";
import { itemIndent } from "./item-indent.ts";
import { commandInCode, commandsInHeading, paragraphCommands } from "./paragraph.ts";
import { parseBlocks, plainText } from "./parse-markdown.ts";
import type { PlainBlock } from "./split-blocks.ts";
import { contentEnd, isBlankChar, lineAt, linesOf, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

export interface LocalBlock {
  readonly commands: readonly FoundCommand[];
  readonly span: Span;
  /** A fence without its closing line is open; a line end closes a paragraph. */
  readonly open: boolean;
  readonly indent: string;
}

export interface LocalHeading {
  readonly title: string;
  readonly depth: number;
  /** 1-based. */
  readonly line: number;
  readonly span: Span;
}

export interface BlockReading {
  readonly blocks: readonly LocalBlock[];
  readonly entries: readonly FoundEntry[];
  readonly headings: readonly LocalHeading[];
}

/**
 * Reads one block. `structure` is the text with receipts blanked out, of the same length: it
 * decides what is a paragraph and what a fence, while the words come from `text`. A block known to
 * be a single paragraph or heading needs no tree.
 */
export function readBlock(
  text: string,
  structure: string,
  plain: PlainBlock | undefined,
): BlockReading {
  const found: Found = { lines: linesOf(text), blocks: [], entries: [], headings: [] };
  if (plain === undefined || !takeLean(found, plain)) takeTree(found, parseBlocks(structure));
  const { blocks, entries, headings } = found;
  return { blocks, entries, headings };
}

/** It may be link definitions, or a table (by the line below its head). */
const MAYBE_NONE = /^[ \t]*\[|(?:^|[\r\n])[ \t]*[|:-][|: \t-]*(?:[\r\n]|$)/;

/** Reads a block that needs no tree; false where only remark can tell what it is. */
function takeLean(found: Found, plain: PlainBlock): boolean {
  const { lines } = found;
  const span = leanSpan(lines.text);
  switch (plain) {
    case "comment":
      return true;
    case "paragraph":
      if (MAYBE_NONE.test(lines.text)) return false;
      takeParagraph(found, { ...span, indent: "" });
      return true;
    case "heading": {
      const heading = leanHeading(lines.text, span);
      if (heading !== undefined) found.headings.push(headingOf(lines, heading));
      return heading !== undefined;
    }
    case "code": {
      const code = leanCode(lines, span);
      if (code !== undefined) takeCode(found, code, "", span);
      return code !== undefined;
    }
  }
}

interface Found {
  readonly lines: TextLines;
  readonly blocks: LocalBlock[];
  readonly entries: FoundEntry[];
  readonly headings: LocalHeading[];
}

function takeTree(found: Found, root: Root): void {
  const { lines, headings } = found;
  visit(root, (node: Nodes, _index, parent: Parent | undefined) => {
    if (node.type === "root" || node.type === "list" || node.type === "listItem") return undefined;
    const span = spanOf(node);
    const item = parent?.type === "listItem" ? (parent as ListItem) : undefined;
    const indent =
      item === undefined ? "" : itemIndent(lines.text, item.position?.start.offset ?? 0);
    if (node.type === "paragraph") {
      const task = item?.children[0] === node && typeof item.checked === "boolean";
      const ticked = task ? (item.checked ?? undefined) : undefined;
      const from = task ? (item.position?.start.offset ?? span.start) : span.start;
      takeParagraph(found, { ...span, ticked, from, indent });
    } else if (node.type === "code") {
      takeCode(found, node, indent, span);
    } else if (node.type === "heading") {
      const underlined = lines.text[span.start] !== "#";
      const meant = underlined ? commandsInHeading(lines, { ...span, ticked: undefined }) : [];
      addBlock(found, { commands: meant, open: false, indent, ...span });
      if (parent?.type === "root" && meant.length === 0) {
        headings.push(headingOf(lines, { ...span, ...headingSource(lines.text, node) }));
      }
    }
    return SKIP;
  });
}

interface FoundParagraph extends Span {
  readonly indent: string;
  /** Of a task item: whether its box is ticked, and where the item begins. */
  readonly ticked?: boolean | undefined;
  readonly from?: number;
}

function takeParagraph(found: Found, paragraph: FoundParagraph): void {
  const { lines } = found;
  const { start, end, indent, ticked, from = start } = paragraph;
  const commands = paragraphCommands(lines, { start, end, ticked });
  addBlock(found, { commands, open: false, indent, start: from, end });
  found.entries.push(...entriesOf(paragraphLines(lines, { start, end })));
}

function takeCode(
  found: Found,
  code: Pick<Code, "lang" | "value">,
  indent: string,
  span: Span,
): void {
  const { lines } = found;
  const indented = !/[`~]/.test(lines.text.charAt(span.start));
  if (indented) {
    addBlock(found, { commands: commandInCode(lines, span), open: false, indent, ...span });
    return;
  }
  const fence = fenceCommand(lines, code, span);
  if (fence === undefined) return;
  addBlock(found, { commands: [fence.command], open: fence.open, indent, ...span });
}

function addBlock(
  { lines, blocks }: Found,
  { commands, open, indent, ...own }: Omit<LocalBlock, "span"> & Span,
): void {
  if (commands.length > 0) blocks.push({ commands, span: wholeLines(lines, own), open, indent });
}

/** From the first character that is not white space to the end of the last line's text. */
function leanSpan(text: string): Span {
  let [start, end] = [0, text.length];
  while (start < end && isBlankChar(text, start)) start += 1;
  while (end > start && /[\r\n]/.test(text.charAt(end - 1))) end -= 1;
  return { start, end };
}

interface WrittenHeading extends Span {
  readonly depth: number;
  readonly source: string;
}

/** A one-line heading without closing marks. */
function leanHeading(text: string, { start, end }: Span): WrittenHeading | undefined {
  const marks = /^#{1,6}(?=[ \t]|$)/.exec(text.slice(start, end))?.[0];
  if (marks === undefined) return undefined;
  let [from, to] = [start + marks.length, end];
  while (from < to && isBlankChar(text, from)) from += 1;
  while (to > from && isBlankChar(text, to - 1)) to -= 1;
  if (to > from && text[to - 1] === "#") return undefined;
  return { start, end, depth: marks.length, source: text.slice(from, to) };
}

/** A fence that is not indented, so that its lines are the code's lines. */
function leanCode(
  lines: TextLines,
  { start, end }: Span,
): Pick<Code, "lang" | "value"> | undefined {
  const opening = lines.text.slice(start, contentEnd(lines, 0));
  const lang = /^(?:`{3,}|~{3,})[ \t]*([\w-]*)[ \t]*$/.exec(opening)?.[1];
  const closing = lineAt(lines, end - 1);
  if (lang === undefined || start > 0 || closing === 0) return undefined;
  const from = startOf(lines, 1);
  return { lang, value: lines.text.slice(from, Math.max(from, contentEnd(lines, closing - 1))) };
}

function spanOf(node: Nodes): Span {
  const start = node.position?.start.offset ?? 0;
  return { start, end: node.position?.end.offset ?? start };
}

/** From the start of the first line to the end of the last one, its line end included. */
function wholeLines(lines: TextLines, { start, end }: Span): Span {
  const last = lineAt(lines, Math.max(start, end - 1));
  return { start: startOf(lines, lineAt(lines, start)), end: startOf(lines, last + 1) };
}

function paragraphLines(
  lines: TextLines,
  { start, end }: Span,
): readonly { readonly text: string; readonly line: number }[] {
  const first = lineAt(lines, start);
  const found: { text: string; line: number }[] = [];
  for (let line = first; line < lines.starts.length && startOf(lines, line) < end; line += 1) {
    const from = Math.max(start, startOf(lines, line));
    const to = Math.min(end, contentEnd(lines, line));
    found.push({ text: lines.text.slice(from, to).trimStart(), line: line + 1 });
  }
  return found;
}

function headingOf(lines: TextLines, heading: WrittenHeading): LocalHeading {
  const { depth, source, start } = heading;
  const span = wholeLines(lines, heading);
  return { title: plainText(source), depth, line: lineAt(lines, start) + 1, span };
}

/** The text between a heading's marks. */
function headingSource(
  text: string,
  { children, depth }: Heading,
): { readonly depth: number; readonly source: string } {
  const start = children[0]?.position?.start.offset ?? 0;
  return { depth, source: text.slice(start, children.at(-1)?.position?.end.offset ?? start) };
}
