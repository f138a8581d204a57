// The texts of a plot: its title, its caption with source file and lines, and labels cut to length.
// The numbers on the axes are axis-ticks.ts.
import { visibleText } from "../../base/visible-text.ts";
import type { Series } from "../../domain/sample.ts";
import type { PlotData, SeriesShape } from "../../judge/plot-data.ts";

/** As many letters as fit on the line of a title. */
const TITLE_LETTERS = 72;

/** The title: `val/loss · 2025-02-02T14-30-00-de-risk`, each part shortened in its middle. */
export function plotTitle(key: string, runTitle: string): string {
  const metric = printable(key);
  const run = shorten(printable(runTitle), Math.max(30, TITLE_LETTERS - metric.length));
  return `${shorten(metric, TITLE_LETTERS - run.length)} \u00B7 ${run}`;
}

/** The metric's name for the y axis, which is shorter than the title. */
export function axisTitle(key: string): string {
  return shorten(printable(key), 32);
}

/** The caption in two or three lines: what is drawn, what is not finite, and the source. */
export function plotCaption(series: Series, data: PlotData, file: string): readonly string[] {
  const { notFiniteCount, notFinite } = series.summary;
  const lines = [`${drawn(data, series)}${data.shape.log ? "; log scale" : ""}`];
  if (notFiniteCount > 0) {
    const where =
      notFinite === undefined ? "" : `, the first is ${notFinite.token} at line ${notFinite.line}`;
    const verb = notFiniteCount === 1 ? "value is" : "values are";
    lines.push(
      printable(
        `${groupDigits(notFiniteCount)} ${verb} not finite (\u00D7 NaN, triangle Inf)${where}`,
      ),
    );
  }
  lines.push(`Source: ${sourceText(series, file)}`);
  return lines;
}

/** The caption with a line for each split: what is drawn of it, and its source. */
export function splitCaption(
  parts: readonly { readonly series: Series; readonly data: PlotData }[],
  log: boolean,
): readonly string[] {
  return parts.map(({ series, data }, i) => {
    const { key, notFiniteCount } = series.summary;
    const holes =
      notFiniteCount === 0
        ? ""
        : `, ${groupDigits(notFiniteCount)} not finite (\u00D7 NaN, triangle Inf)`;
    const { factor, shape } = data;
    const values = shape.count === 1 ? "1 value" : `${groupDigits(series.summary.count)} values`;
    const mean = factor === undefined ? "" : ` (thin), EMA ${factor} (thick)`;
    const end = log && i === parts.length - 1 ? "; log scale" : "";
    const name = shorten(printable(key), 24);
    return `${name}: ${values}${mean}${holes}; ${sourceText(series)}${end}`;
  });
}

function sourceText({ summary: { first, last } }: Series, file = first.file): string {
  const from = Math.min(first.line, last.line);
  const to = Math.max(first.line, last.line);
  const range = from === to ? `line ${from}` : `lines ${from}\u2013${to}`;
  return `${shorten(printable(file), 72)}, ${range}`;
}

function drawn({ shape, factor }: PlotData, { reducedBy, summary }: Series): string {
  if (shape.count === 0) return "No value is finite";
  const values = shape.count === 1 ? "1 value" : `${groupDigits(shape.count)} values`;
  // A series with too many values is kept reduced, and the average is that of the kept ones.
  const of = `of each ${reducedBy} of ${groupDigits(summary.count)} values first, last and extremes`;
  const which = reducedBy === undefined ? `${values} as logged` : of;
  const all = `${which}${factor === undefined ? "" : " (thin)"}`;
  const mean = factor === undefined ? "" : `, bias-corrected EMA with factor ${factor} (thick)`;
  return `${all}${mean}${order(shape)}`;
}

/** The note on a step that falls, by the way in which it is drawn. */
function order({ falls, byPosition }: SeriesShape): string {
  if (byPosition) return "; in order of the log, since the step falls back";
  if (falls === 0) return "";
  return `; the step falls back ${falls === 1 ? "once" : `${falls} times`}`;
}

/** A count with commas between thousands: `12,000`. */
export function groupDigits(count: number): string {
  return String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

/** The text in at most `length` characters, cut in the middle: both ends of a key identify it. */
export function shorten(text: string, length: number): string {
  const letters = Array.from(text);
  if (letters.length <= length) return text;
  const head = Math.ceil((length - 1) / 3);
  return `${letters.slice(0, head).join("")}\u2026${letters.slice(head + 1 - length).join("")}`;
}

/**
 * Labels for names that are shown side by side: at most `length` characters each (plus a number
 * where two would be equal). The common beginning of the long names is cut first.
 */
export function shortLabels(names: readonly string[], length: number): readonly string[] {
  const isLong = (name: string): boolean => Array.from(name).length > length;
  const shared = sharedStart(names.filter(isLong), length);
  const seen = new Map<string, number>();
  return names.map((name) => {
    const cut = isLong(name) && shared > 1 ? `\u2026${name.slice(shared)}` : name;
    const label = shorten(cut, length);
    const times = (seen.get(label) ?? 0) + 1;
    seen.set(label, times);
    return times === 1 ? label : `${label} (${times})`;
  });
}

/** How many letters to cut from the common beginning of the names, in whole words. */
function sharedStart(names: readonly string[], length: number): number {
  const [first = "", ...others] = names;
  if (others.length === 0) return 0;
  let end = 0;
  while (end < first.length && others.every((name) => name[end] === first[end])) end += 1;
  const words = [...first.slice(0, end).matchAll(/(?<!\de)[-_./ ]/g)].map(({ index }) => index + 1);
  const excess = Math.max(...names.map((name) => name.length)) - length + 1;
  return words.find((at) => at >= excess) ?? words.at(-1) ?? 0;
}

/** The text on one line, without characters that XML forbids: they would make the SVG invalid. */
function printable(text: string): string {
  const line = text.replaceAll(/[\s\u0085]+/gu, " ");
  return visibleText(line).replaceAll(/[\uFFFE\uFFFF]/gu, "\uFFFD");
}
