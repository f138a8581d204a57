// Results: the pictures of one run. A picture of a metric in all its splits replaces those of the
// single splits; each caption names the log lines that its values were read from.
import type { PlotRef } from "../../domain/run.ts";
import type { MetricSummary, Sample } from "../../domain/sample.ts";
import { SYSTEM_LOG } from "../../logs/system-lines.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, counted, image, link, listed, plain } from "../../base/markdown.ts";
import { splitPictures, SYSTEM_PICTURE } from "../plots/split-pictures.ts";

/** REPORT.md shows at most this many figures of a run; its other plots are linked. */
const REPORT_FIGURES_PER_RUN = 4;

export interface RunFigures {
  readonly inline: readonly PlotRef[];
  readonly linked: readonly PlotRef[];
}

/** Which plots are shown and which only linked; `plots` has the promised metrics first. */
export function runFigures(run: ReportRun, plots: readonly PlotRef[]): RunFigures {
  const byMetric = new Map(plots.map((plot) => [plot.metric, plot]));
  const inline: PlotRef[] = [];
  const chosen = new Set<string>();
  const splits = splitPictures(run.reading.series);
  for (const plot of plots) {
    const whole = splits.find(({ series }) =>
      series.some(({ summary }) => summary.key === plot.metric),
    );
    const shown = (whole === undefined ? undefined : byMetric.get(whole.key)) ?? plot;
    const isSystem = plot.metric === SYSTEM_PICTURE;
    if (isSystem || chosen.has(shown.metric) || inline.length === REPORT_FIGURES_PER_RUN) continue;
    chosen.add(shown.metric);
    inline.push(shown);
  }
  return { inline, linked: plots.filter((plot) => !inline.includes(plot)) };
}

/** A picture with its caption: `Figure 2. train/loss, val/loss of full. 20 values from …`. */
export function figureText(run: ReportRun, plot: PlotRef, number: number): string {
  const picture = image(`${plot.metric} of ${run.name}`, `${run.path}/${plot.file}`);
  const sources = summariesOf(run, plot).map((summary, _, all) => {
    const name = all.length > 1 ? `${plain(summary.key)}: ` : "";
    return ` ${name}${sourceText(run, summary)}`;
  });
  return `${picture}  \n_Figure ${number}. ${plain(plot.metric)} of ${plain(run.name)}.${sources.join("")}_`;
}

/** The links to plots that are not shown: `Further plots: …`; empty where there are none. */
export function linkedText(run: ReportRun, linked: readonly PlotRef[]): string {
  if (linked.length === 0) return "";
  const links = linked.map((plot) => {
    const from = plot.metric === SYSTEM_PICTURE ? ` from ${systemLink(run)}` : "";
    return `${link(code(plot.metric), `${run.path}/${plot.file}`)}${from}`;
  });
  return `Further plots: ${listed(links)}.`;
}

const systemLink = ({ path }: ReportRun): string =>
  link(plain(`logs/${SYSTEM_LOG}`), `${path}/logs/${SYSTEM_LOG}`);

function summariesOf(run: ReportRun, plot: PlotRef): readonly MetricSummary[] {
  const { series } = run.reading;
  const whole = splitPictures(series).find(({ key }) => key === plot.metric);
  const members = whole?.series ?? series.filter(({ summary }) => summary.key === plot.metric);
  return members.map(({ summary }) => summary);
}

/** `20 values from logs/train.log, lines 3 to 41.` */
function sourceText(run: ReportRun, summary: MetricSummary): string {
  const { first, last } = summary;
  const linkTo = (sample: Sample, lastLine?: number): string => {
    const span = lastLine === undefined || lastLine === sample.line ? "" : `-${lastLine}`;
    const text = `${plain(sample.file)}:${sample.line}${span}`;
    return link(text, `${run.path}/${sample.file}`, sample.line, lastLine);
  };
  const where =
    first.file === last.file
      ? linkTo(first, Math.max(first.line, last.line))
      : `${linkTo(first)} to ${linkTo(last)}`;
  return `${counted(summary.count, "value")} from ${where}.`;
}
