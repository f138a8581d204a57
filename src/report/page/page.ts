// The whole report of an experiment as blocks of Markdown, in page order. It depends on its input
// alone; keeping a person's additions is preserve-user-edits.ts.
import { reportContext } from "./report-context.ts";
import type { ReportInput } from "../../judge/input.ts";
import { visibleText } from "../../base/visible-text.ts";
import { renewPage } from "./preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { conclusionBlocks, sourcesBlocks } from "./section-conclusion.ts";
import { discussionBlocks } from "./section-discussion.ts";
import { methodsBlocks } from "./section-methods.ts";
import { abstractBlocks, introductionBlocks, titleBlocks } from "./section-opening.ts";
import { resultsBlocks } from "./section-results.ts";

/** All blocks of the page. Sources come last, because the other sections assign their numbers. */
export function reportBlocks(input: ReportInput): readonly PageBlock[] {
  const context = reportContext(input);
  const sections = [
    titleBlocks,
    abstractBlocks,
    introductionBlocks,
    methodsBlocks,
    resultsBlocks,
    discussionBlocks,
    conclusionBlocks,
    sourcesBlocks,
  ];
  return sections
    .flatMap((section) => section(context))
    .filter((block) => block.text !== "")
    .map((block) => ({ ...block, text: visibleText(block.text) }));
}

/** A new page, signed. */
export function renderReport(input: ReportInput): string {
  const page = renewPage(undefined, reportBlocks(input));
  return page.kind === "page" ? page.text : "";
}
