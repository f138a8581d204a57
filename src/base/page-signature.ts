// The seal at the end of a page: which of its blocks nightlab wrote, provable from the page
// alone, in any clone. What becomes of the other blocks is preserve-user-edits.ts.
import { createHash } from "node:crypto";

/** One block of a page: lines without a blank one between, and what it is called. */
export interface PageBlock {
  /** Its role, the same in every renewal: `methods.runs`. Parts of a person's hold on to it. */
  readonly key: string;
  readonly text: string;
}

/** One sealed block: short hashes of its role and of its text. */
export interface Mark {
  readonly key: string;
  readonly text: string;
}

const KEY_CHARS = 4;
/** 54 bits: no paragraph of a person's will ever be taken for one of nightlab's. */
const TEXT_CHARS = 9;
const LINE_CHARS = 96;
const OPENS = '[nightlab]: # "';
const SAYS = "The marks name what nightlab wrote here; what you add stays.";

/** The mark of a block; layout (spaces, widths of a table) does not count. */
export function markOf(block: PageBlock): Mark {
  return { key: shortHash(block.key, KEY_CHARS), text: textMark(block.text) };
}

/** The mark of a text, equal for texts that differ in white space only. */
export function textMark(text: string): string {
  const folded = text.replaceAll(/\s+/g, " ").replaceAll(/-{3,}/g, "---").trim();
  return shortHash(folded, TEXT_CHARS);
}

/** The seal over blocks in page order: a link definition, which Markdown does not show. */
export function signatureText(blocks: readonly PageBlock[]): string {
  const marks = blocks.map(markOf).map((mark) => `${mark.key}${mark.text}`);
  const perLine = Math.floor((LINE_CHARS + 1) / (KEY_CHARS + TEXT_CHARS + 1));
  const lines = [`${OPENS}${SAYS}`];
  for (let i = 0; i < marks.length; i += perLine) lines.push(marks.slice(i, i + perLine).join(" "));
  return `${lines.join("\n")}"`;
}

/** The number of lines that a seal takes, counted from `at`; undefined where none starts. */
export function signatureLength(lines: readonly string[], at: number): number | undefined {
  if (!(lines[at] ?? "").startsWith(OPENS)) return undefined;
  for (let i = at; i < lines.length && (lines[i] ?? "").trim() !== ""; i += 1) {
    const line = i === at ? (lines[i] ?? "").slice(OPENS.length) : (lines[i] ?? "");
    if (line.trimEnd().endsWith('"')) return i - at + 1;
  }
  return undefined;
}

/** The marks of a seal's text, in page order. */
export function readSignature(text: string): readonly Mark[] {
  const word = new RegExp(`(?<![\\w-])[\\w-]{${KEY_CHARS + TEXT_CHARS}}(?![\\w-])`, "g");
  const body = text.slice(OPENS.length).replace(SAYS, "");
  return [...body.matchAll(word)].map(([mark]) => {
    return { key: mark.slice(0, KEY_CHARS), text: mark.slice(KEY_CHARS) };
  });
}

function shortHash(text: string, chars: number): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, chars);
}
