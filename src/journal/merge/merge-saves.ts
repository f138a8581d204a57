// Merges two concurrent saves of a journal: the users' lines by base/merge.ts, then the receipts go
// back below their commands. Receipts are brought up to date by the next write.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import { marksWithin, type Version } from "./merge-base.ts";
import { mergeLines, type MergedLine, type Side } from "../../base/merge.ts";
import { isRendered, normalReceiptBlock, openedFlag } from "../../base/receipt-block.ts";
import { renderJournal } from "../receipt/render.ts";
import { defined } from "../../base/defined.ts";

export interface SavesInput {
  /** The merge base: the version that both were edited from. */
  readonly base: Version;
  readonly ours: Version;
  readonly theirs: Version;
  /** The side that was saved last: it wins in a conflict. */
  readonly newest: Side;
  /** The side that is in the file now; if both sides already equal the merge, its text is kept. */
  readonly inFile: Side;
  /** As in `mergeLines`: sides whose missing lines prove nothing. */
  readonly unproved?: readonly Side[];
  /** Hashes of all receipt blocks ever rendered into this journal. */
  readonly rendered: ReadonlySet<string>;
  /** Parses a journal; consecutive calls get similar texts, so an incremental parser pays off. */
  readonly read: (text: string) => JournalReading;
}

export interface MergedSaves {
  readonly text: string;
  /** Lines in `text`, from 1, where the newest save replaced the older one's change. */
  readonly conflicts: readonly number[];
}

/**
 * Merges two saves. If one of them already equals the merge, its text is returned byte for byte. If
 * any text has Git conflict markers, nothing is merged and the newest text is returned.
 */
export function mergeSaves(input: SavesInput): MergedSaves {
  const { base, ours, theirs, newest } = input;
  const newestText = (newest === "ours" ? ours : theirs).text;
  if ([base, ours, theirs].some(({ reading }) => reading.conflicted)) {
    return { text: newestText, conflicts: [] };
  }
  const sides = { base: base.lines, ours: ours.lines, theirs: theirs.lines };
  const { lines, conflicts } = mergeLines({
    ...sides,
    newest,
    ...defined({ unproved: input.unproved }),
  });
  const complete = (input.inFile === "ours" ? [ours, theirs] : [theirs, ours]).find(
    (side) =>
      side.lines.length === lines.length &&
      side.lines.every((l, i) => l === lines[i]?.text) &&
      hasAnswers(side, input) &&
      // Not without receipts that came since: they would look like deleted ones.
      marksWithin(ours.marks, side.marks) === ours.marks.size,
  );
  if (complete !== undefined) {
    const at = conflicts.map((line) => originLine(complete.text, line));
    return { text: complete.text, conflicts: at };
  }
  const eol = /\r\n|\n|\r/.exec(newestText)?.[0] ?? "\n";
  const bare = lines.map((line) => line.text + (endOf(line, input) || eol)).join("");
  const text = withReceipts(bare, lines, input);
  return { text, conflicts: conflicts.map((line) => lineOf(text, lines[line]?.text, line)) };
}

/** Whether no box is open in a side that the other one ticked since the base; flags likewise. */
function hasAnswers(side: Version, { base, ours, theirs }: SavesInput): boolean {
  const given = answersIn(side === ours ? theirs : ours).answered;
  const [{ open }, before] = [answersIn(side), answersIn(base).answered];
  return [...given].every((one) => before.has(one) || !open.has(one));
}

/** The boxes and flags of all receipts by command and text, each in its open form. */
function answersIn({ reading }: Version): Readonly<Record<"open" | "answered", Set<string>>> {
  const [open, answered] = [new Set<string>(), new Set<string>()];
  for (const { receipt } of reading.blocks) {
    for (const { normal, ticked } of receipt?.blocks ?? []) {
      const flag = openedFlag(normal);
      const text = flag ?? normalReceiptBlock(normal);
      const isAnswered = ticked === true || flag !== undefined;
      (isAnswered ? answered : open).add(`${receipt?.heads[0]?.id ?? ""} ${text}`);
    }
  }
  return { open, answered };
}

/** The line end as the newest side has it, else as the other has it; "" if neither has the line. */
function endOf(line: MergedLine, { ours, theirs, newest }: SavesInput): string {
  const ends = [ours.ends[line.ours ?? -1] ?? "", theirs.ends[line.theirs ?? -1] ?? ""];
  const [first = "", second = ""] = newest === "ours" ? ends : ends.toReversed();
  return first || second;
}

/**
 * The merged text with each command's receipt. Ours is what the daemon wrote last, with its trace;
 * a tick and a resolved flag in theirs are taken over.
 */
function withReceipts(text: string, lines: readonly MergedLine[], input: SavesInput): string {
  const { ours, theirs, rendered } = input;
  const blocks = { ours: blocksByLine(ours, input), theirs: blocksByLine(theirs, input) };
  const reading = input.read(text);
  const receipts = new Map<number, readonly string[]>();
  reading.blocks.forEach((block, i) => {
    const origin = lines[firstLine(block)];
    const [shown = [], other = []] = [
      blocks.ours.get(origin?.ours ?? -1),
      blocks.theirs.get(origin?.theirs ?? -1),
    ];
    const receipt = shown.length === 0 ? other : withAnswers(shown, other);
    if (receipt.length > 0) receipts.set(i, receipt);
  });
  return renderJournal({ text, reading, rendered, receipts }).text;
}

const unanswered = (block: string): string => openedFlag(block) ?? normalReceiptBlock(block);

/** The blocks of a receipt, with what its person answered in another text of it. */
function withAnswers(shown: readonly string[], other: readonly string[]): readonly string[] {
  const answered = new Map(
    other
      .filter((block) => /^[-*+] \[[xX]\] /.test(block) || openedFlag(block) !== undefined)
      .map((block) => [unanswered(block), block]),
  );
  return shown.map((block) => answered.get(unanswered(block)) ?? block);
}

/**
 * Blocks of each receipt by the line, from 0, of its command in the text without receipts. Empty if
 * that text parses into another number of command blocks.
 */
function blocksByLine(
  version: Version,
  { rendered, read }: SavesInput,
): ReadonlyMap<number, readonly string[]> {
  const stripped = read(version.lines.map((line) => `${line}\n`).join(""));
  const found = new Map<number, readonly string[]>();
  if (stripped.blocks.length !== version.reading.blocks.length) return found;
  stripped.blocks.forEach((block, i) => {
    const { receipt } = version.reading.blocks[i] ?? block;
    const blocks = (receipt?.blocks ?? [])
      .filter(({ normal }) => isRendered(normal, rendered))
      .map(({ span }) => inner(version.text.slice(span.start, span.end)));
    found.set(firstLine(block), blocks);
  });
  return found;
}

const firstLine = (block: CommandBlock): number => (block.commands[0]?.line ?? 0) - 1;

/** A receipt block without quote markers, on one line; its list marker and box stay. */
const inner = (lines: string): string =>
  lines
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/^[\s>]+/, ""))
    .join(" ")
    .trim();

/**
 * Line number (from 1) of a merged line in a text that has receipts as well: the first equal line
 * at or after index `from`, since receipts only push lines down.
 */
function lineOf(text: string, line: string | undefined, from: number): number {
  const found = text.split(/\r\n|\n|\r/).indexOf(line ?? "", from);
  return (found === -1 ? from : found) + 1;
}

const originLine = (text: string, line: number): number =>
  lineOf(text, text.split(/\r\n|\n|\r/)[line], line);
