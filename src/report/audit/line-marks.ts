// Short hashes of the cited log lines, kept on the page itself: an audit can tell years later, on
// any machine, whether a log line is still the one cited. Markdown does not show them.
import { createHash } from "node:crypto";
import { blocksOf, type ReportTree } from "../page/page.ts";
import { pathOf } from "../page/values.ts";
import type { PageSource } from "./page-sources.ts";
import { LINE_MARKS_OPEN } from "./page-units.ts";
import type { PageBlock } from "../../base/page-signature.ts";

const EXPLANATION = "Marks of the cited lines of the logs, in the order of their numbers.";
/** Base64 digits of a mark, 48 bits: two lines have the same one by accident almost never. */
const CHARS = 8;
const PER_LINE = 10;
/** The mark of a line whose text cannot be hashed. */
const NONE = "-".repeat(CHARS);
/** Longer lines get no mark: the readers of logs cut them at different places. */
const MARKED_CHARS = 64 * 1024;

/** The mark of a line's text, without its end. */
function lineMark(path: string, text: string | undefined): string {
  // Of a compressed file or an event file we have only what its reader made of it, not its bytes.
  if (text === undefined || text.length > MARKED_CHARS || /\.gz$|tfevents/.test(path)) return NONE;
  return createHash("sha256").update(text.replace(/\r$/, "")).digest("base64url").slice(0, CHARS);
}

/** The blocks, and after them a block with the marks of the cited lines if any line is cited. */
export function withLineMarks(
  { blocks, sources }: ReportTree,
  lineOf: (path: string, line: number) => string | undefined,
): readonly PageBlock[] {
  const written = blocksOf(blocks);
  if (sources.length === 0) return written;
  const marks = sources.map((source) =>
    lineMark(pathOf(source), lineOf(pathOf(source), source.line)),
  );
  const lines = [`${LINE_MARKS_OPEN}${EXPLANATION}`];
  for (let i = 0; i < marks.length; i += PER_LINE) {
    lines.push(marks.slice(i, i + PER_LINE).join(" "));
  }
  return [...written, { key: "sources.marks", text: `${lines.join("\n")}"` }];
}

/** What is wrong with a source whose line holds the token but changed; undefined where nothing. */
export function markTrouble(
  source: PageSource,
  marks: readonly string[],
  line: string | undefined,
): string | undefined {
  const mark = marks[Number(source.number) - 1];
  if (mark === undefined || mark === NONE || mark === lineMark(source.path, line)) return undefined;
  return `${source.path}:${source.line} is not the line any more that the page was made from`;
}
