// The person's headings with the text below them, and the section that lists ignored runs.
// What the report makes of a section is its own business.
import type { IgnoredRun, Section } from "../model/journal.ts";
import { readIgnoredRuns } from "../settings/ignored.ts";
import type { LocalHeading } from "./read-block.ts";
import type { QuoteLines } from "./receipt-quotes.ts";
import { lineAt, startOf } from "./text-lines.ts";
import type { TextLines } from "./text-lines.ts";

/** Every heading with the text up to the next heading of any depth, receipts left out. */
export function sectionsOf(
  lines: TextLines,
  headings: readonly LocalHeading[],
  quotes: readonly QuoteLines[],
): readonly Section[] {
  const { text } = lines;
  let next = 0;
  return headings.map(({ title, depth, line, span }, i) => {
    const end = headings[i + 1]?.span.start ?? text.length;
    const parts: string[] = [];
    let from = span.end;
    for (; next < quotes.length; next += 1) {
      const quote = quotes[next];
      if (quote === undefined || startOf(lines, quote.first) >= end) break;
      if (startOf(lines, quote.first) < from) continue;
      parts.push(text.slice(from, startOf(lines, quote.first)));
      from = startOf(lines, quote.after);
    }
    parts.push(text.slice(from, end));
    const own = parts.map((part) => part.trim()).filter((part) => part !== "");
    return { title, depth, line, text: own.join("\n\n") };
  });
}

/** The runs listed below a heading `Ignored runs`; `structure` has its receipts blanked out. */
export function ignoredIn(
  structure: TextLines,
  headings: readonly LocalHeading[],
): readonly IgnoredRun[] {
  return headings.flatMap(({ title, depth, span }, i) => {
    if (title.toLowerCase() !== "ignored runs") return [];
    const next = headings.slice(i + 1).find((other) => other.depth <= depth);
    const end = next?.span.start ?? structure.text.length;
    const firstLine = lineAt(structure, span.end) + 1;
    return readIgnoredRuns(structure.text.slice(span.end, end), "JOURNAL.md", firstLine);
  });
}
