// Conclusion: the verdict on each criterion with its reasons; and Sources. Whether the hypothesis
// is true is left to the person, whose own conclusion is quoted.
import type { ReportContext } from "./report-context.ts";
import { quotedSections } from "./section-quotes.ts";
import { joined, type Content, type ReportBlock } from "./values.ts";
import { askedBy } from "./verdict-values.ts";
import { verdictReasons, verdictSentences, verdictTable } from "./verdict-text.ts";

/** The section Conclusion. */
export function conclusionBlocks(context: ReportContext): readonly ReportBlock[] {
  const blocks: ReportBlock[] = [{ key: "conclusion", text: "## Conclusion" }];
  if (context.verdicts.length === 0) {
    const text = "There is no criterion to judge.";
    blocks.push({ key: "conclusion.none", text });
  }
  let before: readonly Content[] | undefined;
  for (const verdict of context.verdicts) {
    const key = `conclusion.${verdict.which}`;
    const reasons = verdictReasons(verdict, context);
    const text = verdictSentences(verdict, reasons, before);
    before = reasons;
    blocks.push({ key, text });
    if (verdict.runs.length < 2 || verdict.word === "NOT EVALUABLE") continue;
    verdict.judged.forEach((judged, index) => {
      blocks.push({
        key: `${key}.table.${index}`,
        text: verdictTable(judged, askedBy(verdict), context),
      });
    });
  }
  return [...blocks, ...quotedSections(context, "conclusion")];
}

/** The section Sources. It must be made last, because the other sections assign the numbers. */
export function sourcesBlocks(context: ReportContext): readonly ReportBlock[] {
  const entries = context.sources.list();
  if (entries.length === 0) return [];
  return [
    { key: "sources", text: "## Sources" },
    { key: "sources.list", text: joined(entries, "  \n") },
  ];
}
