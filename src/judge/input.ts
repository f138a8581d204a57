// What a report is made from: the journal as read, and every run of the experiment as found.
// It is gathered by effects/run-store/experiment-files.ts and said by page.ts.
import type { Finding } from "../domain/finding.ts";
import type { IgnoredRun, JournalReading } from "../domain/journal.ts";
import type { Ending, PlotRef, RunOutcome, RunRecord } from "../domain/run.ts";
import type { RunReading } from "../domain/sample.ts";
import type { Curve } from "./curves.ts";

export interface ReportInput {
  /** The experiment's folder name: its title where the journal has none. */
  readonly experiment: string;
  readonly journal: JournalReading;
  /** Of the journal and of IGNORED_RUNS.md together. */
  readonly ignored: readonly IgnoredRun[];
  /** Every folder below `runs/`, in the order of their start. */
  readonly runs: readonly ReportRun[];
  /** Pictures of the whole experiment that lie beside the page. */
  readonly figures?: readonly ExperimentFigure[];
  /** Path from the page to the live page of all runs: `plots/index.html`. */
  readonly livePage?: string;
  /** What `baseline:` names, where it names something. */
  readonly baseline?: Baseline;
}

export interface ExperimentFigure {
  /** `last val/loss of each run that ended`. */
  readonly title: string;
  readonly caption: string;
  /** Path from the page: `plots/final-last-val-loss.webp`. */
  readonly file: string;
}

export interface ReportRun {
  /** Name of the folder below `runs/`. */
  readonly folder: string;
  /** The run's name: the folder's without its time stamp. */
  readonly name: string;
  /** Path from the page to the run folder, with forward slashes: `runs/<folder>`. */
  readonly path: string;
  /** Absent for a run that a person started by hand, and where run.json cannot be read. */
  readonly record?: RunRecord;
  /** Why run.json could not be read, in words, where it is there. */
  readonly recordProblem?: string;
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  /** The last line of the traceback that ended it, and where it stands. */
  readonly lastLine?: NonNullable<RunOutcome["lastLine"]>;
  readonly plots: readonly PlotRef[];
  /** What its metrics look like beside those of other runs. */
  readonly curves?: readonly Curve[];
}

export type Baseline =
  | {
      readonly kind: "run";
      readonly target: string;
      readonly run: ReportRun;
      /** Where the name means several runs that differ in nothing but their seed: all of them. */
      readonly group?: readonly ReportRun[];
    }
  | {
      readonly kind: "unknown";
      readonly target: string;
      /** Paths of the runs that it could mean; empty where no run fits. */
      readonly candidates: readonly string[];
    };

export type RunState = Ending | "running" | "by hand";

/** How a run stands. A record without an ending is of a run that goes on. */
export function runState(run: ReportRun): RunState {
  if (run.record === undefined) return "by hand";
  return run.record.ending ?? "running";
}

/** Whether a person's word means this run: its folder, id, attempt or name, or its sweep's. */
export function meansRun(target: string, run: ReportRun): boolean {
  const bare = target.replace(/^(?:\.\/)?runs\//, "").replace(/\/+$/, "");
  return (
    bare === run.folder ||
    bare === run.name ||
    (run.record !== undefined && (bare === run.record.id || bare === run.record.attempt)) ||
    (run.record?.sweep !== undefined && Object.values(run.record.sweep).includes(bare))
  );
}

/** The line that leaves a run out, where there is one. */
export function ignoredBy(input: ReportInput, run: ReportRun): IgnoredRun | undefined {
  return input.ignored.find((entry) => meansRun(entry.target, run));
}
