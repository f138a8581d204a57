// The whole report of an experiment as a tree of text and values, in page order, and as Markdown. It depends on its input
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
import { textOf, type ReportBlock, type Source } from "./values.ts";

export interface ReportTree {
  readonly blocks: readonly ReportBlock[];
  /** The entries of the list of sources, in the order of their numbers, which count from 1. */
  readonly sources: readonly Source[];
}

/** The page as a tree. Sources come last, because the other sections assign their numbers. */
export function reportTree(input: ReportInput): ReportTree {
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
  const blocks = sections.flatMap((section) => section(context));
  return { blocks, sources: context.sources.list() };
}

/** The blocks of a page as text. */
export function blocksOf(blocks: readonly ReportBlock[]): readonly PageBlock[] {
  return blocks
    .map(({ key, text }) => ({ key, text: visibleText(textOf(text)) }))
    .filter(({ text }) => text !== "");
}

/** All blocks of the page as text. */
export function reportBlocks(input: ReportInput): readonly PageBlock[] {
  return blocksOf(reportTree(input).blocks);
}

/** A new page, signed. */
export function renderReport(input: ReportInput): string {
  const page = renewPage(undefined, reportBlocks(input));
  return page.kind === "page" ? page.text : "";
}
