// Reads a leaf block of a journal: commands, tagged lines, headings.
// segment.ts adds receipts, and the problems of what is not read.
import type { FoundCommand } from "../../domain/journal.ts";
import type { Span } from "../../base/problem.ts";
import type { LeafBlock } from "./block-scan.ts";
import { fenceCommand } from "./code-fence.ts";
import { entriesOf } from "./entries.ts";
import type { FoundEntry } from "./entries.ts";
import { itemIndent } from "./item-indent.ts";
import { afterDefinitions } from "./link-definitions.ts";
import { commandInCode, commandsInHeading, paragraphCommands } from "./paragraph.ts";
import { plainText } from "./plain-text.ts";
import { VERB_START } from "./tokens.ts";
import { contentEnd, isBlankChar, lineAt, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** Commands of one leaf block. */
export interface LocalBlock {
  readonly commands: readonly FoundCommand[];
  /** Whole lines, with the last one's end. */
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

/** The commands of a leaf block, if it has any. */
export function readLeaf(lines: TextLines, leaf: LeafBlock): LocalBlock | undefined {
  switch (leaf.kind) {
    case "paragraph": {
      const text = paragraphText(lines, leaf);
      if (text.start >= text.end) return undefined;
      const own = text.ticked === undefined ? text : { ...leaf, start: leaf.item?.start ?? 0 };
      return blockOf(lines, leaf, paragraphCommands(lines, text), own);
    }
    case "underlined":
      return blockOf(lines, leaf, commandsInHeading(lines, { ...leaf, ticked: undefined }), leaf);
    case "indented":
      return blockOf(lines, leaf, commandInCode(lines, leaf), leaf);
    case "fence": {
      const fence = fenceCommand(lines, leaf);
      if (fence === undefined) return undefined;
      const block = blockOf(lines, leaf, [fence.command], leaf);
      return block === undefined ? undefined : { ...block, open: fence.open };
    }
    case "heading":
    case "comment":
    case "table":
    case "deep":
      return undefined;
  }
}

/** The tagged lines of a paragraph. */
export function entriesIn(lines: TextLines, leaf: LeafBlock): readonly FoundEntry[] {
  return entriesOf(paragraphLines(lines, paragraphText(lines, leaf)));
}

export interface ParagraphText extends Span {
  /** Of a task item: whether its box is ticked. */
  readonly ticked: boolean | undefined;
}

/** A paragraph's own text: without link definitions above it, and without its box. */
export function paragraphText(
  { text }: TextLines,
  { start, end, ...leaf }: LeafBlock,
): ParagraphText {
  const own = afterDefinitions(text, start, end);
  const box =
    leaf.item !== undefined && leaf.first && own === start
      ? /^\[([ \txX])\](?=[ \t\r\n][^])/.exec(text.slice(start, Math.min(end + 1, start + 5)))
      : null;
  if (box === null) return { start: own, end, ticked: undefined };
  return { start: Math.min(end, start + 4), end, ticked: /x/i.test(box[1] ?? "") };
}

function blockOf(
  lines: TextLines,
  { item }: LeafBlock,
  commands: readonly FoundCommand[],
  own: Span,
): LocalBlock | undefined {
  if (commands.length === 0) return undefined;
  const indent = item === undefined ? "" : itemIndent(lines.text, item.start);
  return { commands, span: wholeLines(lines, own), open: false, indent };
}

/** A heading at the top level; undefined for any other leaf block. */
export function headingOf(lines: TextLines, leaf: LeafBlock): LocalHeading | undefined {
  const written = writtenHeading(lines, leaf);
  if (written === undefined) return undefined;
  const line = lineAt(lines, leaf.start) + 1;
  const { depth, source } = written;
  return { title: plainText(source), depth, line, span: wholeLines(lines, leaf) };
}

export interface WrittenHeading {
  readonly depth: number;
  /** Markdown. */
  readonly source: string;
}

/** A heading at the top level as it is written; undefined for any other leaf block. */
export function writtenHeading(lines: TextLines, leaf: LeafBlock): WrittenHeading | undefined {
  if (leaf.item !== undefined) return undefined;
  if (leaf.kind === "heading") return markedHeading(lines.text.slice(leaf.start, leaf.end));
  return leaf.kind === "underlined" ? underlinedHeading(lines, leaf) : undefined;
}

/** A line that begins with `#`; the same marks may close it. */
function markedHeading(line: string): WrittenHeading {
  let depth = 0;
  while (line[depth] === "#") depth += 1;
  let end = line.length;
  const skipBlank = (): void => {
    while (end > depth && isBlankChar(line, end - 1)) end -= 1;
  };
  skipBlank();
  const last = end;
  while (end > depth && line[end - 1] === "#") end -= 1;
  if (end === depth || (end < last && isBlankChar(line, end - 1))) skipBlank();
  else end = last;
  return { depth, source: line.slice(depth, end).trimStart() };
}

function underlinedHeading(lines: TextLines, leaf: LeafBlock): WrittenHeading {
  const { text } = lines;
  const under = lineAt(lines, leaf.end - 1);
  const mark = text.slice(startOf(lines, under), leaf.end).trimStart()[0];
  const start = afterDefinitions(text, leaf.start, leaf.end);
  const source = text.slice(start, contentEnd(lines, under - 1));
  return { depth: mark === "=" ? 1 : 2, source };
}

/** From the start of the first line to the end of the last one, its line end included. */
export function wholeLines(lines: TextLines, { start, end }: Span): Span {
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

/** Whether a paragraph or fence of any length begins as a command does. */
export function isLongCommand(lines: TextLines, leaf: LeafBlock): boolean {
  if (leaf.kind === "fence") return fenceCommand(lines, leaf) !== undefined;
  if (leaf.kind !== "paragraph") return false;
  const { start } = paragraphText(lines, leaf);
  return VERB_START.test(lines.text.slice(start, start + 24).trimStart());
}
