// Methods: criteria that were changed after a run started, with both texts and their times, from
// the runs' records. Whether a change came after a result is judge/criteria-history.ts.
import { citeJournal, type ReportContext } from "./report-context.ts";
import { changedAfterResult, runsUnderAnother, type Which } from "../../judge/criteria-history.ts";
import type { ReportRun } from "../../judge/input.ts";
import { code, counted, listed } from "../../base/markdown.ts";
import { stampText, startText } from "./run-table.ts";

/** A list item for each criterion that was changed; none where none was. */
export function changedCriteria(context: ReportContext): readonly string[] {
  return (["success", "failure"] as const).flatMap((which) => linesOf(context, which));
}

function linesOf(context: ReportContext, which: Which): readonly string[] {
  const { input } = context;
  const runs = runsUnderAnother(input, which);
  if (runs.length === 0) return [];
  const before = new Map<string, ReportRun[]>();
  for (const run of runs) {
    const text = run.record?.criteria[which];
    const written = text === undefined ? "none" : code(text);
    before.set(written, [...(before.get(written) ?? []), run]);
  }
  const { plan } = input.journal;
  const now = plan[which];
  const line = plan.lines[which];
  const cited = line === undefined ? "" : ` (${citeJournal(line)})`;
  const after = changedAfterResult(input, which)
    ? "was changed after the first result"
    : "was changed after the first start";
  const texts = [...before].map(([written, under]) => {
    const who = under.length > 5 ? counted(under.length, "run") : listed(under.map(context.label));
    const [first] = under;
    const when = first === undefined ? "" : `, the first of them at ${startText(first)}`;
    return `${written} when ${who} started${under.length > 1 ? when : when.replace(", the first of them", "")}`;
  });
  const first = runs.find(
    (run) => run.record?.endedAt !== undefined && run.reading.series.length > 0,
  );
  const result =
    first === undefined
      ? ""
      : ` The first result under an earlier text is that of ${context.label(first)}, which ended at ${stampText(first.record?.endedAt) ?? "an unknown time"}.`;
  return [
    `- The ${which} criterion ${after}. It was ${listed(texts)}. It is ${now === undefined ? "none" : code(now)} now${cited}.${result}`,
  ];
}
