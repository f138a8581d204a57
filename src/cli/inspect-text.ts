// What was read from logs and found in them, as text for a terminal of 100 columns.
// Numbers are the log's own tokens; nothing is rounded here.
import type { Finding } from "../model/finding.ts";
import { columns } from "./columns.ts";
import type { MetricSummary, RunReading, Sample } from "../model/sample.ts";

const COLUMNS = 100;
/** Tracebacks and telling lines shown; the newest say most. */
const SHOWN = 5;

/** The whole text, last line end included. */
export function inspectText(
  path: string,
  reading: RunReading,
  findings: readonly Finding[],
): string {
  const several = reading.files.length > 1;
  const place = (one: { readonly file: string; readonly line: number }): string =>
    several ? `${one.file.replace(/^logs\//, "")}:${one.line}` : String(one.line);
  const parts = [
    heading(path, reading),
    seriesTable(reading, place),
    section("Findings", findings.map(findingLine)),
    section(
      "Tracebacks",
      reading.tracebacks
        .slice(-SHOWN)
        .map((one) => `${one.file}:${one.lastLineNumber}: ${one.lastLine}`),
    ),
    section(
      "Telling lines",
      reading.telling.slice(-SHOWN).map((one) => `${one.file}:${one.line}: ${one.text}`),
    ),
    notUnderstood(reading),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function heading(path: string, { files, series }: RunReading): string {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const logs = files.length === 1 ? "1 log" : `${files.length} logs`;
  const metrics = series.length === 1 ? "1 metric" : `${series.length} metrics`;
  return printable(`${path}: ${logs}, ${lines} lines, ${metrics}`);
}

function seriesTable({ series }: RunReading, place: (sample: Sample) => string): string {
  if (series.length === 0) {
    return 'No metrics were read. A metric line looks like this:\n  2025-02-02 14:30:00 | INFO | metric {"step": 100, "loss": 0.512}';
  }
  const anyNotFinite = series.some((each) => each.summary.notFiniteCount > 0);
  const summaries = series.map((each) => each.summary);
  const wide = columns([
    [
      "metric",
      "count",
      ...WHICH.map((which) => `${which} (line)`),
      ...(anyNotFinite ? ["not finite"] : []),
    ],
    ...summaries.map((each) => wideRow(each, place)),
  ]);
  if (wide.every((line) => line.length <= COLUMNS)) return wide.join("\n");
  return columns([
    ["metric", "count", "", "value", "step", "line"],
    ...summaries.flatMap((each) => tallRows(each, place)),
  ]).join("\n");
}

const WHICH = ["first", "last", "min", "max"] as const;

function wideRow(summary: MetricSummary, place: (sample: Sample) => string): string[] {
  const cell = (sample: Sample | undefined): string =>
    sample === undefined ? "-" : `${sample.token} (${place(sample)})`;
  const { notFinite, notFiniteCount } = summary;
  return [
    printable(summary.key),
    String(summary.count),
    ...WHICH.map((which) => cell(summary[which])),
    notFinite === undefined ? "" : `${notFiniteCount}, first ${cell(notFinite)}`,
  ];
}

function tallRows(summary: MetricSummary, place: (sample: Sample) => string): string[][] {
  const rows: string[][] = [];
  for (const which of [...WHICH, "notFinite"] as const) {
    const sample = summary[which];
    if (sample === undefined) continue;
    const first = rows.length === 0;
    rows.push([
      first ? printable(summary.key) : "",
      first ? String(summary.count) : "",
      which === "notFinite" ? `not finite, ${summary.notFiniteCount} times, first` : which,
      sample.token,
      sample.step === undefined ? "" : String(sample.step),
      place(sample),
    ]);
  }
  return rows;
}

function findingLine(finding: Finding): string {
  const { evidence, tier, message, rule } = finding;
  const place = evidence === undefined ? "" : `${evidence.file}:${evidence.line}; `;
  return `${tier === "note" ? "note:" : "[WEIRD]"} ${message} (${place}${rule})`;
}

function notUnderstood({ unread: { count, first } }: RunReading): string {
  if (first === undefined) return "";
  const lines = count === 1 ? "1 metric line was" : `${count} metric lines were`;
  return section(`${lines} not understood; the first`, [
    `${first.file}:${first.line}: ${first.text}`,
  ]);
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return [`${title}:`, ...lines.map((line) => `  ${printable(line)}`)].join("\n");
}

/** A log can hold anything; a terminal is to show it, not to obey it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    return `\\x${code.toString(16).padStart(2, "0")}`;
  });
}
