// `nightlab inspect FILE --explain [LINE]`: why a line was read as it was, or which kinds of
// lines the file has and how each is read. The reading itself is in logs/.
import type { MetricLine } from "../logs/lines/metric-line.ts";
import { columns } from "./columns.ts";
import { printable } from "./printable.ts";

/** One look of the formats at one line; `text` has one character a byte, without stamp. */
export interface LookedAt {
  readonly line: number;
  readonly text: string;
  readonly read: MetricLine;
}

const SHOWN_KINDS = 20;
/** Kinds of lines counted that hold no metrics; a log of prose has no end of them. */
const OTHER_KINDS = 200;
const SHOWN_CHARS = 96;

/** Collects looks: all of one line, or the first and the number of each kind of line. */
export function createExplainer(line: number | undefined): {
  readonly see: (looked: LookedAt) => void;
  readonly text: (path: string) => string;
} {
  const kinds = new Map<string, { readonly first: LookedAt; count: number }>();
  const looks: LookedAt[] = [];
  return {
    see(looked) {
      if (line !== undefined) {
        if (looked.line === line && looks.length < SHOWN_KINDS) looks.push(looked);
        return;
      }
      const kind = kindOf(looked);
      const known = kinds.get(kind);
      if (known === undefined) {
        const room = looked.read.kind === "other" ? OTHER_KINDS : 2 * OTHER_KINDS;
        if (kinds.size < room) kinds.set(kind, { first: looked, count: 1 });
      } else known.count += 1;
    },
    text(path) {
      if (line === undefined) return kindsText(path, [...kinds.values()]);
      if (looks.length === 0) {
        return (
          `${path}:${line}: no line with that number was looked at: it is not there, it is empty, ` +
          "or the file is a table, whose rows are read by its header.\n"
        );
      }
      return looks.map((looked) => lookText(path, looked)).join("\n");
    },
  };
}

/** Lines that differ in their numbers alone are of one kind. */
function kindOf({ text, read }: LookedAt): string {
  const names = read.kind === "metrics" ? read.entries.map(({ key }) => key).join(" ") : "";
  const shape = text.replaceAll(/\d+/g, "0").replaceAll(/\s+/g, " ");
  return read.kind === "metrics" ? `${read.format} ${names}` : `${read.kind} ${shape.slice(0, 60)}`;
}

function kindsText(path: string, kinds: readonly { first: LookedAt; count: number }[]): string {
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

function lookText(path: string, { line, text, read }: LookedAt): string {
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
