// Criteria that were others when a run started: both texts with their times, from the run's own
// record. A criterion that was changed once a result was there is bound to it no longer.
import { citeJournal, type ReportContext } from "../../judge/report-context.ts";
import { changedAfterResult, runsUnderAnother, type Which } from "../../judge/criteria-history.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, counted, listed } from "../../base/markdown.ts";
import { startText } from "./run-table.ts";

/** List items, one for each text that a criterion has had; none where nothing was changed. */
export function changedCriteria(facts: ReportContext): readonly string[] {
  return (["success", "failure"] as const).flatMap((which) => linesOf(facts, which));
}

function linesOf(facts: ReportContext, which: Which): readonly string[] {
  const { input } = facts;
  const runs = runsUnderAnother(input, which);
  if (runs.length === 0) return [];
  const before = new Map<string, ReportRun[]>();
  for (const run of runs) {
    const text = run.record?.criteria[which];
    const said = text === undefined ? "none" : code(text);
    before.set(said, [...(before.get(said) ?? []), run]);
  }
  const { plan } = input.journal;
  const now = plan[which];
  const line = plan.lines[which];
  const place = line === undefined ? "" : ` (${citeJournal(line)})`;
  const after = changedAfterResult(input, which)
    ? "was changed after the first result"
    : "was changed after the first start";
  const texts = [...before].map(([said, under]) => {
    const who = under.length > 5 ? counted(under.length, "run") : listed(under.map(facts.label));
    const [first] = under;
    const when = first === undefined ? "" : `, the first of them at ${startText(first)}`;
    return `${said} when ${who} started${under.length > 1 ? when : when.replace(", the first of them", "")}`;
  });
  const first = runs.find(
    (run) => run.record?.endedAt !== undefined && run.reading.series.length > 0,
  );
  const result =
    first === undefined
      ? ""
      : ` The first result under an earlier text is that of ${facts.label(first)}, which ended at ${stamp(first.record?.endedAt)}.`;
  return [
    `- The ${which} criterion ${after}. It was ${listed(texts)}. It is ${now === undefined ? "none" : code(now)} now${place}.${result}`,
  ];
}

function stamp(time: string | undefined): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})\S*?(Z|[+-]\d{2}:\d{2})$/.exec(time ?? "");
  return match === null ? "an unknown time" : `${match[1]} ${match[2]} ${match[3]}`;
}
