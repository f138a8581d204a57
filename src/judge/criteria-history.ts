// Which runs started under another criterion than the one that stands in the journal now, by the
// record that each run keeps. How that is said is changed-criteria.ts.
import { evidenceOf } from "./evidence.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "./input.ts";

export type Which = "success" | "failure";

/** Whether a criterion is another one than when the first run with a result started. */
export function changedAfterResult(input: ReportInput, which: Which): boolean {
  return runsUnderAnother(input, which).some((run) => run.reading.series.length > 0);
}

/** Runs, by their records, that started under another text; ignored ones do not count. */
export function runsUnderAnother(input: ReportInput, which: Which): readonly ReportRun[] {
  const now = input.journal.plan[which];
  // A quick try before the plan was written confirms nothing, so it binds nothing either.
  const judged = new Set(evidenceOf(input).runs);
  return input.runs.filter(
    (run) =>
      run.record !== undefined &&
      (run.record.long || judged.has(run)) &&
      run.record.criteria[which] !== now &&
      run.record.verb !== "script" &&
      ignoredBy(input, run) === undefined,
  );
}
