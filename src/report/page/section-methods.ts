// Methods: the plan with its lines, scripts and machines, every run, and who is left out and why.
// Runs that failed or are ignored are named here, so that none is dropped in silence.
import type { RunRecord } from "../../domain/run.ts";
import { citeJournal, type ReportContext } from "../../judge/report-context.ts";
import { changedCriteria } from "./changed-criteria.ts";
import { code, counted, link, listed, plain, table } from "../../base/markdown.ts";
import type { ReportRun } from "../../judge/input.ts";
import { leftOutLines } from "../../judge/left-out.ts";
import { runTable } from "./run-table.ts";
import type { PageBlock } from "../../base/page-signature.ts";
import { hypothesisText } from "./section-opening.ts";
import { hasSection, quotedSections } from "./section-quotes.ts";

/** Distinct facts of one kind (hosts, commits, GPUs) listed in Methods. */
const REPORT_DISTINCT = 10;

/** The whole section. */
export function methodsBlocks(facts: ReportContext): readonly PageBlock[] {
  const { runs } = facts.input;
  const left = leftOutLines(facts);
  const environment = environmentTable(facts);
  const blocks: PageBlock[] = [
    { key: "methods", text: "## Methods" },
    ...quotedSections(facts, "methods"),
    { key: "methods.plan", text: [...planLines(facts), ...changedCriteria(facts)].join("\n") },
  ];
  if (environment !== undefined) {
    blocks.push({ key: "methods.environment", text: "### Scripts and machines" });
    blocks.push({ key: "methods.environment.table", text: environment });
  }
  if (runs.length > 0) {
    blocks.push({ key: "methods.runs", text: "### Runs" });
    const from = "Times, limits and arguments are those of run.json in each run's folder.";
    blocks.push({ key: "methods.runs.source", text: from });
    blocks.push({ key: "methods.runs.table", text: runTable(facts) });
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

function planLines(facts: ReportContext): readonly string[] {
  const { plan } = facts.input.journal;
  const cited = (key: string): string => {
    const line = plan.lines[key];
    return line === undefined ? "" : ` (${citeJournal(line)})`;
  };
  const criterion = (key: "success" | "failure"): string => {
    const text = plan[key];
    if (text === undefined) return `- The journal states no ${key} criterion.`;
    return `- ${key === "success" ? "Success" : "Failure"}: ${code(text)}${cited(key)}`;
  };
  const lines = [`- ${hypothesisText(facts)}`, criterion("success"), criterion("failure")];
  if (plan.metrics.length > 0) {
    const keys = listed(plan.metrics.map((metric) => code(metric.key)));
    lines.push(`- Promised metrics: ${keys}${cited("metrics")}`);
  }
  lines.push(`- Script: ${code(plan.script)}${cited("script")}`);
  if (plan.baseline !== undefined) lines.push(baselineLine(facts, plan.baseline, cited));
  const rule = "runs whose written time limit is over two minutes";
  lines.push(
    plan.evidence === undefined
      ? `- Evidence: ${rule}, since \`evidence:\` names none.`
      : `- Evidence: ${listed(plan.evidence.map(code))}${cited("evidence")}`,
  );
  if (!hasSection(facts, "methods")) {
    lines.push("- The journal has no section on data, model or method.");
  }
  lines.push("- A metric in a criterion means its last logged value where no other word stands.");
  return lines;
}

function baselineLine(
  facts: ReportContext,
  target: string,
  cited: (key: string) => string,
): string {
  const { baseline } = facts.input;
  const runs = baseline?.kind === "run" ? (baseline.group ?? [baseline.run]) : [];
  const named = listed(runs.map((run) => link(code(run.folder), run.path)));
  const which = runs.length === 0 ? "" : `, which is ${named}`;
  return `- Baseline: ${code(target)}${cited("baseline")}${which}`;
}

/** One row for each distinct fact, with the number of runs that share it. */
function environmentTable(facts: ReportContext): string | undefined {
  const recorded = facts.input.runs.filter((run) => run.record !== undefined);
  if (recorded.length === 0) return undefined;
  const rows: string[][] = [];
  const add = (what: string, say: (record: RunRecord) => readonly string[]): void => {
    const found = new Map<string, ReportRun[]>();
    for (const run of recorded) {
      if (run.record === undefined) continue;
      for (const value of new Set(say(run.record))) {
        found.set(value, [...(found.get(value) ?? []), run]);
      }
    }
    const all = [...found];
    for (const [value, runs] of all.slice(0, REPORT_DISTINCT)) {
      rows.push([what, value, whichRuns(runs, recorded.length, facts)]);
    }
    const more = all.length - REPORT_DISTINCT;
    if (more > 0) rows.push([what, `and ${more} more, in the runs' run.json`, ""]);
  };
  add("script", (record) => [`${code(record.script)}, started by ${plain(record.runner)}`]);
  add("code", (record) => [codeText(record)]);
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

function whichRuns(runs: readonly ReportRun[], all: number, facts: ReportContext): string {
  if (runs.length === all && all === 2) return "both";
  if (runs.length === all) return all === 1 ? facts.label(runs[0] ?? unreachable()) : `all ${all}`;
  return runs.length <= 3 ? listed(runs.map(facts.label)) : counted(runs.length, "run");
}

function codeText(record: RunRecord): string {
  const { git, codeHash } = record;
  const hash = codeHash === undefined ? "" : `, scripts ${shortHash(codeHash)}`;
  if (git === undefined) return `no git commit${hash}`;
  const state = git.dirty ? " with uncommitted changes" : "";
  return `commit ${code(git.commit.slice(0, 12))}${state}${hash}`;
}

function present(value: string | undefined, say: (value: string) => string): readonly string[] {
  return value === undefined ? [] : [say(value)];
}

function shortHash(hash: string): string {
  return code(hash.slice(0, 12));
}

function unreachable(): never {
  throw new Error("A group of runs is never empty");
}
