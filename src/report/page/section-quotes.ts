// Assigns the person's own sections of the journal to the sections of the report, and quotes them.
// What counts as a heading, and the text below it, is journal/read/.
import type { Section } from "../../domain/journal.ts";
import { citeJournal, type ReportContext } from "./report-context.ts";
import { plain, quotation } from "../../base/markdown.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** REPORT.md quotes at most this many characters of a section; the rest is linked. */
const REPORT_QUOTE_CHARS = 8_000;

export type Quoted = "introduction" | "methods" | "results" | "discussion" | "conclusion";

const HEADINGS: Readonly<Record<Quoted, RegExp>> = {
  introduction:
    /^(?:introduction|background|motivation|idea|question|aim|goal|related work|context)s?$/,
  methods:
    /^(?:methods?|data|datasets?|model|models|set-?up|protocol|procedure|materials|metrics)$/,
  results: /^(?:results?|observations?)$/,
  discussion: /^(?:discussion|limits|limitations?|threats to validity|notes)$/,
  conclusion: /^(?:conclusions?|summary|next steps?)$/,
};

/** The person's sections that belong to one section of the report, each quoted with its line. */
export function quotedSections(context: ReportContext, where: Quoted): readonly PageBlock[] {
  const fitting = context.input.journal.sections.filter(
    (section) => section.text.trim() !== "" && HEADINGS[where].test(nameOf(section)),
  );
  return fitting.flatMap((section, index) => [
    {
      key: `${where}.said.${index}`,
      text: `From the journal, under “${plain(section.title)}” (${citeJournal(section.line)}):`,
    },
    { key: `${where}.quoted.${index}`, text: quoted(section) },
  ]);
}

/** Whether the person wrote anything that belongs to one section of the report. */
export function hasSection(context: ReportContext, where: Quoted): boolean {
  return context.input.journal.sections.some(
    (section) => section.text.trim() !== "" && HEADINGS[where].test(nameOf(section)),
  );
}

function nameOf(section: Section): string {
  return section.title
    .toLowerCase()
    .replace(/^[\d.\s]+/, "")
    .trim();
}

function quoted(section: Section): string {
  const text = section.text.trim();
  if (text.length <= REPORT_QUOTE_CHARS) return quotation(text);
  const cut = text.slice(0, REPORT_QUOTE_CHARS).toWellFormed();
  return `${quotation(cut)}\n>\n> … (the rest stands at ${citeJournal(section.line)})`;
}
