// The leaf blocks of a text in one pass over its lines: all that read-block.ts looks into.
import { newScan, takeLine } from "./block-scan.ts";
import type { LeafBlock } from "./block-scan.ts";
import { newCursor } from "./line-cursor.ts";
import { contentEnd, startOf } from "../../base/text-lines.ts";
import type { TextLines } from "../../base/text-lines.ts";

/** Characters after which the caller may do other work: a few ms. */
const PART_CHARS = 32_768;

export interface LeafBlocks {
  readonly leaves: readonly LeafBlock[];
  /** There is a conflict marker of git's outside of fences. */
  readonly conflicted: boolean;
  /** The top-level fence or comment that nothing closes. */
  readonly unclosed?: LeafBlock;
}

/** Finds the leaf blocks of a text, in order. */
export function* leafBlocks(lines: TextLines): Generator<undefined, LeafBlocks, undefined> {
  const scan = newScan();
  let conflicted = false;
  let paused = 0;
  for (let line = 0; line < lines.starts.length; line += 1) {
    const [start, end] = [startOf(lines, line), contentEnd(lines, line)];
    if (start - paused >= PART_CHARS) {
      paused = start;
      yield;
    }
    takeLine(scan, newCursor(lines.text, start, end), line);
    if (scan.leaf.kind !== "fence" && isConflictMark(lines.text, start, end)) conflicted = true;
  }
  const { open } = scan;
  const isOpen = open?.kind === "comment" || (open?.kind === "fence" && open.item === undefined);
  return { leaves: scan.leaves, conflicted, ...(isOpen ? { unclosed: open } : {}) };
}

/** Git's conflict markers: seven signs, then a name. */
function isConflictMark(text: string, start: number, end: number): boolean {
  const char = text[start];
  if (char !== "<" && char !== ">") return false;
  return /^(?:<{7}|>{7}) \S/.test(text.slice(start, Math.min(end, start + 9)));
}
