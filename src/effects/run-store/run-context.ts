// What the effect handlers of a run look up in the world, at the moment they ask.
import type { ExperimentPath } from "../../base/ids.ts";
import type { Plan } from "../../domain/journal.ts";
import type { AttemptSpec } from "../../domain/run.ts";

export interface RunContext {
  readonly plan: (experiment: ExperimentPath) => Plan;
  readonly timeZone: (lab: string) => string;
  /** Least time between two renewals of a run's plots, in ms. */
  readonly renewMs: (experiment: ExperimentPath) => number;
  /** Folders that belong to other runs of the experiment. */
  readonly takenFolders: (spec: AttemptSpec) => ReadonlySet<string>;
  /** The experiment's report is out of date. */
  readonly reportTouched: (experiment: ExperimentPath) => void;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  /** Version of nightlab. */
  readonly version: string;
}
