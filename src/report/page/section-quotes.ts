// Sorts the person's own headings into the sections of the report, and quotes them there.
// What counts as a heading, and the text below it, is journal/'s reading.
import type { Section } from "../../domain/journal.ts";
import { citeJournal, type ReportContext } from "../../judge/report-context.ts";
import { plain, quotation } from "../../base/markdown.ts";
import type { PageBlock } from "../../base/page-signature.ts";

/** Characters of one section of the journal that REPORT.md quotes; the rest is linked. */
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

/** The person's sections that belong into one section of the report, each quoted with its line. */
export function quotedSections(facts: ReportContext, where: Quoted): readonly PageBlock[] {
  const fitting = facts.input.journal.sections.filter(
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

/** Whether the person wrote anything that belongs into one section of the report. */
export function hasSection(facts: ReportContext, where: Quoted): boolean {
  return facts.input.journal.sections.some(
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
