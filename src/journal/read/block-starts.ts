// How Markdown lines begin: fences, headings, HTML, list markers, by the rules of CommonMark 0.31.
// Only what tells blocks from each other; what is inside a line is never looked at.

export interface Fence {
  readonly char: string;
  readonly length: number;
  /** Columns before it: as many are taken from the lines inside. */
  readonly indent: number;
}

/**
 * An opening fence at the start of `rest`: three marks or more; no backtick in a backtick fence's
 * info.
 */
export function openingFence(rest: string, indent: number): Fence | undefined {
  const char = rest[0];
  if (char !== "`" && char !== "~") return undefined;
  const length = runLength(rest, char);
  if (length < 3 || (char === "`" && rest.includes("`", length))) return undefined;
  return { char, length, indent };
}

export function closesFence(rest: string, fence: Fence): boolean {
  const length = runLength(rest, fence.char);
  return length >= fence.length && rest.slice(length).trim() === "";
}

function runLength(rest: string, char: string): number {
  let length = 0;
  while (rest[length] === char) length += 1;
  return length;
}

export const isAtxHeading = (rest: string): boolean => /^#{1,6}(?:[ \t]|$)/.test(rest);

export const isSetextUnderline = (rest: string): boolean => /^(?:=+|-+)[ \t]*$/.test(rest);

export function isThematicBreak(rest: string): boolean {
  const char = rest[0];
  if (char !== "-" && char !== "*" && char !== "_") return false;
  let count = 0;
  for (const one of rest) {
    if (one === char) count += 1;
    else if (one !== " " && one !== "\t") return false;
  }
  return count >= 3;
}

export interface ListMarker {
  readonly length: number;
  /** Number of an ordered list item. */
  readonly number?: number;
}

export function listMarker(rest: string): ListMarker | undefined {
  const match = /^(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)/.exec(rest);
  if (match === null) return undefined;
  const digits = match[1];
  return { length: match[0].length, ...(digits === undefined ? {} : { number: Number(digits) }) };
}

/** Length of a GFM footnote's `[^label]:` at the start of `rest`; what follows is inside it. */
export function footnoteMark(rest: string): number | undefined {
  if (!rest.startsWith("[^")) return undefined;
  return /^\[\^(?:\\[[\]\\]|[^[\]\s\\]|\\(?![[\]\\])){1,999}\]:/.exec(rest)?.[0].length;
}

/** What opens and closes a comment in Obsidian, which shows nothing between the two. */
const COMMENT_MARK = "%%";

/** Whether a comment begins here that does not end on the same line. */
export const opensComment = (rest: string): boolean =>
  rest.startsWith(COMMENT_MARK) && !rest.includes(COMMENT_MARK, COMMENT_MARK.length);

export const closesComment = (rest: string): boolean => rest.includes(COMMENT_MARK);

/** What ends an HTML block: a marker on a line, or a blank line. */
export type HtmlEnd = RegExp | "blank";

const BLOCK_TAGS =
  "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|" +
  "dialog|dir|div|dl|dt|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|" +
  "hr|html|iframe|legend|li|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|" +
  "search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul";
const ATTRIBUTE = "\\s+[A-Za-z_:][\\w:.-]*(?:\\s*=\\s*(?:[^\\s\"'=<>`]+|'[^']*'|\"[^\"]*\"))?";

const HTML_STARTS: readonly (readonly [RegExp, HtmlEnd])[] = [
  [/^<(?:script|pre|style|textarea)(?:\s|>|$)/i, /<\/(?:script|pre|style|textarea)>/i],
  [/^<!--/, /-->/],
  [/^<\?/, /\?>/],
  [/^<![A-Za-z]/, />/],
  [/^<!\[CDATA\[/, /\]\]>/],
  [new RegExp(`^</?(?:${BLOCK_TAGS})(?:\\s|/?>|$)`, "i"), "blank"],
];
const ANY_TAG = new RegExp(
  `^(?:<[A-Za-z][A-Za-z0-9-]*(?:${ATTRIBUTE})*\\s*/?>|</[A-Za-z][A-Za-z0-9-]*\\s*>)[ \\t]*$`,
);

/**
 * What ends the HTML block that begins here; a line with just some tag cannot interrupt a
 * paragraph.
 */
export function htmlStart(rest: string, inParagraph: boolean): HtmlEnd | undefined {
  if (rest[0] !== "<") return undefined;
  const found = HTML_STARTS.find(([start]) => start.test(rest));
  if (found !== undefined) return found[1];
  return !inParagraph && ANY_TAG.test(rest) ? "blank" : undefined;
}
