// Chooses the runs that are evidence for the criteria, and names those that cannot be judged and
// why. Judging them is verdict.ts.
import { settingOf } from "./groups.ts";
import { ignoredBy, meansRun, runState, type ReportInput, type ReportRun } from "./input.ts";
import { withoutEarlierAttempts } from "./attempts.ts";

export interface Evidence {
  /** By `evidence:` in the plan, or by the rule on time limits. */
  readonly how: "named" | "long";
  /** In the order of their start. */
  readonly runs: readonly ReportRun[];
  /** Why these runs cannot be judged; empty where they can. */
  readonly obstacles: readonly Obstacle[];
}

/** A reason why a criterion cannot be judged. */
export interface Obstacle {
  /** The run that is the reason, if it is one run. */
  readonly run?: ReportRun;
  /** A clause without the run's name and without a full stop: `failed`. */
  readonly text: string;
}

/**
 * The runs that are evidence: those that `evidence:` names, else each training run that has a
 * written time limit of over two minutes. Ignored runs never count.
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

/** Why these runs cannot be judged or compared with; empty where all can. */
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

/** A run of the training script. Any other script is evidence only if `evidence:` names its run. */
function isTraining(run: ReportRun): boolean {
  return run.record?.verb === "run";
}

/** Runs of several settings are several candidates, not several measurements of one. */
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
