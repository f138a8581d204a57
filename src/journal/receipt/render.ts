// Writes receipts into the journal's text: removes lines that are provably the daemon's and inserts
// the new ones. Every other byte is the user's and stays. receipt.ts decides what a receipt says.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import { receiptBlockHash } from "../../base/receipt-block.ts";
import { belowBlock, type BelowBlock } from "../read/receipt-bytes.ts";

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
  /**
   * How many receipts switch to their other form, which has one more mark at the end of its first
   * line. Each write then differs from the last one in size and in receipts, so that the version a
   * text was loaded from can be recognised. A receipt in its other form stays in it.
   */
  readonly vary?: number;
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
  const { text, reading, rendered, receipts, keep } = input;
  if (reading.conflicted) return { text, hashes: [] };
  const eol = lineEnd(text);
  const hashes = new Set<string>();
  const inOtherForm = new Set<number>();
  const forms = new Map<number, { plain: Edit; other: Edit }>();
  const edits = reading.blocks.map((block, i) => {
    if (keep?.has(i) === true) return undefined;
    const blocks = receipts.get(i) ?? [];
    const below = belowBlock(text, block, rendered);
    if (blocks.length === 0)
      return below.proved ? edit(below, emptied(block, below, eol)) : undefined;
    for (const each of blocks) hashes.add(receiptBlockHash(each));
    const start = block.lineEnded ? "" : eol;
    const edited = (form: readonly string[]): Edit =>
      edit(below, start + filled(block, below, receiptText(form, block.indent, eol), eol));
    const [plain, other] = [edited(blocks), edited(otherForm(blocks))];
    if (text.slice(block.span.end, below.end) === other.text) inOtherForm.add(i);
    forms.set(i, { plain, other });
    return undefined;
  });
  const others = inOtherFormNext([...forms.keys()], inOtherForm, input.vary ?? 0);
  const result = rewrite(text, reading, (_, i) => {
    const form = forms.get(i);
    if (form === undefined) return edits[i];
    if (!others.has(i)) return form.plain;
    const [head = ""] = otherForm(receipts.get(i) ?? []);
    hashes.add(receiptBlockHash(head));
    return form.other;
  });
  // Without this, an editor that drops the final newline would cause a write after each save.
  const same = result === text + eol && reading.blocks.at(-1)?.receipt !== undefined;
  return { text: same ? text : result, hashes: [...hashes] };
}

/** The receipt with one more mark at the end of its first line. */
const otherForm = ([head = "", ...rest]: readonly string[]): readonly string[] => [
  head + (head.endsWith("`") ? " ·" : "."),
  ...rest,
];

/**
 * Which receipts are in their other form after this write: those that are now and the next `vary`
 * ones. If too few are left, they start over, with the first `vary - 1` in it.
 */
function inOtherFormNext(
  all: readonly number[],
  now: ReadonlySet<number>,
  vary: number,
): ReadonlySet<number> {
  const free = all.filter((i) => !now.has(i));
  if (vary <= free.length) return new Set([...now, ...free.slice(0, vary)]);
  return new Set(all.slice(0, vary - 1));
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
  return rewrite(text, reading, (block) => {
    const below = belowBlock(text, block, rendered);
    return edit(below, (block.lineEnded ? "" : eol) + emptied(block, below, eol));
  });
}

/** The text that replaces everything from the end of a command block up to `end`. */
interface Edit {
  readonly end: number;
  readonly text: string;
}

const edit = ({ end }: BelowBlock, text: string): Edit => ({ end, text });

/** Replaces the text below each command block for which `below` returns an edit. */
function rewrite(
  text: string,
  reading: JournalReading,
  below: (block: CommandBlock, index: number) => Edit | undefined,
): string {
  const parts: string[] = [];
  let from = 0;
  reading.blocks.forEach((block, i) => {
    const replaced = below(block, i);
    if (replaced === undefined) return;
    parts.push(text.slice(from, block.span.end), replaced.text);
    from = replaced.end;
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
