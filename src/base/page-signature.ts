// The signature at the end of a page: it proves which blocks nightlab wrote, from the page alone,
// so it works in any clone. report/page/preserve-user-edits.ts keeps the other blocks.
import { createHash } from "node:crypto";

/** A block of a page: lines without a blank line between them, and the role they have. */
export interface PageBlock {
  /**
   * Its role, the same in every version: `methods.runs`. The user's own blocks are anchored to it.
   */
  readonly key: string;
  readonly text: string;
}

/** A signed block: short hashes of its role and its text. */
export interface Mark {
  readonly key: string;
  readonly text: string;
}

/** Characters of a role's hash: 24 bits tell the roles of one page apart. */
const KEY_CHARS = 4;
/**
 * Characters of a text's hash: with 54 bits no user's paragraph is taken for nightlab's by chance.
 */
const TEXT_CHARS = 9;
const LINE_CHARS = 96;
const OPENS = '[nightlab]: # "';
const SAYS = "The marks name what nightlab wrote here; what you add stays.";

/** The mark of a block; its layout (white space, widths of table columns) does not matter. */
export function markOf(block: PageBlock): Mark {
  return { key: shortHash(block.key, KEY_CHARS), text: textMark(block.text) };
}

/** The mark of a text; the same for texts that differ only in layout. */
export function textMark(text: string): string {
  const folded = text.replaceAll(/\s+/g, " ").replaceAll(/-{3,}/g, "---").trim();
  return shortHash(folded, TEXT_CHARS);
}

/** The signature of blocks in page order: a link definition, which Markdown does not render. */
export function signatureText(blocks: readonly PageBlock[]): string {
  const marks = blocks.map(markOf).map((mark) => `${mark.key}${mark.text}`);
  const perLine = Math.floor((LINE_CHARS + 1) / (KEY_CHARS + TEXT_CHARS + 1));
  const lines = [`${OPENS}${SAYS}`];
  for (let i = 0; i < marks.length; i += perLine) lines.push(marks.slice(i, i + perLine).join(" "));
  return `${lines.join("\n")}"`;
}

/** Number of lines of the signature that starts at index `at`; undefined if none starts there. */
export function signatureLength(lines: readonly string[], at: number): number | undefined {
  if (!(lines[at] ?? "").startsWith(OPENS)) return undefined;
  for (let i = at; i < lines.length && (lines[i] ?? "").trim() !== ""; i += 1) {
    const line = i === at ? (lines[i] ?? "").slice(OPENS.length) : (lines[i] ?? "");
    if (line.trimEnd().endsWith('"')) return i - at + 1;
  }
  return undefined;
}

/** The marks in a signature's text, in page order. */
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
