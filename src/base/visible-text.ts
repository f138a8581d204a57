// Text from logs, names and programs made safe to show. A terminal obeys control characters, git
// takes a page that has them for binary, and marks of direction show a text as another one.

/** Whatever is obeyed and not shown: controls, line separators, direction overrides and isolates. */
const OBEYED = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;
const HAS_OBEYED = new RegExp(OBEYED.source, "u");

/** For pages: such characters, but for newline and tab, become U+FFFD. */
export function visibleText(text: string): string {
  const whole = text.toWellFormed();
  if (!HAS_OBEYED.test(whole)) return whole;
  return whole.replaceAll(OBEYED, (char) => (char === "\n" || char === "\t" ? char : "\u{FFFD}"));
}

/** For one line of a terminal: such characters are written out, as `\x1b` or `\u202e`. */
export function printable(text: string): string {
  return HAS_OBEYED.test(text) ? text.replaceAll(OBEYED, writtenOut) : text;
}

/**
 * For any output of a terminal: like `printable`, but newlines and tabs stay, and the text stays
 * JSON if it was.
 */
export function printableText(text: string): string {
  if (!HAS_OBEYED.test(text)) return text;
  return text.replaceAll(OBEYED, (char, at: number) => {
    const isKept = char === "\n" || char === "\t" || (char === "\r" && text[at + 1] === "\n");
    return isKept ? char : writtenOut(char);
  });
}

/** JSON has no raw control below U+0020, and no `\x`: above, only the form that it knows. */
function writtenOut(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code < 0x20
    ? String.raw`\x${code.toString(16).padStart(2, "0")}`
    : String.raw`\u${code.toString(16).padStart(4, "0")}`;
}
