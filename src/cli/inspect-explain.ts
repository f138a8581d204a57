// `nightlab inspect FILE --explain [LINE]`: how one line was parsed and why, or which kinds of
// lines the file has and how each is parsed. The parsing itself is in logs/.
import { printable } from "../base/visible-text.ts";
import type { MetricLine } from "../logs/lines/metric-line.ts";
import { columns } from "./columns.ts";

/**
 * How one line was parsed. `text` is without its time stamp, as Latin-1: one character per byte.
 */
export interface ParsedLine {
  readonly line: number;
  readonly text: string;
  readonly read: MetricLine;
}

/** Kinds of lines shown, and results shown for one line. */
const SHOWN_KINDS = 20;
/** Kinds without metrics that are counted: a log of prose has no end of them. */
const OTHER_KINDS = 200;
const SHOWN_CHARS = 96;

/**
 * Collects parsed lines: every result for line number `line`, or without one an example and the
 * count of each kind of line.
 */
export function createExplainer(line: number | undefined): {
  readonly see: (parsed: ParsedLine) => void;
  readonly text: (path: string) => string;
} {
  const kinds = new Map<string, { readonly first: ParsedLine; count: number }>();
  const results: ParsedLine[] = [];
  return {
    see(parsed) {
      if (line !== undefined) {
        if (parsed.line === line && results.length < SHOWN_KINDS) results.push(parsed);
        return;
      }
      const kind = kindOf(parsed);
      const known = kinds.get(kind);
      if (known === undefined) {
        const room = parsed.read.kind === "other" ? OTHER_KINDS : 2 * OTHER_KINDS;
        if (kinds.size < room) kinds.set(kind, { first: parsed, count: 1 });
      } else known.count += 1;
    },
    text(path) {
      if (line === undefined) return kindsText(path, [...kinds.values()]);
      if (results.length === 0) {
        return (
          `${path}:${line}: no line with that number was looked at: it is not there, it is empty, ` +
          "or the file is a table, whose rows are read by its header.\n"
        );
      }
      return results.map((parsed) => lineText(path, parsed)).join("\n");
    },
  };
}

/** A line's kind: lines that differ only in their numbers have the same one. */
function kindOf({ text, read }: ParsedLine): string {
  const names = read.kind === "metrics" ? read.entries.map(({ key }) => key).join(" ") : "";
  const template = text.replaceAll(/\d+/g, "0").replaceAll(/\s+/g, " ");
  return read.kind === "metrics"
    ? `${read.format} ${names}`
    : `${read.kind} ${template.slice(0, 60)}`;
}

function kindsText(path: string, kinds: readonly { first: ParsedLine; count: number }[]): string {
  const read = kinds.filter(({ first }) => first.read.kind !== "other");
  const others = kinds.filter(({ first }) => first.read.kind === "other");
  const rows = [...read, ...others]
    .slice(0, SHOWN_KINDS)
    .map(({ first, count }) => [
      String(count),
      String(first.line),
      summary(first.read),
      printable(utf8(first.text).trim()).slice(0, 48),
    ]);
  const more = kinds.length - rows.length;
  return [
    `${path}: ${kinds.length} kinds of lines; what nightlab reads comes first`,
    ...columns([["lines", "first", "read as", "text"], ...rows]),
    ...(more > 0 ? [`and ${more} more kinds`] : []),
    `For one line: nightlab inspect ${path} --explain LINE`,
    "",
  ].join("\n");
}

function summary(read: MetricLine): string {
  switch (read.kind) {
    case "metrics":
      return `${read.format}: ${read.entries
        .slice(0, 3)
        .map(({ key }) => printable(key))
        .join(", ")}${read.entries.length > 3 ? ", …" : ""}`;
    case "unread":
      return `${read.format}, not understood`;
    case "other":
      return `nothing: ${read.why ?? "no format knows it"}`;
  }
}

const GRADES = {
  sure: "a metric",
  likely: "a metric if it comes 3 times: the line has a step and no name that is known",
  maybe: "a metric if it comes 5 times and changes: no known name and no step",
} as const;

function lineText(path: string, { line, text, read }: ParsedLine): string {
  const head = `${path}:${line}: ${printable(utf8(text).trim()).slice(0, SHOWN_CHARS)}`;
  if (read.kind !== "metrics") return `${head}\n  ${summary(read)}\n`;
  const step =
    read.step === undefined
      ? "x axis: none; values are counted"
      : `x axis: ${read.step.key} ${text.slice(read.step.at, read.step.end)}`;
  const rows = read.entries.map((entry) => [
    `  ${printable(entry.key)}`,
    text.slice(entry.at, entry.end),
    GRADES[entry.grade],
  ]);
  return [head, `  format: ${read.format}`, `  ${step}`, ...columns(rows), ""].join("\n");
}

const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");
