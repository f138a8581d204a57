// Audits a page. Each unit of it is word for word what the logs give now, or an edit of that, or a
// person's own words, whose numbers are checked one by one. Reading files is effects/pages/.
import type { AuditFinding, AuditResult } from "./audit-finding.ts";
import { freeFindings } from "./audit-free.ts";
import { absentFindings, comparedFindings } from "./audit-edits.ts";
import type { KnownFacts } from "./audit-known.ts";
import { matchUnits, type ComparedUnit } from "./audit-match.ts";
import { markTrouble } from "./line-marks.ts";
import {
  isSourceEntry,
  pageSources,
  sourceFinding,
  sourceName,
  sourceTrouble,
  type PageSource,
} from "./page-sources.ts";
import { folded, readPage, type PageReading, type PageUnit } from "./page-units.ts";
import { unitTokens } from "./unit-tokens.ts";

/**
 * The text of a log's line, by the log's path from the page and the line's number from 1; undefined
 * where there is no such line.
 */
export type LogLines = (path: string, line: number) => string | undefined;

/**
 * Audits `page` against `fresh`, the page that logs and journal give now. `known` holds what a
 * person's own sentences may state.
 */
export function auditPage(
  page: string,
  fresh: string,
  known: KnownFacts,
  lineOf: LogLines,
): AuditResult {
  const freshPage = readPage(fresh);
  const headings = new Set(
    freshPage.units.filter((unit) => unit.kind === "heading").map((unit) => headingText(unit.text)),
  );
  const read = readPage(page, (heading) => headings.has(heading));
  const sources = pageSources(read.units);
  const written = comparedUnits(read, sources);
  const expected = comparedUnits(freshPage, pageSources(freshPage.units));
  const matched = matchUnits(written, expected);
  const absent = absentFindings(matched.absent, read, freshPage);
  const findings = [
    ...sourceFindings(sources, read.lineMarks, lineOf),
    ...matched.edited.flatMap((pair) => comparedFindings(pair.written, pair.expected, read)),
    ...matched.free.flatMap((one) => freeFindings(one, sources, known)),
    ...absent.findings,
  ];
  return {
    findings: distinct(findings).toSorted((a, b) => a.line - b.line),
    claims: written.reduce((sum, one) => sum + one.claims, 0),
    absent: absent.behind,
  };
}

function headingText(text: string): string {
  return folded(text.replace(/^#+\s+/, ""));
}

function comparedUnits(
  read: PageReading,
  sources: ReadonlyMap<string, PageSource>,
): readonly ComparedUnit[] {
  return read.units.flatMap((unit) => (unit.kind === "rule" ? [] : [comparedUnit(unit, sources)]));
}

function comparedUnit(unit: PageUnit, sources: ReadonlyMap<string, PageSource>): ComparedUnit {
  const isSource = isSourceEntry(unit);
  const tokens = unitTokens(isSource ? unit.text.replace(/^\[\d+\] /, "") : unit.text);
  const words = tokens.map((token) => {
    if (token.kind !== "citation") return folded(token.text);
    const source = sources.get(token.text.slice(1, -1));
    return source === undefined ? token.text : `[${sourceName(source)}]`;
  });
  const claims = tokens.filter((one) => one.kind === "number" || one.kind === "citation").length;
  return { unit, tokens, words, claims, key: words.join(" "), context: unit.under.join(" / ") };
}

function sourceFindings(
  sources: ReadonlyMap<string, PageSource>,
  marks: readonly string[],
  lineOf: LogLines,
): readonly AuditFinding[] {
  return [...sources.values()].flatMap((source) => {
    const line = lineOf(source.path, source.line);
    const trouble = sourceTrouble(source, line) ?? markTrouble(source, marks, line);
    return trouble === undefined ? [] : [sourceFinding(source, trouble)];
  });
}

function distinct(findings: readonly AuditFinding[]): readonly AuditFinding[] {
  const seen = new Set<string>();
  return findings.filter((one) => {
    const key = JSON.stringify(one);
    return !seen.has(key) && seen.add(key).size > 0;
  });
}
