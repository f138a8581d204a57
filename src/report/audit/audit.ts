// Audits a page: each unit is either word for word what the logs say now, or an edit of that, or
// somebody's own words, whose numbers are then resolved one by one. Nothing here reads a file.
import type { AuditFinding } from "./audit-finding.ts";
import { freeFindings, type KnownFacts } from "./audit-free.ts";
import { absentFindings } from "./audit-deleted.ts";
import { comparedFindings } from "./audit-edits.ts";
import { matchUnits, type Told } from "./audit-match.ts";
import { markTrouble } from "./line-marks.ts";
import {
  isSourceEntry,
  pageSources,
  sourceName,
  sourceTrouble,
  type PageSource,
} from "./page-sources.ts";
import { folded, readPage, type PageReading, type PageUnit } from "./page-units.ts";
import { unitTokens } from "./unit-tokens.ts";

export interface AuditResult {
  /** In the order of the page. */
  readonly findings: readonly AuditFinding[];
  /** Numbers and citations that were looked at. */
  readonly claims: number;
  /** Things that the logs say and the page never did: it is not up to date. */
  readonly absent: number;
}

/** A line of a log by the path from the page and its number. */
export type LogLines = (path: string, line: number) => string | undefined;

/**
 * Audits `page` against `fresh`, the page that logs and journal give now. `known` holds what else
 * a person's own words may say.
 */
export function auditPage(
  page: string,
  fresh: string,
  known: KnownFacts,
  lineOf: LogLines,
): AuditResult {
  const truth = readPage(fresh);
  const headings = new Set(
    truth.units.filter((unit) => unit.kind === "heading").map((unit) => headingText(unit.text)),
  );
  const read = readPage(page, (heading) => headings.has(heading));
  const sources = pageSources(read.units);
  const told = tellAll(read, sources);
  const matched = matchUnits(told, tellAll(truth, pageSources(truth.units)));
  const absent = absentFindings(matched.absent, read, truth);
  const findings = [
    ...sourceFindings(sources, read.lineMarks, lineOf),
    ...matched.edited.flatMap(({ said, meant }) => comparedFindings(said, meant, read)),
    ...matched.free.flatMap((one) => freeFindings(one, sources, known)),
    ...absent.findings,
  ];
  return {
    findings: distinct(findings).toSorted((a, b) => a.line - b.line),
    claims: told.reduce((sum, one) => sum + one.claims, 0),
    absent: absent.behind,
  };
}

function headingText(text: string): string {
  return folded(text.replace(/^#+\s+/, ""));
}

function tellAll(read: PageReading, sources: ReadonlyMap<string, PageSource>): readonly Told[] {
  return read.units.flatMap((unit) => (unit.kind === "rule" ? [] : [tell(unit, sources)]));
}

/** A unit's tokens as texts to compare; citations become what they lead to. */
function tell(unit: PageUnit, sources: ReadonlyMap<string, PageSource>): Told {
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
    if (trouble === undefined) return [];
    const said = `[${source.number}] ${source.key} = ${source.token}`;
    return [{ kind: "changed-source" as const, line: source.at, said, message: trouble }];
  });
}

function distinct(findings: readonly AuditFinding[]): readonly AuditFinding[] {
  const seen = new Set<string>();
  return findings.filter((one) => {
    const key = JSON.stringify(one);
    return !seen.has(key) && seen.add(key).size > 0;
  });
}
