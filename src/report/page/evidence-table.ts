// Results: the table of the runs that are evidence, with the values of each metric in the criteria,
// and from three runs on mean, standard deviation and interval. Fewer allow no estimate.
import { parseDecimal } from "../../base/decimal.ts";
import { BOOTSTRAP_RESAMPLES } from "../../judge/bootstrap.ts";
import { findMetric, type Operand } from "../../judge/evaluate.ts";
import { termMetrics, type MetricTerm } from "../../criteria/criterion.ts";
import type { ReportContext } from "./report-context.ts";
import { settingCount } from "../../judge/groups.ts";
import { counted } from "../../base/markdown.ts";
import { measureText } from "./section-compare.ts";
import { summarize } from "../../judge/statistics.ts";
import {
  countOf,
  joined,
  type Content,
  type Derived,
  type ReportBlock,
  type Source,
} from "./values.ts";

/** A heading, the table and its note, if two or more runs are evidence; else nothing. */
export function evidenceBlocks(context: ReportContext): readonly ReportBlock[] {
  const judged = context.verdicts.flatMap((verdict) => verdict.judged);
  const runs = context.evidence.runs;
  if (runs.length < 2 || judged.length === 0) return [];
  const settings = settingCount(runs);
  const rows = new Map<string, readonly Content[]>();
  const notes: string[] = [];
  for (const { comparison, perRun } of judged) {
    for (const side of ["left", "right"] as const) {
      for (const term of termMetrics(comparison[side])) {
        const name = `${term.aggregation} ${term.name}`;
        if (term.baseline || rows.has(name)) continue;
        const operands = perRun.flatMap((one) => one[side].operands.filter((o) => o.term === term));
        rows.set(name, row(term, operands, settings === 1, context));
      }
    }
  }
  if (settings > 1)
    notes.push(`The runs are of ${settings} settings, so no mean is taken of them.`);
  else if (runs.length === 2)
    notes.push("Two runs: both values are shown and nothing is estimated.");
  else {
    notes.push(
      "The interval is mean ± t(0.975, n − 1) · SD / √n, SD with n − 1; its operands are the values of the row.",
    );
  }
  if (settings === 1 && runs.length >= 10) {
    notes.push(
      `The BCa interval is that of the mean, from ${BOOTSTRAP_RESAMPLES} resamples of a fixed seed.`,
    );
  }
  const head = ["metric", "values", "n"];
  if (settings === 1 && runs.length >= 3) head.push("mean", "SD", "95 % t-interval");
  if (settings === 1 && runs.length >= 10) head.push("median", "95 % BCa interval");
  return [
    { key: "results.evidence", text: "### The runs that are evidence" },
    { key: "results.evidence.table", text: { head, rows: [...rows.values()] } },
    { key: "results.evidence.note", text: notes.join(" ") },
  ];
}

function row(
  term: MetricTerm,
  operands: readonly Operand[],
  isOneSetting: boolean,
  context: ReportContext,
): readonly Content[] {
  const cited = operands.map((one) => context.sources.cite(one.run, one.sample));
  const finite = cited.filter(({ token }) => parseDecimal(token)?.kind === "finite");
  const what = `${measureText(term)} ${pickedFrom(operands)}`;
  return [what, joined(cited, ", "), [countOf(finite)], ...(isOneSetting ? estimates(finite) : [])];
}

function estimates(sources: readonly Source[]): readonly Content[] {
  const values = sources.flatMap(({ token }) => parseDecimal(token) ?? []);
  const summary = values.length === 0 ? undefined : summarize(values);
  if (summary?.kind !== "several") return ["", "", ""];
  const { mean, low, high, deviation, median, bootstrap } = summary;
  const of = [sources];
  const shown: Derived[] = [
    { kind: "derived", how: "mean", of, value: mean },
    { kind: "derived", how: "deviation", of, value: deviation },
    { kind: "derived", how: "t interval", of, value: [low, high] },
  ];
  if (median !== undefined) shown.push({ kind: "derived", how: "median", of, value: median });
  if (bootstrap !== undefined) {
    const value = [bootstrap.low, bootstrap.high] as const;
    shown.push({ kind: "derived", how: "BCa interval", of, value });
  }
  return shown.map((one) => [one]);
}

/** How many values each was picked from: `of 20 values each`, or `of 18 to 20 values each`. */
function pickedFrom(operands: readonly Operand[]): string {
  const counts = operands.flatMap((one) => findMetric(one.run, one.sample.key)?.count ?? []);
  const [low, high] = [Math.min(...counts), Math.max(...counts)];
  if (counts.length === 0) return "";
  const range = low === high ? counted(low, "value") : `${low} to ${high} values`;
  return `of ${range} each`;
}
