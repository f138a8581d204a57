// Tagged lines in the person's text: `14:45 [TODO] check the clipping value`.
// read-block.ts decides which paragraphs are searched; assemble.ts adds the date above an entry.
import type { Entry, EntryTag } from "../../domain/journal.ts";
import { defined } from "../../base/defined.ts";

/** An entry before the date above it is known, with a date of its own if it has one. */
export interface FoundEntry extends Omit<Entry, "date"> {
  readonly ownDate?: string;
}

export interface ParagraphLine {
  readonly text: string;
  /** 1-based. */
  readonly line: number;
}

const ENTRY =
  /^(?:(\d{4}-\d{2}-\d{2})(?:[ \tT]|(?=\[)))?[ \t]{0,9}(?:(\d{1,2}:\d{2}(?::\d{2})?)(?:[ \t]|(?=\[)))?[ \t]{0,9}((?:\[(?:WEIRD|HUNCH|TODO|RESOLVED)\](?:[ \t]{1,9}|$)){1,9})/;

/** The entries of a paragraph; a line that begins none continues the entry above it. */
export function entriesOf(lines: readonly ParagraphLine[]): readonly FoundEntry[] {
  const found: { head: Omit<FoundEntry, "text">; texts: string[] }[] = [];
  for (const { text, line } of lines) {
    const head = readHead(text, line);
    if (head !== undefined) found.push(head);
    else found.at(-1)?.texts.push(text.trim());
  }
  return found.map(({ head, texts }) => ({ ...head, text: texts.join(" ").trim() }));
}

function readHead(
  text: string,
  line: number,
): { head: Omit<FoundEntry, "text">; texts: string[] } | undefined {
  const match = ENTRY.exec(text);
  const written = match?.[3];
  if (match === null || written === undefined) return undefined;
  const [date, clock] = [match[1], match[2]];
  const time = [date, clock].filter((part) => part !== undefined).join(" ");
  const tags = [...written.matchAll(/[A-Z]+/g)].map(([tag]) => tag as EntryTag);
  const head = {
    tags,
    line,
    ...(time === "" ? {} : { time }),
    ...defined({ ownDate: date }),
  };
  return { head, texts: [text.slice(match[0].length).trim()] };
}

/** The first date in a text, `2025-02-02`. */
export function dateIn(text: string): string | undefined {
  return /(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)/.exec(text)?.[0];
}
