// The finished receipt of one command, cut out of a journal's text for showing it.
// A glance for a person, not a reading: commands and receipts are read in journal/.

const FINAL = /^> \*\*(done|failed|stopped|lost|cancelled|skipped)\*\* `([a-z0-9.-]+)`/;

/** The receipt's lines as they stand in the journal; undefined while it is not final. */
export function finalReceipt(journal: string, id: string): string | undefined {
  const lines = journal.split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => FINAL.exec(line)?.[2] === id);
  if (start === -1) return undefined;
  const end = lines.findIndex((line, i) => i > start && !line.startsWith(">"));
  return lines.slice(start, end === -1 ? undefined : end).join("\n");
}
