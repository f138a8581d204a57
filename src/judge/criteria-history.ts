// Which runs started under a criterion other than the journal's present one, by the record that
// each run keeps. The words for it are report/page/changed-criteria.ts.
import { evidenceOf } from "./evidence.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "./input.ts";

export type Which = "success" | "failure";

/** Whether a criterion was changed after a run started that has a result. */
export function changedAfterResult(input: ReportInput, which: Which): boolean {
  return runsUnderAnother(input, which).some((run) => run.reading.series.length > 0);
}

/** The runs that started under another text of the criterion; ignored runs do not count. */
export function runsUnderAnother(input: ReportInput, which: Which): readonly ReportRun[] {
  const now = input.journal.plan[which];
  // A short run before the plan was written is no evidence, so the criterion may change after it.
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
