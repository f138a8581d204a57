// What the hands of a run need to know of the world, as it is when they ask.
import type { ExperimentPath } from "../../base/ids.ts";
import type { Plan } from "../../domain/journal.ts";
import type { AttemptSpec } from "../../domain/run.ts";

export interface RunContext {
  readonly plan: (experiment: ExperimentPath) => Plan;
  readonly timeZone: (lab: string) => string;
  /** How long plots rest after a renewal. */
  readonly renewMs: (experiment: ExperimentPath) => number;
  /** Folders of the experiment's other runs. */
  readonly takenFolders: (spec: AttemptSpec) => ReadonlySet<string>;
  readonly reportTouched: (experiment: ExperimentPath) => void;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  readonly version: string;
}
