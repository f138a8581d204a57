// Two saves of one journal made one: the persons' lines merged, then receipts put back below the
// commands they stood at. What a line merge does is merge.ts; the receipts are rendered anew later.
import type { CommandBlock, JournalReading } from "../../domain/journal.ts";
import type { Version } from "./merge-base.ts";
import { mergeLines, type MergedLine, type Side } from "../../base/merge.ts";
import { isRendered } from "../../base/receipt-block.ts";
import { renderJournal } from "../receipt/render.ts";

export interface SavesInput {
  /** What both were made from. */
  readonly base: Version;
  readonly ours: Version;
  readonly theirs: Version;
  readonly newest: Side;
  /** The side whose text stays as it is where it says all. */
  readonly inFile: Side;
  readonly unproved?: readonly Side[];
  readonly rendered: ReadonlySet<string>;
  /** Reads a journal; texts that are alike come after one another. */
  readonly read: (text: string) => JournalReading;
}

export interface MergedSaves {
  readonly text: string;
  /** 1-based lines in `text` where the older side's words gave way. */
  readonly conflicts: readonly number[];
}

/**
 * Merges two saves. Where one of them already says all, the answer is its text as it is. A text
 * with Git's conflict markers is nobody's save yet: then the newest's text comes back.
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
    ...(input.unproved === undefined ? {} : { unproved: input.unproved }),
  });
  const complete = (input.inFile === "ours" ? [ours, theirs] : [theirs, ours]).find(
    (side) =>
      side.lines.length === lines.length && side.lines.every((l, i) => l === lines[i]?.text),
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

/** The line's end as its newest writer has it. */
function endOf(line: MergedLine, { ours, theirs, newest }: SavesInput): string {
  const ends = [ours.ends[line.ours ?? -1] ?? "", theirs.ends[line.theirs ?? -1] ?? ""];
  const [first = "", second = ""] = newest === "ours" ? ends : ends.toReversed();
  return first || second;
}

/** The receipts that stood at the merged commands: the newest save's, else the other's. */
function withReceipts(text: string, lines: readonly MergedLine[], input: SavesInput): string {
  const { ours, theirs, newest, rendered } = input;
  const blocks = { ours: blocksByLine(ours, input), theirs: blocksByLine(theirs, input) };
  const reading = input.read(text);
  const older: Side = newest === "ours" ? "theirs" : "ours";
  const receipts = new Map<number, readonly string[]>();
  reading.blocks.forEach((block, i) => {
    const origin = lines[firstLine(block)];
    for (const side of [newest, older]) {
      const pieces = blocks[side].get(origin?.[side] ?? -1) ?? [];
      if (pieces.length === 0 || receipts.has(i)) continue;
      receipts.set(i, pieces);
    }
  });
  return renderJournal({ text, reading, rendered, receipts }).text;
}

/** Pieces of each receipt by the line, from 0, that its command has in the stripped text. */
function blocksByLine(
  version: Version,
  { rendered, read }: SavesInput,
): ReadonlyMap<number, readonly string[]> {
  const stripped = read(version.lines.map((line) => `${line}\n`).join(""));
  const found = new Map<number, readonly string[]>();
  if (stripped.blocks.length !== version.reading.blocks.length) return found;
  stripped.blocks.forEach((block, i) => {
    const { receipt } = version.reading.blocks[i] ?? block;
    const pieces = (receipt?.blocks ?? [])
      .filter(({ normal }) => isRendered(normal, rendered))
      .map(({ span }) => inner(version.text.slice(span.start, span.end)));
    found.set(firstLine(block), pieces);
  });
  return found;
}

const firstLine = (block: CommandBlock): number => (block.commands[0]?.line ?? 0) - 1;

/** A piece without its quote markers, its list marker and box kept. */
const inner = (lines: string): string =>
  lines
    .split(/\r\n|\n|\r/)
    .map((line) => line.replace(/^[\s>]+/, ""))
    .join(" ")
    .trim();

/** 1-based line of a merged line once receipts stand between: the first like it from there on. */
function lineOf(text: string, line: string | undefined, from: number): number {
  const found = text.split(/\r\n|\n|\r/).indexOf(line ?? "", from);
  return (found === -1 ? from : found) + 1;
}

const originLine = (text: string, line: number): number =>
  lineOf(text, text.split(/\r\n|\n|\r/)[line], line);
