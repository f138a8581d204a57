// The table of all runs in Methods: who, how it went, when, how long, and with which arguments.
// What the runs measured is in Results.
import { spanText } from "../../base/time.ts";
import type { ReportContext } from "../../judge/report-context.ts";
import { ignoredBy, runState, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { code, link, plain, table } from "../../base/markdown.ts";

/** One row a run, in the order of their start. */
export function runTable(facts: ReportContext): string {
  const head = ["run", "id", "state", "started", "took", "limit", "arguments"];
  return table(
    head,
    facts.input.runs.map((run) => row(facts.input, run)),
  );
}

/** `2025-02-02 14:30:00 +01:00` as recorded, else the stamp of the folder's name. */
export function startText(run: ReportRun): string {
  const recorded = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\S*?(Z|[+-]\d{2}:\d{2})$/.exec(
    run.record?.startedAt ?? "",
  );
  if (recorded !== null) return `${recorded[1]} ${recorded[2]} ${recorded[3]}`;
  const stamp = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-/.exec(run.folder);
  return stamp === null ? "unknown" : `${stamp[1]} ${stamp[2]}:${stamp[3]}:${stamp[4]}`;
}

function row(input: ReportInput, run: ReportRun): readonly string[] {
  const { record } = run;
  const state = runState(run);
  const ignored = ignoredBy(input, run) === undefined ? "" : ", ignored";
  const start = [link(plain(run.name), run.path), "", `${state}${ignored}`, startText(run)];
  if (record === undefined) return [...start, "", "", ""];
  const args = record.args.filter((arg, index) => index > 0 || arg !== record.name);
  return [
    start[0] ?? "",
    plain(record.id),
    start[2] ?? "",
    start[3] ?? "",
    record.seconds === undefined ? "" : spanText(record.seconds * 1000),
    spanText(record.limitMs),
    args.length === 0 ? "" : code(args.join(" ")),
  ];
}
