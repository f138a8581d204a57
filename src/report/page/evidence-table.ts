// The runs that are evidence side by side: each criterion metric's values, and from three runs
// on mean, standard deviation and interval. One or two runs allow no estimate, so none is made.
import { decimalText, parseDecimal, type Decimal } from "../../base/decimal.ts";
import { BOOTSTRAP_RESAMPLES } from "../../judge/bootstrap.ts";
import type { Operand } from "../../judge/evaluate.ts";
import { termMetrics, type MetricTerm } from "../../criteria/criterion.ts";
import type { ReportContext } from "../../judge/report-context.ts";
import { settingCount } from "../../judge/groups.ts";
import { table } from "../../base/markdown.ts";
import { measureText, pickedFrom } from "./section-compare.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { summarize } from "../../judge/statistics.ts";

/** A heading and a table for two or more runs that are evidence; else nothing. */
export function evidenceBlocks(facts: ReportContext): readonly PageBlock[] {
  const judged = facts.verdicts.flatMap((verdict) => verdict.judged);
  const runs = facts.evidence.runs;
  if (runs.length < 2 || judged.length === 0) return [];
  const settings = settingCount(runs);
  const rows = new Map<string, readonly string[]>();
  const notes: string[] = [];
  for (const { comparison, perRun } of judged) {
    for (const side of ["left", "right"] as const) {
      for (const term of termMetrics(comparison[side])) {
        const name = `${term.aggregation} ${term.name}`;
        if (term.baseline || rows.has(name)) continue;
        const operands = perRun.flatMap((one) => one[side].operands.filter((o) => o.term === term));
        rows.set(name, row(term, operands, settings === 1, facts));
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
    { key: "results.evidence.table", text: table(head, [...rows.values()]) },
    { key: "results.evidence.note", text: notes.join(" ") },
  ];
}

function row(
  term: MetricTerm,
  operands: readonly Operand[],
  isOneSetting: boolean,
  facts: ReportContext,
): readonly string[] {
  const cited = operands.map((one) => facts.sources.cite(one.run, one.sample)).join(", ");
  const values = operands.flatMap((one) => {
    const value = parseDecimal(one.sample.token);
    return value?.kind === "finite" ? [value] : [];
  });
  const what = `${measureText(term)} ${pickedFrom(operands)}`;
  return [what, cited, String(values.length), ...(isOneSetting ? estimates(values) : [])];
}

function estimates(values: readonly Decimal[]): readonly string[] {
  if (values.length === 0) return ["", "", ""];
  const summary = summarize(values);
  if (summary.kind !== "several") return ["", "", ""];
  const { low, high, deviation } = summary;
  return [
    decimalText(summary.mean),
    `≈ ${rounded(deviation)}`,
    `≈ ${rounded(low)} to ≈ ${rounded(high)}`,
    ...(summary.median === undefined ? [] : [`≈ ${rounded(summary.median)}`]),
    ...(summary.bootstrap === undefined
      ? []
      : [`≈ ${rounded(summary.bootstrap.low)} to ≈ ${rounded(summary.bootstrap.high)}`]),
  ];
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)));
}
