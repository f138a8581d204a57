// Results: first the tables and figures of several runs together, then for each run its metrics and
// figures. Only values with their sources; what they mean is left to the person.
import type { PromisedMetric } from "../../domain/journal.ts";
import { sameMetric } from "../../domain/metric-key.ts";
import type { MetricSummary, Sample, Series } from "../../domain/sample.ts";
import { evidenceBlocks } from "./evidence-table.ts";
import type { ReportContext } from "./report-context.ts";
import { runState, type ReportRun, type RunState } from "../../judge/input.ts";
import { code, counted, image, link, plain, sentenceCase } from "../../base/markdown.ts";
import { figureText, linkedText, runFigures, type RunFigures } from "./run-figures.ts";
import { baselineBlocks, sweepBlocks } from "./section-compare.ts";
import { quotedSections } from "./section-quotes.ts";
import { rich, type Content, type ReportBlock } from "./values.ts";

/** A run's table in REPORT.md has at most this many metrics, the promised ones first. */
const REPORT_METRICS_PER_RUN = 20;

/** The section Results. */
export function resultsBlocks(context: ReportContext): readonly ReportBlock[] {
  const { shown, counted: all } = context;
  const blocks: ReportBlock[] = [{ key: "results", text: "## Results" }];
  if (all.length === 0) {
    blocks.push({ key: "results.none", text: "There is no run to show." });
  }
  // Sources and figures get their numbers in the order of these calls, which is the page's order.
  const together = [
    ...evidenceBlocks(context),
    ...baselineBlocks(context),
    ...sweepBlocks(context),
    ...figureBlocks(context),
  ];
  const runs: ReportBlock[] = [];
  let figures = context.input.figures?.length ?? 0;
  for (const run of shown) {
    const pictures = runFigures(
      run,
      promisedFirst(run.plots, (plot) => plot.metric, context),
    );
    runs.push(...runBlocks(run, context, pictures, figures));
    figures += pictures.inline.length;
  }
  const bound =
    all.length > shown.length
      ? [{ key: "results.bound", text: boundText(all.length, shown.length) }]
      : [];
  const byRun =
    runs.length === 0 ? [] : [{ key: "results.runs", text: "### Run by run" }, ...bound, ...runs];
  return [...blocks, ...together, ...byRun, ...quotedSections(context, "results")];
}

/** The pictures of the whole experiment, and the link to the live page. */
function figureBlocks(context: ReportContext): readonly ReportBlock[] {
  const { figures = [], livePage } = context.input;
  const live =
    livePage === undefined
      ? []
      : [{ key: "results.live", text: `${link(code(livePage), livePage)} shows ${LIVE}.` }];
  if (figures.length === 0) return live;
  const blocks = figures.map(({ title, caption, file }, i) => ({
    key: `results.figure.${file}`,
    text: `${image(title, file)}  \n_Figure ${i + 1}. ${plain(sentenceCase(title))}. ${plain(caption)} Its values are those of the runs' tables._`,
  }));
  return [{ key: "results.figures", text: "### The runs side by side" }, ...blocks, ...live];
}

const LIVE = "the runs in a browser, to look closer at and to choose from";

function boundText(all: number, shown: number): string {
  return `Of ${counted(all, "run")}, the ${shown} below are shown: the newest that are evidence, then the newest others. ${counted(all - shown, "run")} ${all - shown === 1 ? "is" : "are"} left out here; Methods lists ${all - shown === 1 ? "it" : "them"} with a link to the folder.`;
}

function runBlocks(
  run: ReportRun,
  context: ReportContext,
  pictures: RunFigures,
  figuresBefore: number,
): readonly ReportBlock[] {
  const key = `results.${run.folder}`;
  const blocks: ReportBlock[] = [
    { key, text: `#### ${context.label(run)}` },
    { key: `${key}.intro`, text: introText(run, context) },
  ];
  const metrics = promisedFirst(run.reading.series, (series) => series.summary.key, context);
  if (metrics.length > 0) {
    const rows = metrics
      .slice(0, REPORT_METRICS_PER_RUN)
      .map((one) => metricRow(run, one, context));
    const head = ["metric", "values", "first", "last", "smallest", "largest"];
    blocks.push({ key: `${key}.table`, text: { head, rows } });
  }
  const more = metrics.length - REPORT_METRICS_PER_RUN;
  if (more > 0) {
    const text = `${counted(more, "more metric")} of this run ${more === 1 ? "is" : "are"} in its logs.`;
    blocks.push({ key: `${key}.more`, text });
  }
  pictures.inline.forEach((plot, index) => {
    blocks.push({
      key: `${key}.figure.${plot.metric}`,
      text: figureText(run, plot, figuresBefore + index + 1),
    });
  });
  blocks.push({ key: `${key}.plots`, text: linkedText(run, pictures.linked) });
  return blocks;
}

/** The line below a run's heading: `Done · evidence · 2025-02-02T10-00-00-full`. */
function introText(run: ReportRun, context: ReportContext): string {
  const { baseline } = context.input;
  const group = baseline?.kind === "run" ? (baseline.group ?? [baseline.run]) : [];
  const isBaseline = group.some((one) => one.path === run.path);
  const isEvidence = context.evidence.runs.includes(run);
  const role = isBaseline ? "baseline" : isEvidence ? "evidence" : "not evidence";
  const logged = run.reading.series.length === 0 ? " · no metric was found in its logs" : "";
  return `${HOW[runState(run)]} · ${role} · ${link(code(run.folder), run.path)}${logged}`;
}

const HOW: Readonly<Record<RunState, string>> = {
  done: "Done",
  running: "Still running",
  failed: "Failed",
  stopped: "Stopped",
  lost: "Lost",
  "by hand": "Started by hand",
};

function metricRow(run: ReportRun, series: Series, context: ReportContext): readonly Content[] {
  const { summary } = series;
  const cell = (sample: Sample | undefined): Content => {
    if (sample === undefined) return "none";
    const step = sample.step === undefined ? "" : ` at ${stepWord(series)} ${sample.step}`;
    return rich`${context.sources.cite(run, sample)}${step}`;
  };
  return [
    plain(summary.key),
    valuesText(run, summary, context),
    cell(summary.first),
    cell(summary.last),
    cell(summary.min),
    cell(summary.max),
  ];
}

function stepWord(series: Series): string {
  return series.stepKey === "sample" ? "step" : series.stepKey;
}

/** How many values there are, and how many of them are not finite, with the first of those. */
function valuesText(run: ReportRun, summary: MetricSummary, context: ReportContext): Content {
  if (summary.notFinite === undefined) return String(summary.count);
  const first = context.sources.number(run, summary.notFinite);
  return rich`${String(summary.count)}, ${String(summary.notFiniteCount)} of them not finite, first ${first}`;
}

/** The items of promised metrics in the plan's order, then the others in their own order. */
function promisedFirst<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  context: ReportContext,
): readonly T[] {
  const promised: readonly PromisedMetric[] = context.input.journal.plan.metrics;
  const rank = (item: T): number => {
    const at = promised.findIndex((metric) => sameMetric(metric.key, keyOf(item)));
    return at < 0 ? promised.length : at;
  };
  return items.toSorted((a, b) => rank(a) - rank(b));
}
