// Runs that were tried again: of several tries at one command only the latest counts.
// The earlier ones stay in the list of runs, with how they ended.
import type { ReportRun } from "./input.ts";

/** Runs without those that a later try of the same command has replaced. */
export function withoutEarlierAttempts(runs: readonly ReportRun[]): readonly ReportRun[] {
  const latest = new Map<string, number>();
  for (const run of runs) {
    const { id, number } = tryOf(run) ?? { id: "", number: 0 };
    latest.set(id, Math.max(number, latest.get(id) ?? 0));
  }
  return runs.filter((run) => {
    const one = tryOf(run);
    return one === undefined || one.number === latest.get(one.id);
  });
}

/** Which try at which command a run was; undefined where no record tells. */
function tryOf({
  record,
}: ReportRun): { readonly id: string; readonly number: number } | undefined {
  if (record === undefined) return undefined;
  const number = /-(\d{1,6})$/.exec(record.attempt)?.[1];
  return number === undefined ? undefined : { id: record.id, number: Number(number) };
}
