// Chooses the runs that the criteria judge, and says which of them cannot be judged, and why.
// The judging itself is verdict.ts.
import { settingOf } from "./groups.ts";
import { ignoredBy, meansRun, runState, type ReportInput, type ReportRun } from "./input.ts";
import { withoutEarlierAttempts } from "./attempts.ts";

export interface Evidence {
  readonly how: "named" | "long";
  /** In the order of their start. */
  readonly runs: readonly ReportRun[];
  /** Why nothing can be judged on them, each a clause in words; empty where all is well. */
  readonly obstacles: readonly Obstacle[];
}

export interface Obstacle {
  /** The run that it is about, where it is about one. */
  readonly run?: ReportRun;
  /** A clause without a full stop, the run's name left out: `failed`. */
  readonly text: string;
}

/**
 * The runs that are evidence: those that `evidence:` names, else every run whose time limit was
 * written and is over two minutes. Ignored runs never count.
 */
export function evidenceOf(input: ReportInput): Evidence {
  const counted = withoutEarlierAttempts(
    input.runs.filter((run) => ignoredBy(input, run) === undefined),
  );
  const named = input.journal.plan.evidence;
  if (named === undefined) {
    const runs = counted.filter((run) => run.record?.long === true && isTraining(run));
    return { how: "long", runs, obstacles: [...severalCandidates(runs), ...unfit(runs)] };
  }
  const runs = counted.filter((run) => named.some((target) => meansRun(target, run)));
  const absent = named.filter((target) => !runs.some((run) => meansRun(target, run)));
  const obstacles = absent.map((target) => ({ text: absentText(input, target) }));
  return { how: "named", runs, obstacles: [...obstacles, ...unfit(runs)] };
}

/** Why one run cannot be judged, or be compared with; empty where it can. */
export function unfit(runs: readonly ReportRun[]): readonly Obstacle[] {
  return runs.flatMap((run) => {
    const state = runState(run);
    switch (state) {
      case "running":
        return [{ run, text: "has not ended yet" }];
      case "failed":
      case "stopped":
      case "lost":
        return [{ run, text: ENDED[state] }];
      case "done":
      case "by hand":
        return [];
    }
  });
}

const ENDED = { failed: "failed", stopped: "was stopped", lost: "is lost" } as const;

/** A run of the training script; an evaluation or another script makes no evidence unnamed. */
function isTraining(run: ReportRun): boolean {
  return run.record?.verb === "run";
}

/** Runs that differ in more than their seed are several candidates, not several measurements. */
function severalCandidates(runs: readonly ReportRun[]): readonly Obstacle[] {
  const kinds = new Set(runs.map(settingOf));
  if (kinds.size < 2) return [];
  const text = `${runs.length} long runs differ in more than their seed, and \`evidence:\` names none of them; the best of several would confirm nothing`;
  return [{ text }];
}

function absentText(input: ReportInput, target: string): string {
  const ignored = input.runs.some((run) => meansRun(target, run));
  return ignored
    ? `\`evidence:\` names \`${target}\`, which is listed among the ignored runs`
    : `\`evidence:\` names \`${target}\`, and there is no such run yet`;
}
