// The whole report of an experiment as blocks of Markdown, in order.
// It is a function of its input alone; keeping a person's additions is preserve-user-edits.ts.
import { reportContext } from "../../judge/report-context.ts";
import type { ReportInput } from "../../judge/input.ts";
import { renewPage } from "./preserve-user-edits.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { conclusionBlocks, sourcesBlocks } from "./section-conclusion.ts";
import { discussionBlocks } from "./section-discussion.ts";
import { methodsBlocks } from "./section-methods.ts";
import { abstractBlocks, introductionBlocks, titleBlocks } from "./section-opening.ts";
import { resultsBlocks } from "./section-results.ts";

/** Every block of the page. Sources come last: the other sections hand out their numbers. */
export function reportBlocks(input: ReportInput): readonly PageBlock[] {
  const facts = reportContext(input);
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
  return sections.flatMap((section) => section(facts)).filter((block) => block.text !== "");
}

/** The page where there is none yet. */
export function renderReport(input: ReportInput): string {
  const page = renewPage(undefined, reportBlocks(input));
  return page.kind === "page" ? page.text : "";
}
