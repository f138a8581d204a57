// Methods: the table of all runs with their state, start, duration, limit and arguments.
// What the runs measured is section-results.ts.
import { spanText } from "../../base/time.ts";
import type { ReportContext } from "./report-context.ts";
import type { Content, Literal, RichTable } from "./values.ts";
import { ignoredBy, runState, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { code, link, plain } from "../../base/markdown.ts";

/** The table, with a row for each run in the order of their start. */
export function runTable(context: ReportContext): RichTable {
  const head = ["run", "id", "state", "started", "took", "limit", "arguments"];
  return { head, rows: context.input.runs.map((run) => row(context.input, run)) };
}

/** The state of a run as a value: what run.json says of its end. */
export function stateOf(run: ReportRun): Literal {
  return saidOf(run, "state", runState(run));
}

/** That a run is ignored, or its setting, as a value. */
export function saidOf(
  run: ReportRun,
  says: "state" | "ignored" | "setting",
  token: string = says,
): Literal {
  return { kind: "literal", token, of: { run: run.path, says } };
}

/** The start of a run: `2025-02-02 14:30:00 +01:00` as recorded, else from the folder's name. */
export function startText(run: ReportRun): string {
  const recorded = stampText(run.record?.startedAt);
  if (recorded !== undefined) return recorded;
  const stamp = /^(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-/.exec(run.folder);
  return stamp === null ? "unknown" : `${stamp[1]} ${stamp[2]}:${stamp[3]}:${stamp[4]}`;
}

/** A recorded time as pages write it: `2025-02-02 14:30:00 +01:00`; undefined for other text. */
export function stampText(time: string | undefined): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\S*?(Z|[+-]\d{2}:\d{2})$/.exec(time ?? "");
  return match === null ? undefined : `${match[1]} ${match[2]} ${match[3]}`;
}

function row(input: ReportInput, run: ReportRun): readonly Content[] {
  const { record } = run;
  const ignored = ignoredBy(input, run) === undefined ? [] : [", ", saidOf(run, "ignored")];
  const state = [stateOf(run), ...ignored];
  const start = [link(plain(run.name), run.path), "", state, startText(run)];
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
