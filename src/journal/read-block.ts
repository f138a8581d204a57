// What one top-level block of a journal holds: commands, tagged lines, headings, by remark's tree.
// Offsets and lines count in the block; read.ts puts them into the file and adds receipts.
import type { Code, Heading, ListItem, Nodes, Parent } from "mdast";
import { SKIP, visit } from "unist-util-visit";
import type { FoundCommand } from "../model/journal.ts";
import type { Span } from "../model/problem.ts";
import { fenceCommand } from "./code-fence.ts";
import { entriesOf } from "./entries.ts";
import type { FoundEntry } from "./entries.ts";
import { itemIndent } from "./item-indent.ts";
import { commandsInHeading, paragraphCommands } from "./paragraph.ts";
import { parseBlocks, plainText } from "./parse-markdown.ts";
import { contentEnd, lineAt, linesOf, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";

export interface LocalBlock {
  readonly commands: readonly FoundCommand[];
  readonly span: Span;
  /** A fence without its closing line is open; a paragraph is closed by its line end. */
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
 * Reads one block. `structure` is the text with receipts blanked out, equally long: it says what
 * is a paragraph and what a fence; the words come from `text` as it was written.
 */
export function readBlock(text: string, structure: string): BlockReading {
  const root = parseBlocks(structure);
  const lines = linesOf(text);
  const blocks: LocalBlock[] = [];
  const entries: FoundEntry[] = [];
  const headings: LocalHeading[] = [];
  visit(root, (node: Nodes, _index, parent: Parent | undefined) => {
    if (node.type === "root" || node.type === "list" || node.type === "listItem") return undefined;
    const span = spanOf(node);
    const item = parent?.type === "listItem" ? (parent as ListItem) : undefined;
    const indent = item === undefined ? "" : itemIndent(text, item.position?.start.offset ?? 0);
    const add = (commands: readonly FoundCommand[], open: boolean, from: Span): void => {
      const whole = wholeLines(lines, from);
      if (commands.length > 0) blocks.push({ commands, span: whole, open, indent });
    };
    if (node.type === "paragraph") {
      const task = item?.children[0] === node && typeof item.checked === "boolean";
      const ticked = task ? (item.checked ?? undefined) : undefined;
      const own = task ? { start: item.position?.start.offset ?? span.start, end: span.end } : span;
      add(paragraphCommands(lines, { ...span, ticked }), false, own);
      entries.push(...entriesOf(paragraphLines(lines, span)));
    } else if (node.type === "code") {
      const fence = fenceCommand(lines, node satisfies Code, span);
      if (fence !== undefined) add([fence.command], fence.open, span);
    } else if (node.type === "heading") {
      const meant = isUnderlined(text, span) ? commandsInHeading(lines, inHeading(span)) : [];
      add(meant, false, span);
      if (parent?.type === "root" && meant.length === 0) headings.push(headingOf(lines, node));
    }
    return SKIP;
  });
  return { blocks, entries, headings };
}

const inHeading = (span: Span): Span & { readonly ticked: undefined } => ({
  ...span,
  ticked: undefined,
});

function spanOf(node: Nodes): Span {
  const start = node.position?.start.offset ?? 0;
  return { start, end: node.position?.end.offset ?? start };
}

/** From the start of the first line to behind the last one's line end. */
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

const isUnderlined = (text: string, { start }: Span): boolean => text[start] !== "#";

function headingOf(lines: TextLines, node: Heading): LocalHeading {
  const span = spanOf(node);
  const whole = wholeLines(lines, span);
  return {
    title: plainText(headingSource(lines.text, node)),
    depth: node.depth,
    line: lineAt(lines, span.start) + 1,
    span: whole,
  };
}

/** What stands between a heading's marks. */
function headingSource(text: string, { children }: Heading): string {
  const start = children[0]?.position?.start.offset ?? 0;
  return text.slice(start, children.at(-1)?.position?.end.offset ?? start);
}
