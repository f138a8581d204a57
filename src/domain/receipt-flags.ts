// What a receipt shows of a run's findings, metrics and plots, as Markdown.
// Findings come from rules/; the rest of a receipt is in journal/receipt/receipt.ts.
import { isFlag, type Finding } from "./finding.ts";
import { sameMetric } from "./metric-key.ts";
import type { PlotRef, RunOutcome } from "./run.ts";
import type { MetricSummary } from "./sample.ts";
import { localStamp } from "../base/time.ts";
import {
  linkTarget,
  markdownLink,
  markdownText,
  plainLine,
  proseText,
} from "../base/markdown-text.ts";
import type { Run } from "./world.ts";

/** Length of a quoted log line or command in a receipt; the rest can be read at its source. */
export const RECEIPT_TEXT_CHARS = 300;
/** Metrics in a receipt's first line, so that it stays one line. */
const RECEIPT_METRICS = 4;
/** Flags and notes listed in one receipt; the report has all of them. */
export const RECEIPT_FLAGS = 12;

/** The key of a flag in `Run.resolved`: `not-finite val/loss`, or the rule alone. */
export function flagKey(finding: Finding): string {
  return finding.metric === undefined ? finding.rule : `${finding.rule} ${finding.metric}`;
}

/** The findings of a run by now: those of its outcome, or before its end the flags so far. */
export function findingsSoFar(run: Run | undefined): Pick<RunOutcome, "findings"> {
  return run?.outcome ?? { findings: run?.flags ?? [] };
}

/** The findings that a receipt shows: flags, then notes, each by time. The report has the rest. */
export function shownFindings(outcome: Pick<RunOutcome, "findings">): readonly Finding[] {
  const shown = outcome.findings.filter((finding) => isFlag(finding) || finding.tier === "note");
  return shown.toSorted((a, b) => rank(a) - rank(b) || a.atMs - b.atMs);
}

const rank = ({ tier }: Finding): number => (tier === "note" ? 1 : 0);

/** The finding without time and tag: its message and a link to its evidence. */
export function receiptFinding(finding: Finding, folder: string | undefined): string {
  const message = proseText(plainLine(finding.message, RECEIPT_TEXT_CHARS));
  const { evidence } = finding;
  return evidence === undefined ? message : `${message} (${logLink(evidence, folder)})`;
}

/** `[train.log:418](runs/…/logs/train.log)`, or only the label where there is no run folder. */
export function logLink(
  place: { readonly file: string; readonly line: number },
  folder: string | undefined,
): string {
  const label = `${place.file.slice(place.file.lastIndexOf("/") + 1)}:${place.line}`;
  if (folder === undefined) return markdownText(label);
  return markdownLink(label, `runs/${folder}/${place.file}`);
}

/** One list item for each shown finding, and one for the number of those beyond RECEIPT_FLAGS. */
export function findingItems(run: Run, timeZone: string): readonly string[] {
  const shown = shownFindings(findingsSoFar(run));
  const items = shown.slice(0, RECEIPT_FLAGS).map((finding) => flagLine(run, finding, timeZone));
  const beyond = shown.length - items.length;
  return beyond === 0 ? items : [...items, `- ${beyond} more in [REPORT.md](REPORT.md)`];
}

/** The list item of one finding; `of`: in a sweep's receipt, the runs that have it, as Markdown. */
export function flagLine(run: Run, finding: Finding, timeZone: string, of?: string): string {
  const time = localStamp(finding.atMs, timeZone).slice(11);
  const tag =
    finding.tier === "note" ? "" : `[${isResolved(run, finding) ? "RESOLVED" : "WEIRD"}] `;
  const whose = of === undefined ? "" : `${of}: `;
  return `- ${time} ${tag}${whose}${receiptFinding(finding, run.folder)}`;
}

const isResolved = (run: Run, finding: Finding): boolean => run.resolved.includes(flagKey(finding));

/**
 * `val/loss 0.312` for each promised metric that was logged, or else for the first metrics, at most
 * RECEIPT_METRICS: the last value as logged (see lastToken).
 */
export function metricTexts(outcome: RunOutcome, promised: readonly string[]): readonly string[] {
  const found = promised.flatMap((key) => metricNamed(outcome.metrics, key) ?? []);
  const shown = found.length > 0 ? [...new Set(found)] : outcome.metrics;
  return shown
    .slice(0, RECEIPT_METRICS)
    .map(({ key, last }) => `${markdownText(plainLine(key, 60))} ${lastToken(last)}`);
}

/** The metric with that name: as written, or else in another spelling (metric-key.ts). */
export function metricNamed(
  metrics: readonly MetricSummary[],
  key: string,
): MetricSummary | undefined {
  return (
    metrics.find((metric) => metric.key === key) ??
    metrics.find((metric) => sameMetric(metric.key, key))
  );
}

/** A value as it was logged, as Markdown; `NaN`, `Infinity` or `-Infinity` if it is not finite. */
export function lastToken(last: MetricSummary["last"]): string {
  if (!Number.isFinite(last.value)) return String(last.value);
  return markdownText(plainLine(last.token, 40));
}

/** A receipt's one plot: of an open flag's metric, else of a promised one, else the first plot. */
export function plotImage(
  run: Run,
  outcome: RunOutcome,
  promised: readonly string[],
): string | undefined {
  if (run.folder === undefined) return undefined;
  const flags = shownFindings(outcome).filter(({ tier }) => tier !== "note");
  const wanted = [...flags.filter((flag) => !isResolved(run, flag)), ...flags]
    .flatMap(({ metric }) => metric ?? [])
    .concat(promised);
  const plot = wanted.map((key) => findPlot(outcome.plots, key)).find(Boolean) ?? outcome.plots[0];
  if (plot === undefined) return undefined;
  return `![${markdownText(plot.metric)}](${linkTarget(`runs/${run.folder}/${plot.file}`)})`;
}

function findPlot(plots: readonly PlotRef[], key: string): PlotRef | undefined {
  return (
    plots.find((plot) => plot.metric === key) ?? plots.find((plot) => sameMetric(plot.metric, key))
  );
}
