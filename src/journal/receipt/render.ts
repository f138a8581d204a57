// The journal's text with its receipts: the daemon's lines taken out where proved, and put in afresh.
// Every other byte is the person's and stays; what receipts say is decided in receipt.ts.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import { receiptBlockHash } from "../../base/receipt-block.ts";
import { belowBlock, type BelowBlock } from "../read/receipt-bytes.ts";

export { receiptBlockHash as pieceHash } from "../../base/receipt-block.ts";

export interface RenderInput {
  readonly text: string;
  readonly reading: JournalReading;
  /** Hashes of every piece that was ever rendered into this journal. */
  readonly rendered: ReadonlySet<string>;
  /** Wanted pieces by index of the block; a block that is not named gets no receipt. */
  readonly receipts: ReadonlyMap<number, readonly string[]>;
  /** Indices of blocks whose receipt stays as it stands. */
  readonly keep?: ReadonlySet<number>;
  /**
   * So many receipts get their other form, one mark more or less at the end of their first
   * line, so that this text can be told from the last one by its size and by its receipts. A
   * receipt that stands in its other form stays in it.
   */
  readonly vary?: number;
}

export interface Rendered {
  readonly text: string;
  /** Hashes of the pieces that this text shows. */
  readonly hashes: readonly string[];
}

/**
 * Renders receipts into a journal's text. Rendering what came out again changes nothing, and a
 * conflicted journal comes back as it is.
 */
export function renderJournal(input: RenderInput): Rendered {
  const { text, reading, rendered, receipts, keep } = input;
  if (reading.conflicted) return { text, hashes: [] };
  const eol = lineEnd(text);
  const hashes = new Set<string>();
  const stands = new Set<number>();
  const shown = new Map<number, { plain: Edit; other: Edit }>();
  const edits = reading.blocks.map((block, i) => {
    if (keep?.has(i) === true) return undefined;
    const pieces = receipts.get(i) ?? [];
    const below = belowBlock(text, block, rendered);
    if (pieces.length === 0)
      return below.proved ? edit(below, emptied(block, below, eol)) : undefined;
    for (const piece of pieces) hashes.add(receiptBlockHash(piece));
    const start = block.lineEnded ? "" : eol;
    const edited = (form: readonly string[]): Edit =>
      edit(below, start + filled(block, below, receiptText(form, block.indent, eol), eol));
    const [plain, other] = [edited(pieces), edited(otherForm(pieces))];
    if (text.slice(block.span.end, below.end) === other.text) stands.add(i);
    shown.set(i, { plain, other });
    return undefined;
  });
  const others = othersShown([...shown.keys()], stands, input.vary ?? 0);
  const result = rewrite(text, reading, (_, i) => {
    const form = shown.get(i);
    if (form === undefined) return edits[i];
    if (!others.has(i)) return form.plain;
    const [head = ""] = otherForm(receipts.get(i) ?? []);
    hashes.add(receiptBlockHash(head));
    return form.other;
  });
  // An editor that drops the last line end would otherwise be answered with a write at each save.
  const same = result === text + eol && reading.blocks.at(-1)?.receipt !== undefined;
  return { text: same ? text : result, hashes: [...hashes] };
}

const otherForm = ([head = "", ...rest]: readonly string[]): readonly string[] => [
  head + (head.endsWith("`") ? " ·" : "."),
  ...rest,
];

/** Which receipts stand in their other form: the next ones too, or none where all of them do. */
function othersShown(
  all: readonly number[],
  stands: ReadonlySet<number>,
  vary: number,
): ReadonlySet<number> {
  const free = all.filter((i) => !stands.has(i));
  if (vary <= free.length) return new Set([...stands, ...free.slice(0, vary)]);
  return new Set(all.slice(0, vary - 1));
}

/**
 * The person's text: receipts taken out, and every block closed by a line end and a blank line,
 * so that a text before its first receipt and after it are equal.
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

interface Edit {
  readonly end: number;
  readonly text: string;
}

const edit = ({ end }: BelowBlock, text: string): Edit => ({ end, text });

/** Replaces what stands below each block, where `below` answers with something. */
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

/** What stands below a block without its receipt, and with it. Inside of code no line is added. */
function emptied({ tight, receipt }: CommandBlock, below: BelowBlock, eol: string): string {
  if (tight !== true) return withoutReceipt(below, eol);
  const { above, kept, closing } = below;
  const closed = receipt === undefined || kept.length > 0 || !below.proved ? closing : [];
  return [...above, ...kept, ...closed].join("");
}

function filled(block: CommandBlock, below: BelowBlock, receipt: string, eol: string): string {
  if (block.tight !== true) return withReceipt(below, receipt, eol);
  const { above, kept, closing } = below;
  if (block.receipt === undefined) return [receipt, eol, ...above].join("");
  return [...above, receipt, eol, ...kept, ...(kept.length > 0 ? closing : [])].join("");
}

/** What is left below a block without its receipt: one blank line less, but one at least. */
function withoutReceipt(below: BelowBlock, eol: string): string {
  const { kept, above } = below;
  if (kept.length > 0) {
    return [...(above.length === 0 ? [eol] : above), ...kept, ...closingOf(below, eol)].join("");
  }
  return blanksLeft(below, eol).join("");
}

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

/** Blank lines that stand below the block in the person's own text. */
function blanksLeft(below: BelowBlock, eol: string): readonly string[] {
  const all = [...below.above, ...below.closing];
  const left = below.proved ? all.slice(0, -1) : all;
  return left.length === 0 && !below.atEnd ? [all[0] ?? eol] : left;
}

const closingOf = ({ closing, atEnd, tight }: BelowBlock, eol: string): readonly string[] =>
  closing.length === 0 && !atEnd && !tight ? [eol] : closing;

/** The receipt's lines: a quote marker before each, an empty one between paragraphs. */
function receiptText(pieces: readonly string[], indent: string, eol: string): string {
  const lines: string[] = [];
  pieces.forEach((piece, i) => {
    const together = isItem(piece) && isItem(pieces[i - 1] ?? "");
    if (i > 0 && !together) lines.push(`${indent}>`);
    const rows = isTable(piece) ? piece.split("\n") : [piece.replaceAll(/\s*[\r\n]\s*/g, " ")];
    lines.push(...rows.map((row) => `${indent}> ${row.trim()}`));
  });
  return lines.map((line) => line + eol).join("");
}

/** The one kind of piece that has several lines. */
const isTable = (piece: string): boolean => piece.startsWith("| ");

const isItem = (piece: string): boolean => piece.startsWith("- ");

/** The file's first line end; a text of one line gets "\n". */
function lineEnd(text: string): string {
  return /\r\n|\n|\r/.exec(text)?.[0] ?? "\n";
}
