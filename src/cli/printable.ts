// Makes text from logs safe to print: a log can hold anything, and a terminal would obey its escape
// sequences.

/** The text with each control character written out, such as `\x1b`. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
