// Escapes any text as Markdown that renders as exactly that text, on one line inside one paragraph.
// For receipts and pages, where the text can come from logs. What looks like a secret is masked.
import { masked } from "./secrets.ts";
import { visibleText } from "./visible-text.ts";

/** ANSI escape sequences: a control character, `[`, parameters, a final letter. */
const TERMINAL_CODES = /(?!\s)\p{Cc}\[[0-9;?]*[ -/]*[@-~]/gu;
/** Invisible marks that lead to another direction of the text around them. */
const DIRECTION_MARKS = /[\u{061C}\u{200E}\u{200F}]/gu;

/**
 * The text as one clean line: terminal colours removed, white space folded, control characters and
 * direction marks replaced by U+FFFD, secrets masked, and cut to `maxChars` UTF-16 units with `…` at
 * its end.
 */
export function plainLine(text: string, maxChars = Number.POSITIVE_INFINITY): string {
  const folded = masked(text)
    .replaceAll(TERMINAL_CODES, "")
    .replaceAll(/[\s\u{85}]+/gu, " ");
  const line = visibleText(folded).replaceAll(DIRECTION_MARKS, "\u{FFFD}").trim();
  if (line.length <= maxChars) return line;
  return `${line.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Markdown that renders as the text itself: nothing in it becomes markup, HTML or a link. */
export function markdownText(text: string): string {
  return escapeStart(escapeInline(plainLine(text)));
}

/** Like `markdownText`, but text between backticks stays code: for the daemon's own messages. */
export function proseText(text: string): string {
  const parts = plainLine(text).split("`");
  const prose = parts.map((part, i) => {
    const closed = i % 2 === 1 && i < parts.length - 1;
    if (closed && part.trim() !== "") return codeSpan(part);
    // A span that is blank or was never closed is no code: escape its backticks.
    if (i % 2 === 1) return closed ? `\\\`${escapeInline(part)}\\\`` : `\\\`${escapeInline(part)}`;
    return escapeInline(part);
  });
  return escapeStart(prose.join(""));
}

/** A code span around any text, with as many backticks as needed; "" for blank text. */
export function codeSpan(text: string): string {
  const code = plainLine(text);
  if (code === "") return "";
  const runs = new Set([...code.matchAll(/`+/g)].map(([run]) => run.length));
  let length = 1;
  while (runs.has(length)) length += 1;
  const fence = "`".repeat(length);
  const gap = code.startsWith("`") || code.endsWith("`") ? " " : "";
  return `${fence}${gap}${code}${gap}${fence}`;
}

/** A relative path of any characters as a link target, percent-encoded. */
export function linkTarget(path: string): string {
  return path
    .split("/")
    .map((name) =>
      encodeURIComponent(name.toWellFormed()).replaceAll(
        /[!'()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join("/");
}

/** `[label](target)` for a label and a relative path of any characters. */
export function markdownLink(label: string, path: string): string {
  return `[${markdownText(label)}](${linkTarget(path)})`;
}

const WORD = /[A-Za-z0-9]/;

/**
 * Escapes what is markup inside a line. As little as possible, so that receipts stay readable as
 * plain text: `_` inside a word, and `<` or `&` that start nothing, stay.
 */
function escapeInline(line: string): string {
  return line
    .replaceAll(/[\\`*[\]~$]/g, String.raw`\$&`)
    .replaceAll(/_+/g, (run: string, at: number, whole: string) =>
      WORD.test(whole.charAt(at - 1)) && WORD.test(whole.charAt(at + run.length))
        ? run
        : run.replaceAll("_", String.raw`\_`),
    )
    .replaceAll(/<(?=[^\s=]|$)/g, String.raw`\<`)
    .replaceAll(/&(?=[A-Za-z0-9#]|$)/g, String.raw`\&`)
    .replaceAll(/:(?=\/\/)/g, String.raw`\:`)
    .replaceAll("@", String.raw`\@`)
    .replaceAll(/(?<=www)\./gi, String.raw`\.`);
}

/** Escapes a start of line that would begin a heading, list, quote or rule. */
function escapeStart(line: string): string {
  if (/^[#+\->]/.test(line)) return `\\${line}`;
  return line.replace(/^(\d{1,9})([.)])(?=\s|$)/, String.raw`$1\$2`);
}
