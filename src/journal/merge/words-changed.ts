// Whether the user changed any text between two versions of a journal; white space and receipts do
// not count. scheduler/settle-timers.ts decides what that means for a block's timers.
import type { JournalReading } from "../../domain/journal.ts";
import { commonEnds } from "../../base/common-ends.ts";
import { stripReceipts } from "../receipt/render.ts";

/** A journal's text and its parse result. */
interface ReadText {
  readonly text: string;
  readonly reading: JournalReading;
}

/**
 * Whether anything but white space and receipts differs. Compares only the changed lines, unless
 * one of them is quoted: then a receipt may have changed, and the whole texts are compared without
 * receipts.
 */
export function wordsChanged(
  before: ReadText,
  now: ReadText,
  rendered: ReadonlySet<string>,
): boolean {
  const { same, sameAtEnd } = commonEnds(before.text, now.text);
  const middles = [before, now].map(({ text }) => wholeLines(text, same, text.length - sameAtEnd));
  if (middles.some((middle) => /(?:^|[\r\n])[ \t]*>/.test(middle))) {
    return words(stripped(before, rendered)) !== words(stripped(now, rendered));
  }
  return words(middles[0] ?? "") !== words(middles[1] ?? "");
}

/**
 * Whether the second version has a word that the first one did not have at that place; quoted lines
 * do not count.
 */
export function wordsAdded(before: ReadText, now: ReadText): boolean {
  const { same, sameAtEnd } = commonEnds(before.text, now.text);
  const [was = [], is = []] = [before, now].map(({ text }) =>
    wholeLines(text, same, text.length - sameAtEnd)
      .split(/[\r\n]+/)
      .filter((line) => !/^[ \t]*>/.test(line))
      .flatMap((line) => line.split(/[ \t]+/))
      .filter((word) => word !== ""),
  );
  const left = new Map<string, number>();
  for (const word of was) left.set(word, (left.get(word) ?? 0) + 1);
  return is.some((word) => {
    const count = left.get(word) ?? 0;
    left.set(word, count - 1);
    return count <= 0;
  });
}

const words = (text: string): string => text.replaceAll(/\s+/g, "");

const stripped = ({ text, reading }: ReadText, rendered: ReadonlySet<string>): string =>
  stripReceipts(text, reading, rendered);

/** A range of a text, extended to whole lines. */
function wholeLines(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start > 0 && !isLineEnd(text, start - 1)) start -= 1;
  while (end < text.length && !isLineEnd(text, end)) end += 1;
  return text.slice(start, end);
}

function isLineEnd(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 10 || code === 13;
}
