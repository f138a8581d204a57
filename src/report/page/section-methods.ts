// Methods: the plan with its lines, scripts and machines, all runs, and which of them are left out
// and why. Runs that failed or are ignored are named here, so that none is dropped silently.
import type { RunRecord } from "../../domain/run.ts";
import { citeJournal, type ReportContext } from "./report-context.ts";
import { changedCriteria } from "./changed-criteria.ts";
import { code, counted, link, listed, plain, table } from "../../base/markdown.ts";
import type { ReportRun } from "../../judge/input.ts";
import { leftOutLines } from "./left-out.ts";
import { runTable } from "./run-table.ts";
import type { ReportBlock } from "./values.ts";
import { hypothesisText } from "./section-opening.ts";
import { hasSection, quotedSections } from "./section-quotes.ts";

/** Methods lists at most this many distinct values of one kind (machines, commits, GPUs). */
const REPORT_DISTINCT = 10;

/** The section Methods. */
export function methodsBlocks(context: ReportContext): readonly ReportBlock[] {
  const { runs } = context.input;
  const left = leftOutLines(context);
  const environment = environmentTable(context);
  const blocks: ReportBlock[] = [
    { key: "methods", text: "## Methods" },
    ...quotedSections(context, "methods"),
    { key: "methods.plan", text: [...planLines(context), ...changedCriteria(context)].join("\n") },
  ];
  if (environment !== undefined) {
    blocks.push({ key: "methods.environment", text: "### Scripts and machines" });
    blocks.push({ key: "methods.environment.table", text: environment });
  }
  if (runs.length > 0) {
    blocks.push({ key: "methods.runs", text: "### Runs" });
    const from = "Times, limits and arguments are those of run.json in each run's folder.";
    blocks.push({ key: "methods.runs.source", text: from });
    blocks.push({ key: "methods.runs.table", text: runTable(context) });
  }
  if (left.length > 0) {
    blocks.push({
      key: "methods.left",
      text: "### Runs that are ignored, did not end well or lack a record",
    });
    blocks.push({ key: "methods.left.list", text: left.join("\n") });
  }
  return blocks;
}

function planLines(context: ReportContext): readonly string[] {
  const { plan } = context.input.journal;
  const cited = (key: string): string => {
    const line = plan.lines[key];
    return line === undefined ? "" : ` (${citeJournal(line)})`;
  };
  const criterion = (key: "success" | "failure"): string => {
    const text = plan[key];
    if (text === undefined) return `- The journal states no ${key} criterion.`;
    return `- ${key === "success" ? "Success" : "Failure"}: ${code(text)}${cited(key)}`;
  };
  const lines = [`- ${hypothesisText(context)}`, criterion("success"), criterion("failure")];
  if (plan.metrics.length > 0) {
    const keys = listed(plan.metrics.map((metric) => code(metric.key)));
    lines.push(`- Promised metrics: ${keys}${cited("metrics")}`);
  }
  lines.push(`- Script: ${code(plan.script)}${cited("script")}`);
  if (plan.baseline !== undefined) lines.push(baselineLine(context, plan.baseline, cited));
  const rule = "runs whose written time limit is over two minutes";
  lines.push(
    plan.evidence === undefined
      ? `- Evidence: ${rule}, since \`evidence:\` names none.`
      : `- Evidence: ${listed(plan.evidence.map(code))}${cited("evidence")}`,
  );
  if (!hasSection(context, "methods")) {
    lines.push("- The journal has no section on data, model or method.");
  }
  lines.push("- A metric in a criterion means its last logged value where no other word stands.");
  return lines;
}

function baselineLine(
  context: ReportContext,
  target: string,
  cited: (key: string) => string,
): string {
  const { baseline } = context.input;
  const runs = baseline?.kind === "run" ? (baseline.group ?? [baseline.run]) : [];
  const named = listed(runs.map((run) => link(code(run.folder), run.path)));
  const which = runs.length === 0 ? "" : `, which is ${named}`;
  return `- Baseline: ${code(target)}${cited("baseline")}${which}`;
}

/**
 * A row for each distinct script, version of the code, machine or GPU, with the runs that had it.
 */
function environmentTable(context: ReportContext): string | undefined {
  const recorded = context.input.runs.filter((run) => run.record !== undefined);
  if (recorded.length === 0) return undefined;
  const rows: string[][] = [];
  const add = (what: string, valuesOf: (record: RunRecord) => readonly string[]): void => {
    const found = new Map<string, ReportRun[]>();
    for (const run of recorded) {
      if (run.record === undefined) continue;
      for (const value of new Set(valuesOf(run.record))) {
        found.set(value, [...(found.get(value) ?? []), run]);
      }
    }
    const all = [...found];
    for (const [value, runs] of all.slice(0, REPORT_DISTINCT)) {
      rows.push([what, value, whichRuns(runs, recorded.length, context)]);
    }
    const more = all.length - REPORT_DISTINCT;
    if (more > 0) rows.push([what, `and ${more} more, in the runs' run.json`, ""]);
  };
  add("script", (record) => [`${code(record.script)}, started by ${plain(record.runner)}`]);
  add("code", (record) => [codeText(record)]);
  add("not in run.patch", (record) => present(record.git?.secret, secretText));
  add("interpreter", (record) => present(record.interpreter?.replace(/ \(\/.*\)$/, ""), plain));
  add("hash of dependencies", (record) => present(record.environment?.metadataHash, shortHash));
  add("hash of lock", (record) => present(record.environment?.lockHash, shortHash));
  add("machine", (record) => [code(record.host)]);
  add("GPU", (record) =>
    record.gpus.length === 0
      ? ["none"]
      : record.gpus.map((gpu) => `${plain(gpu.name)}, driver ${plain(gpu.driver)}`),
  );
  return table(["what", "value", "runs"], rows);
}

function whichRuns(runs: readonly ReportRun[], all: number, context: ReportContext): string {
  if (runs.length === all && all === 2) return "both";
  if (runs.length === all)
    return all === 1 ? context.label(runs[0] ?? unreachable()) : `all ${all}`;
  return runs.length <= 3 ? listed(runs.map(context.label)) : counted(runs.length, "run");
}

function codeText(record: RunRecord): string {
  const { git, codeHash } = record;
  const hash = codeHash === undefined ? "" : `, scripts ${shortHash(codeHash)}`;
  if (git === undefined) return `no git commit${hash}`;
  const state = git.dirty ? " with uncommitted changes" : "";
  return `commit ${code(git.commit.slice(0, 12))}${state}${hash}`;
}

function secretText(names: readonly string[]): string {
  const shown = names.slice(0, REPORT_DISTINCT).map(code);
  const more = names.length - shown.length;
  const all = more > 0 ? [...shown, `${more} more`] : shown;
  return `${listed(all)}: may hold a secret`;
}

function present<T>(value: T | undefined, textOf: (value: T) => string): readonly string[] {
  return value === undefined ? [] : [textOf(value)];
}

function shortHash(hash: string): string {
  return code(hash.slice(0, 12));
}

function unreachable(): never {
  throw new Error("A group of runs is never empty");
}
