// Conclusion: the verdict on each criterion with its reasons, and the list of sources.
// Whether the hypothesis is true is left to the person, whose own conclusion is quoted.
import type { ReportContext } from "../../judge/report-context.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { quotedSections } from "./section-quotes.ts";
import { verdictReasons, verdictSentences, verdictTable } from "../../judge/verdict-text.ts";

/** The whole section. */
export function conclusionBlocks(facts: ReportContext): readonly PageBlock[] {
  const blocks: PageBlock[] = [{ key: "conclusion", text: "## Conclusion" }];
  if (facts.verdicts.length === 0) {
    const text = "There is no criterion to judge.";
    blocks.push({ key: "conclusion.none", text });
  }
  let before: readonly string[] | undefined;
  for (const verdict of facts.verdicts) {
    const key = `conclusion.${verdict.which}`;
    const reasons = verdictReasons(verdict, facts);
    const text = verdictSentences(verdict, reasons, before).join(" ");
    before = reasons;
    blocks.push({ key, text });
    if (verdict.runs.length < 2 || verdict.word === "NOT EVALUABLE") continue;
    verdict.judged.forEach((judged, index) => {
      blocks.push({ key: `${key}.table.${index}`, text: verdictTable(judged, facts) });
    });
  }
  return [...blocks, ...quotedSections(facts, "conclusion")];
}

/** The list of sources; made last, since the sections before it hand out the numbers. */
export function sourcesBlocks(facts: ReportContext): readonly PageBlock[] {
  const lines = facts.sources.list();
  if (lines.length === 0) return [];
  return [
    { key: "sources", text: "## Sources" },
    { key: "sources.list", text: lines.join("  \n") },
  ];
}
