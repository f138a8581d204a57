// Any text as Markdown that shows exactly that text, on one line and inside one paragraph.
// What is written into receipts is decided in receipt.ts; nothing here knows of runs.

const TERMINAL_CODES = /(?!\s)\p{Cc}\[[0-9;?]*[ -/]*[@-~]/gu;
const DIRECTION_MARKS = /[\u{061C}\u{200E}\u{200F}\u{202A}-\u{202E}\u{2066}-\u{2069}]/gu;

/**
 * One line for a person: terminal colours dropped, white space folded, characters that cannot be
 * seen or that turn the writing round replaced by U+FFFD, and cut to `maxChars` UTF-16 units.
 */
export function plainLine(text: string, maxChars = Number.POSITIVE_INFINITY): string {
  const line = text
    .toWellFormed()
    .replaceAll(TERMINAL_CODES, "")
    .replaceAll(/[\s\u{85}]+/gu, " ")
    .replaceAll(/\p{Cc}/gu, "\u{FFFD}")
    .replaceAll(DIRECTION_MARKS, "\u{FFFD}")
    .trim();
  if (line.length <= maxChars) return line;
  return `${line.slice(0, maxChars - 1).replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** Markdown of a text that may hold anything: no markup, no HTML, no link comes of it. */
export function markdownText(text: string): string {
  return escapeStart(escapeInline(plainLine(text)));
}

/** Like `markdownText`, but what stands between backticks stays code: for the daemon's own words. */
export function proseText(text: string): string {
  const parts = plainLine(text).split("`");
  const prose = parts.map((part, i) => {
    const closed = i % 2 === 1 && i < parts.length - 1;
    if (closed && part.trim() !== "") return codeSpan(part);
    // An odd part is the inside of a code span that was never closed or holds nothing.
    if (i % 2 === 1) return closed ? `\\\`${escapeInline(part)}\\\`` : `\\\`${escapeInline(part)}`;
    return escapeInline(part);
  });
  return escapeStart(prose.join(""));
}

/** A code span around any text, with as many backticks as that takes; "" for blank text. */
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

/** The target of a link to a relative path with any characters in its names. */
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

/** `[label](target)` with a label and a path of any characters. */
export function markdownLink(label: string, path: string): string {
  return `[${markdownText(label)}](${linkTarget(path)})`;
}

const WORD = /[A-Za-z0-9]/;

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

/** What would begin a heading, a list, a quote or a rule at the start of a line. */
function escapeStart(line: string): string {
  if (/^[#+\->]/.test(line)) return `\\${line}`;
  return line.replace(/^(\d{1,9})([.)])(?=\s|$)/, String.raw`$1\$2`);
}
