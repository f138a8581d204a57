// Short hashes of the log lines that a page cites, on the page itself: whether a line is still the
// one that the page was made from can be told anywhere, years later. Markdown does not show them.
import { createHash } from "node:crypto";
import { pageSources, type PageSource } from "./page-sources.ts";
import { readPage } from "./page-units.ts";
import type { PageBlock } from "../../base/page-signature.ts";

const OPENS = '[nightlab-lines]: # "';
const SAYS = "Marks of the cited lines of the logs, in the order of their numbers.";
/** 48 bits: a line that was changed has another mark. */
const CHARS = 8;
const PER_LINE = 10;
/** Stands for a line that has no text of its own, or more than is read of it. */
const NONE = "-".repeat(CHARS);
/** Longer lines are read in parts, which differ by reader. */
const MARKED_CHARS = 64 * 1024;

/** The mark of a line's text, without its end. */
function lineMark(path: string, text: string | undefined): string {
  // Of a packed file or a file of events there is only what was read from it.
  if (text === undefined || text.length > MARKED_CHARS || /\.gz$|tfevents/.test(path)) return NONE;
  return createHash("sha256").update(text.replace(/\r$/, "")).digest("base64url").slice(0, CHARS);
}

/** The blocks with one more that holds the marks of the lines that they cite, if they cite any. */
export function withLineMarks(
  blocks: readonly PageBlock[],
  lineOf: (path: string, line: number) => string | undefined,
): readonly PageBlock[] {
  const sources = sourcesOf(blocks);
  if (sources.length === 0) return blocks;
  const marks = sources.map(({ path, line }) => lineMark(path, lineOf(path, line)));
  const lines = [`${OPENS}${SAYS}`];
  for (let i = 0; i < marks.length; i += PER_LINE) {
    lines.push(marks.slice(i, i + PER_LINE).join(" "));
  }
  return [...blocks, { key: "sources.marks", text: `${lines.join("\n")}"` }];
}

/** The sources that blocks list, in their order. */
export function sourcesOf(blocks: readonly PageBlock[]): readonly PageSource[] {
  const list = blocks.find((block) => block.key === "sources.list");
  return list === undefined ? [] : [...pageSources(readPage(list.text).units).values()];
}

/** What is wrong with a source whose line says its token, but is not the line it was. */
export function markTrouble(
  source: PageSource,
  marks: readonly string[],
  line: string | undefined,
): string | undefined {
  const mark = marks[Number(source.number) - 1];
  if (mark === undefined || mark === NONE || mark === lineMark(source.path, line)) return undefined;
  return `${source.path}:${source.line} is not the line any more that the page was made from`;
}
