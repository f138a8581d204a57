// Cuts a journal into segments that can be read independently: each begins with a top-level block
// whose meaning does not depend on what is above it. segment.ts reads a segment.
import { newScan, takeLine } from "./block-scan.ts";
import { newCursor } from "./line-cursor.ts";
import { quoteLine } from "./receipt-quotes.ts";

/** Least length of a segment: a save seldom changes more than one of this size. */
const SEGMENT_CHARS = 2_048;

/** Characters after which the caller may do other work: a few ms. */
const PART_CHARS = 32_768;

/** Where a line's text ends, and where the next line begins. */
interface LineEnds {
  readonly end: number;
  readonly next: number;
}

/**
 * Offsets at which segments begin, from `from` on. A segment has at least SEGMENT_CHARS characters;
 * one also begins at the first offset that `isKnown` accepts and where one can begin: there the
 * cutting stops, and that offset is the last. Without one, the last is the text's length.
 */
export function* cutSegments(
  text: string,
  from: number,
  isKnown: (offset: number) => boolean,
): Generator<undefined, readonly number[], undefined> {
  const cuts = [from];
  const scan = newScan();
  let last = from;
  let paused = from;
  let quoted: "none" | "quote" | "receipt" = "none";
  for (let start = from; start < text.length;) {
    if (start - paused >= PART_CHARS) {
      paused = start;
      yield;
    }
    const { end, next } = lineEnds(text, start);
    const above = quoted;
    quoted = quoteState(text, start, end, above);
    // A receipt counts as blank: what is below it is read as if it were not there.
    const cursor = newCursor(text, start, quoted === "receipt" ? start : end);
    const opens = takeLine(scan, cursor, 0);
    scan.leaves.length = 0;
    const apart = above === "none" || quoted === "none";
    if (opens && apart && start > from) {
      if (isKnown(start)) return [...cuts, start];
      if (start - last >= SEGMENT_CHARS) {
        cuts.push(start);
        last = start;
      }
    }
    start = next;
  }
  return [...cuts, text.length];
}

/** Consecutive quote lines are one quote: a receipt if the first of them begins one. */
function quoteState(
  text: string,
  start: number,
  end: number,
  above: "none" | "quote" | "receipt",
): "none" | "quote" | "receipt" {
  let at = start;
  while (text.charCodeAt(at) === 32 || text.charCodeAt(at) === 9) at += 1;
  if (at >= end || text[at] !== ">") return "none";
  return above === "none" ? quoteLine(text.slice(start, end)) : above;
}

function lineEnds(text: string, start: number): LineEnds {
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10) return { end: at, next: at + 1 };
    if (code === 13) return { end: at, next: text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1 };
  }
  return { end: text.length, next: text.length };
}
