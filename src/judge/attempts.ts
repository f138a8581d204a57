// Of several attempts at one command only the latest counts as a run of the experiment.
// The earlier ones stay in the report's list of runs, with how they ended.
import type { ReportRun } from "./input.ts";

/** The runs without those that a later attempt at the same command replaced. */
export function withoutEarlierAttempts(runs: readonly ReportRun[]): readonly ReportRun[] {
  const latest = new Map<string, number>();
  for (const run of runs) {
    const { id, number } = attemptOf(run) ?? { id: "", number: 0 };
    latest.set(id, Math.max(number, latest.get(id) ?? 0));
  }
  return runs.filter((run) => {
    const one = attemptOf(run);
    return one === undefined || one.number === latest.get(one.id);
  });
}

/** The command of a run and the attempt's number; undefined where no record gives them. */
function attemptOf({
  record,
}: ReportRun): { readonly id: string; readonly number: number } | undefined {
  if (record === undefined) return undefined;
  const number = /-(\d{1,6})$/.exec(record.attempt)?.[1];
  return number === undefined ? undefined : { id: record.id, number: Number(number) };
}
