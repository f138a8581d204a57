// Reads a page as the units that an audit checks: paragraphs, list items, table rows, headings.
// Quotations, fenced code, frontmatter and the signature are no claims and are left out.
import { readSignature, signatureLength, textMark, type Mark } from "../../base/page-signature.ts";
import { defined } from "../../base/defined.ts";

export interface PageUnit {
  readonly kind: "heading" | "text" | "item" | "row" | "rule";
  readonly text: string;
  /** 1-based line on which it begins. */
  readonly line: number;
  /** The whole block of lines, up to a blank line, that the unit is part of. */
  readonly block: string;
  /** The headings above it, outermost first. */
  readonly under: readonly string[];
  /** For a row of a table: the table's first row, as written. */
  readonly head?: string;
}

export interface PageReading {
  readonly units: readonly PageUnit[];
  /** Hashes of the blocks that nightlab wrote, from the page's signature. */
  readonly signed: ReadonlySet<string>;
  /** The marks in the signature, in page order. */
  readonly marks: readonly Mark[];
  /** Hashes of the cited log lines, in the order of the sources' numbers (line-marks.ts). */
  readonly lineMarks: readonly string[];
}

/**
 * The units of a page in written order. `keepsHeading` tells which headings count as the context
 * of the units below them.
 */
export function readPage(
  text: string,
  keepsHeading: (heading: string) => boolean = () => true,
): PageReading {
  const lines = text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, ""));
  const units: PageUnit[] = [];
  let under: readonly { readonly depth: number; readonly text: string }[] = [];
  const marks: Mark[] = [];
  const lineMarks: string[] = [];
  let at = frontmatterEnd(lines);
  while (at < lines.length) {
    const signatureLines = signatureLength(lines, at);
    if (signatureLines !== undefined) {
      marks.push(...readSignature(lines.slice(at, at + signatureLines).join("\n")));
      at += signatureLines;
      continue;
    }
    const markLines = lineMarksLength(lines, at);
    if (markLines !== undefined) {
      const hashes = lines.slice(at + 1, at + markLines).join(" ");
      lineMarks.push(...(hashes.match(/[\w-]{8}/g) ?? []));
      at += markLines;
      continue;
    }
    const line = lines[at] ?? "";
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== undefined) {
      at = fenceEnd(lines, at, fence) + 1;
      continue;
    }
    if (line.trim() === "" || /^ {0,3}>/.test(line)) {
      at += 1;
      continue;
    }
    const end = blockEnd(lines, at);
    const block = lines.slice(at, end);
    const heading = /^(#{1,6})\s+(.*)$/.exec(line);
    if (heading !== null && block.length === 1) {
      const name = folded(heading[2] ?? "");
      const depth = (heading[1] ?? "").length;
      if (keepsHeading(name))
        under = [...under.filter((one) => one.depth < depth), { depth, text: name }];
    }
    units.push(
      ...unitsOf(
        block,
        at + 1,
        under.map((one) => one.text),
      ),
    );
    at = end;
  }
  return { units, signed: new Set(marks.map((mark) => mark.text)), marks, lineMarks };
}

/** How the block begins that holds the hashes of the cited log lines (line-marks.ts). */
export const LINE_MARKS_OPEN = '[nightlab-lines]: # "';

/** How many lines the block of hashes has that begins at `at`; undefined where none begins. */
function lineMarksLength(lines: readonly string[], at: number): number | undefined {
  if (!(lines[at] ?? "").startsWith(LINE_MARKS_OPEN)) return undefined;
  let end = at + 1;
  while (end < lines.length && /^[\w -]+"?$/.test(lines[end] ?? "")) end += 1;
  return end - at;
}

/** Whether nightlab wrote a unit's block, by the page's signature. */
export function isSigned(unit: PageUnit, page: PageReading): boolean {
  return page.signed.has(textMark(unit.block));
}

/** The page's line that holds the character at `offset` of a unit's text. */
export function lineOfUnit(unit: PageUnit, offset: number): number {
  return unit.line + unit.text.slice(0, offset).split("\n").length - 1;
}

/** The cells of a table's row, trimmed; the bars at both ends open and close it. */
export function cellsOf(row: string): readonly string[] {
  const cells = row.trim().split(/(?<!\\)\|/);
  return cells.slice(1, -1).map((cell) => cell.trim());
}

/** The text on one line, each run of white space as one space. */
export function folded(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function unitsOf(
  lines: readonly string[],
  first: number,
  under: readonly string[],
): readonly PageUnit[] {
  const block = lines.join("\n");
  const found: { kind: PageUnit["kind"]; text: string; line: number; head?: string }[] = [];
  let head: string | undefined;
  lines.forEach((text, i) => {
    const line = first + i;
    if (/^\s*\|/.test(text)) {
      if (/^[\s|:-]+$/.test(text)) found.push({ kind: "rule", text, line });
      else {
        found.push({ kind: "row", text, line, ...defined({ head }) });
        head ??= text;
      }
      return;
    }
    const kind = /^#{1,6}\s/.test(text)
      ? "heading"
      : /^\s*(?:[-*+]|\d{1,9}[.)])\s/.test(text)
        ? "item"
        : "text";
    const last = found.at(-1);
    // In the list of sources each line is a unit; other lines of a paragraph belong together.
    const goesOn = kind === "text" && last !== undefined && !/^\[\d+\] /.test(text);
    if (goesOn && (last.kind === "text" || last.kind === "item")) last.text += `\n${text}`;
    else found.push({ kind, text, line });
  });
  return found.map((one) => ({ ...one, block, under }));
}

const isHeading = (line: string): boolean => /^#{1,6}\s/.test(line);

function blockEnd(lines: readonly string[], from: number): number {
  let at = from;
  if (isHeading(lines[at] ?? "")) return at + 1;
  while (
    at < lines.length &&
    (lines[at] ?? "").trim() !== "" &&
    !isHeading(lines[at] ?? "") &&
    !/^ {0,3}(?:`{3,}|~{3,}|>)/.test(lines[at] ?? "") &&
    (at === from || signatureLength(lines, at) === undefined)
  ) {
    at += 1;
  }
  return Math.max(at, from + 1);
}

function fenceEnd(lines: readonly string[], from: number, fence: string): number {
  for (let at = from + 1; at < lines.length; at += 1) {
    const line = (lines[at] ?? "").trim();
    if (line.length >= fence.length && line === fence.charAt(0).repeat(line.length)) return at;
  }
  return from;
}

function frontmatterEnd(lines: readonly string[]): number {
  if ((lines[0] ?? "").trimEnd() !== "---") return 0;
  const end = lines.findIndex((line, i) => i > 0 && line.trimEnd() === "---");
  return end < 0 ? 0 : end + 1;
}
