// What was read from logs and found in them, as text for a terminal of 100 columns. Numbers are the
// log's own tokens, never rounded.
import { printable } from "../base/visible-text.ts";
import { counted } from "../base/markdown.ts";
import type { Finding } from "../domain/finding.ts";
import type { Plan } from "../domain/journal.ts";
import type { MetricSummary, RunReading, Sample, Series } from "../domain/sample.ts";
import { betterWay, splitOf } from "../logs/metric-role.ts";
import { columns } from "./columns.ts";
import { sparkline } from "../logs/series/sparkline.ts";

const COLUMNS = 100;
/** Tracebacks and death markers shown: the last ones, which say most about the end. */
const SHOWN = 5;

/** The whole output of `nightlab inspect`, with its final newline. */
export function inspectText(
  path: string,
  reading: RunReading,
  findings: readonly Finding[],
  plan: Plan,
): string {
  const several = reading.files.length > 1;
  const place = (one: { readonly file: string; readonly line: number }): string =>
    several ? `${one.file.replace(/^logs\//, "")}:${one.line}` : String(one.line);
  const parts = [
    heading(path, reading),
    seriesTable(reading, place),
    curves(reading, plan),
    section("Findings", findings.map(findingLine)),
    section(
      "Tracebacks",
      reading.tracebacks
        .slice(-SHOWN)
        .map((one) => `${one.file}:${one.lastLineNumber}: ${one.lastLine}`),
    ),
    section(
      "Telling lines",
      reading.deathMarkers.slice(-SHOWN).map((one) => `${one.file}:${one.line}: ${one.text}`),
    ),
    notUnderstood(reading),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function heading(path: string, { files, series }: RunReading): string {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const logs = counted(files.length, "log");
  return printable(`${path}: ${logs}, ${lines} lines, ${counted(series.length, "metric")}`);
}

function seriesTable({ series }: RunReading, place: (sample: Sample) => string): string {
  if (series.length === 0) {
    return 'No metrics were read. A metric line looks like this:\n  2025-02-02 14:30:00 | INFO | metric {"step": 100, "loss": 0.512}';
  }
  const hasNotFinite = series.some((each) => each.summary.notFiniteCount > 0);
  const summaries = series.map((each) => each.summary);
  const wide = columns([
    [
      "metric",
      "count",
      ...WHICH.map((which) => `${which} (line)`),
      ...(hasNotFinite ? ["not finite"] : []),
    ],
    ...summaries.map((each) => wideRow(each, place)),
  ]);
  if (wide.every((line) => line.length <= COLUMNS)) return wide.join("\n");
  return columns([
    ["metric", "count", "", "value", "step", "line"],
    ...summaries.flatMap((each) => tallRows(each, place)),
  ]).join("\n");
}

/** Width of a sparkline, in columns. */
const SPARK = 32;

/** Each series as a sparkline, with its x axis, its split, and which direction is better. */
function curves({ series }: RunReading, plan: Plan): string {
  const drawn = series.filter(({ values }) => values.length > 1);
  if (drawn.length === 0) return "";
  const rows = drawn.map((one) => {
    const { key } = one.summary;
    const split = splitOf(key);
    const better = betterWay(plan, key);
    return [
      shorten(printable(key)),
      sparkline(one, SPARK),
      axisText(one),
      split === "none" ? "" : split,
      better === undefined ? "" : `${better === "min" ? "lower" : "higher"} is better`,
    ];
  });
  return columns([["metric", "shape", "x", "split", "direction"], ...rows]).join("\n");
}

function axisText({ steps, stepKey, attemptFrom }: Series): string {
  const range = `${steps[0] ?? 0} to ${steps.at(-1) ?? 0}`;
  const attempts = attemptFrom === undefined ? "" : ", several attempts";
  return stepKey === "sample" ? "counted" : `${stepKey} ${range}${attempts}`;
}

const KEY_CHARS = 26;
const shorten = (key: string): string =>
  key.length <= KEY_CHARS ? key : `${key.slice(0, 8)}…${key.slice(9 - KEY_CHARS)}`;

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

function notUnderstood({ unread: { count, first, samples } }: RunReading): string {
  if (first === undefined) return "";
  const lines = count === 1 ? "1 metric line was" : `${count} metric lines were`;
  const shown = samples ?? [first];
  const which = shown.length === 1 ? "the first" : `the first ${shown.length}`;
  return section(
    `${lines} not understood; ${which}`,
    shown.map((one) => `${one.file}:${one.line}: ${one.text}`),
  );
}

function section(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  return [`${title}:`, ...lines.map((line) => `  ${printable(line)}`)].join("\n");
}
