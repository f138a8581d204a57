// Cuts the final receipt of one command out of a journal's text, for `nightlab demo` to print. No
// parser: journal/read/ parses commands and receipts.

const FINAL = /^> \*\*(done|failed|stopped|lost|cancelled|skipped)\*\* `([a-z0-9.-]+)`/;

/** The receipt's lines as written in the journal; undefined while there is no final receipt. */
export function finalReceipt(journal: string, id: string): string | undefined {
  const lines = journal.split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => FINAL.exec(line)?.[2] === id);
  if (start === -1) return undefined;
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(">"));
  return lines.slice(start, end === -1 ? undefined : end).join("\n");
}
