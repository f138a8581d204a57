// Writes receipts into the journal's text: removes lines that are provably the daemon's and inserts
// the new ones. Every other byte is the user's and stays. receipt.ts decides what a receipt says.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import { commonEnds } from "../../base/common-ends.ts";
import {
  isRendered,
  normalReceiptBlock,
  receiptBlockHash,
  traceOf,
  withoutTrace,
} from "../../base/receipt-block.ts";
import { belowBlock, type BelowBlock } from "../read/receipt-bytes.ts";
import { strayReceipt } from "../read/stray-receipts.ts";

export { receiptBlockHash as pieceHash } from "../../base/receipt-block.ts";

export interface RenderInput {
  readonly text: string;
  readonly reading: JournalReading;
  /** Hashes of all receipt blocks ever rendered into this journal. */
  readonly rendered: ReadonlySet<string>;
  /** Blocks of each receipt by index of its command block; one without an entry gets no receipt. */
  readonly receipts: ReadonlyMap<number, readonly string[]>;
  /** Indices of command blocks whose receipt is left as it is. */
  readonly keep?: ReadonlySet<number>;
  /** The write that this is for; without it nothing is traced. */
  readonly write?: Write;
}

/** One write of a journal. */
export interface Write {
  /** From 1. */
  readonly number: number;
  /** The text that it replaces. */
  readonly onDisk: string;
}

export interface Rendered {
  readonly text: string;
  /** Hashes of the receipt blocks in this text, those left by `keep` not included. */
  readonly hashes: readonly string[];
}

/**
 * Renders receipts into a journal's text. Idempotent: rendering the result again changes nothing. A
 * journal with Git conflict markers is returned unchanged.
 */
export function renderJournal(input: RenderInput): Rendered {
  const { text, reading, rendered, receipts, keep, write } = input;
  if (reading.conflicted) return { text, hashes: [] };
  const eol = lineEnd(text);
  const hashes = new Set<string>();
  const below = (block: CommandBlock, i: number): Edit | undefined => {
    if (keep?.has(i) === true) return undefined;
    const blocks = receipts.get(i) ?? [];
    const now = belowBlock(text, block, rendered);
    if (blocks.length === 0) return now.proved ? edit(now, emptied(block, now, eol)) : undefined;
    for (const each of blocks) hashes.add(receiptBlockHash(each));
    const shown = withTrace(blocks, block, rendered, write);
    const start = block.lineEnded ? "" : eol;
    return edit(now, start + filled(block, now, receiptText(shown, block.indent, eol), eol));
  };
  // Somebody typed between command and receipt: it goes back up.
  const strays = (i: number): boolean => keep?.has(i) !== true && receipts.has(i);
  const result = rewrite(input, below, strays);
  // Without this, an editor that drops the final newline would cause a write after each save.
  const same = result === text + eol && reading.blocks.at(-1)?.receipt !== undefined;
  if (same || write === undefined || result === write.onDisk) {
    return { text: same ? text : result, hashes: [...hashes] };
  }
  return { text: traced(result, input, write), hashes: [...hashes] };
}

/**
 * The receipt with the trace that it has in the text. One that is back after it was gone gets the
 * trace of this write, so that no receipt is ever the same in two writes with others between them.
 */
function withTrace(
  [head = "", ...rest]: readonly string[],
  { receipt }: CommandBlock,
  rendered: ReadonlySet<string>,
  write: Write | undefined,
): readonly string[] {
  const normal = normalReceiptBlock(head);
  const now = receipt?.blocks.find((block) => withoutTrace(block.normal) === normal)?.normal;
  if (now !== undefined) return [head + now.slice(normal.length), ...rest];
  const isBack = write !== undefined && rendered.has(receiptBlockHash(head));
  return [isBack ? head + traceOf(write.number, false) : head, ...rest];
}

/**
 * A rendered text with the trace of its write on the receipt nearest above the first difference
 * from the text on disk, else on the nearest below the last one. A text that was loaded before the
 * write lacks the trace, and one that was loaded after it and has lost the changed lines has it.
 * The size differs from the size on disk, since editors miss a change that keeps size and second.
 */
function traced(result: string, { text, reading, rendered }: RenderInput, write: Write): string {
  const [inText, onDisk] = [commonEnds(text, result), commonEnds(write.onDisk, result)];
  const same = Math.min(inText.same, onDisk.same);
  const sameAtEnd = Math.min(inText.sameAtEnd, onDisk.sameAtEnd);
  const heads = reading.blocks.flatMap(({ receipt }) => {
    const head = receipt?.blocks[0];
    return head !== undefined && isRendered(head.normal, rendered) ? [head.span] : [];
  });
  const above = heads.findLast(({ end }) => end <= same);
  const below = heads.find(({ start }) => start >= text.length - sameAtEnd);
  const between = heads.find(({ start, end }) => result.includes(text.slice(start, end)));
  const head = above ?? below ?? between;
  if (head === undefined) return result;
  const shown = text.slice(head.start, head.end);
  const moved = head === between ? result.indexOf(shown) - head.start : result.length - text.length;
  const start = head.start + (head === above ? 0 : moved);
  const end = start + shown.length;
  const lines = /^(.*?)[ \t]*((?:\r\n|\n|\r)?)$/s.exec(shown) ?? [];
  const bytes = Buffer.byteLength(write.onDisk);
  const [narrow, wide] = [false, true].map((isWide) => {
    const trace = traceOf(write.number, isWide);
    return `${result.slice(0, start)}${withoutTrace(lines[1] ?? "")}${trace}${lines[2] ?? ""}${result.slice(end)}`;
  });
  return (Buffer.byteLength(narrow ?? result) === bytes ? wide : narrow) ?? result;
}

/**
 * The user's own text: without receipts, and with each command block followed by a line end and a
 * blank line, so that the texts before and after a first receipt compare equal.
 */
export function stripReceipts(
  text: string,
  reading: JournalReading,
  rendered: ReadonlySet<string>,
): string {
  if (reading.conflicted) return text;
  const eol = lineEnd(text);
  const below = (block: CommandBlock): Edit => {
    const now = belowBlock(text, block, rendered);
    return edit(now, (block.lineEnded ? "" : eol) + emptied(block, now, eol));
  };
  return rewrite({ text, reading, rendered }, below, () => true);
}

/** The text that replaces everything from the end of a command block up to `end`. */
interface Edit {
  readonly end: number;
  readonly text: string;
}

const edit = ({ end }: BelowBlock, text: string): Edit => ({ end, text });

/**
 * Replaces the text below each command block for which `below` returns an edit, and takes out the
 * stray receipts of blocks for which `strays` returns true.
 */
function rewrite(
  { text, reading, rendered }: Pick<RenderInput, "text" | "reading" | "rendered">,
  below: (block: CommandBlock, index: number) => Edit | undefined,
  strays: (index: number) => boolean,
): string {
  const parts: string[] = [];
  let from = 0;
  reading.blocks.forEach((block, i) => {
    const replaced = below(block, i);
    if (replaced !== undefined) {
      parts.push(text.slice(from, block.span.end), replaced.text);
      from = replaced.end;
    }
    const stray = strays(i) ? strayReceipt(text, reading, i, rendered) : undefined;
    if (stray === undefined || stray.span.start < from) return;
    parts.push(text.slice(from, stray.span.start));
    from = stray.span.end;
  });
  parts.push(text.slice(from));
  return parts.join("");
}

/** The text below a block without its receipt. Inside code no blank line is added. */
function emptied({ tight, receipt }: CommandBlock, below: BelowBlock, eol: string): string {
  if (tight !== true) return withoutReceipt(below, eol);
  const { above, kept, closing } = below;
  const closed = receipt === undefined || kept.length > 0 || !below.proved ? closing : [];
  return [...above, ...kept, ...closed].join("");
}

/** The text below a block with its receipt. Inside code no blank line is added. */
function filled(block: CommandBlock, below: BelowBlock, receipt: string, eol: string): string {
  if (block.tight !== true) return withReceipt(below, receipt, eol);
  const { above, kept, closing } = below;
  if (block.receipt === undefined) return [receipt, eol, ...above].join("");
  return [...above, receipt, eol, ...kept, ...(kept.length > 0 ? closing : [])].join("");
}

/** The same outside code: one blank line less than with the receipt, but at least one. */
function withoutReceipt(below: BelowBlock, eol: string): string {
  const { kept, above } = below;
  if (kept.length > 0) {
    return [...(above.length === 0 ? [eol] : above), ...kept, ...closingOf(below, eol)].join("");
  }
  return blanksLeft(below, eol).join("");
}

/** The same outside code: the receipt between blank lines, the user's own kept. */
function withReceipt(below: BelowBlock, receipt: string, eol: string): string {
  const { kept, above } = below;
  if (kept.length > 0) {
    const [before = eol, ...more] = above;
    return [before, receipt, eol, ...more, ...kept, ...closingOf(below, eol)].join("");
  }
  const blanks = blanksLeft(below, eol);
  const [before = eol, ...more] = blanks;
  const open = below.tight || (below.atEnd && blanks.length === 0);
  const after = open ? more : [...more, eol];
  return [before, receipt, ...after].join("");
}

/** Blank lines below the block in the user's own text. */
function blanksLeft(below: BelowBlock, eol: string): readonly string[] {
  const all = [...below.above, ...below.closing];
  const left = below.proved ? all.slice(0, -1) : all;
  return left.length === 0 && !below.atEnd ? [all[0] ?? eol] : left;
}

const closingOf = ({ closing, atEnd, tight }: BelowBlock, eol: string): readonly string[] =>
  closing.length === 0 && !atEnd && !tight ? [eol] : closing;

/** The receipt as quoted lines, with an empty quoted line between paragraphs. */
function receiptText(blocks: readonly string[], indent: string, eol: string): string {
  const lines: string[] = [];
  blocks.forEach((block, i) => {
    const together = isItem(block) && isItem(blocks[i - 1] ?? "");
    if (i > 0 && !together) lines.push(`${indent}>`);
    const rows = isTable(block) ? block.split("\n") : [block.replaceAll(/\s*[\r\n]\s*/g, " ")];
    lines.push(...rows.map((row) => `${indent}> ${row.trim()}`));
  });
  return lines.map((line) => line + eol).join("");
}

/** A table is the only kind of receipt block with several lines. */
const isTable = (block: string): boolean => block.startsWith("| ");

const isItem = (block: string): boolean => block.startsWith("- ");

/** The file's first line end; a text of one line gets "\n". */
function lineEnd(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
}
