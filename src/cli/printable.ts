// Text of logs as a terminal is to show it: a log can hold anything, and a terminal would obey it.
// Colours of one's own are put around it afterwards.

/** Control characters as `\x1b`. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
