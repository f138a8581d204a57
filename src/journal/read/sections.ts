// The section of a journal that lists ignored runs, wherever it is.
// The report and the plots decide what leaving a run out means.
import type { IgnoredRun } from "../../domain/journal.ts";
import { readIgnoredRuns } from "../../settings/ignored.ts";
import type { LocalHeading } from "./read-block.ts";
import { blankOut, findReceiptQuotes } from "./receipt-quotes.ts";
import { linesOf } from "../../base/text-lines.ts";

/** The runs listed below a heading `Ignored runs`, without receipts. */
export function ignoredIn(text: string, headings: readonly LocalHeading[]): readonly IgnoredRun[] {
  return headings.flatMap(({ title, depth, span, line }, i) => {
    if (title.toLowerCase() !== "ignored runs") return [];
    let at = i + 1;
    while ((headings[at]?.depth ?? 0) > depth) at += 1;
    const next = headings[at];
    const lines = linesOf(text.slice(span.end, next?.span.start ?? text.length));
    const below = line + linesOf(text.slice(span.start, span.end)).starts.length;
    return readIgnoredRuns(blankOut(lines, findReceiptQuotes(lines)), "JOURNAL.md", below);
  });
}
