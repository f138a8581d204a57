// The input of a report: the journal as read, and each run of the experiment as found on disk.
// effects/run-store/experiment-files.ts gathers it, report/page/page.ts turns it into a page.
import type { Finding } from "../domain/finding.ts";
import type { IgnoredRun, JournalReading } from "../domain/journal.ts";
import type { Ending, PlotRef, RunOutcome, RunRecord } from "../domain/run.ts";
import type { RunReading } from "../domain/sample.ts";
import type { Curve } from "./curves.ts";

export interface ReportInput {
  /** The name of the experiment's folder: the page's title where the journal has none. */
  readonly experiment: string;
  readonly journal: JournalReading;
  /** The runs to ignore, from the journal and from IGNORED_RUNS.md. */
  readonly ignored: readonly IgnoredRun[];
  /** One for each folder below `runs/`, in the order of their start. */
  readonly runs: readonly ReportRun[];
  /** Pictures of the whole experiment. */
  readonly figures?: readonly ExperimentFigure[];
  /** Path from the page to the live page of all runs: `plots/index.html`. */
  readonly livePage?: string;
  /** What `baseline:` in the plan refers to; absent where the plan has none. */
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
  /** The folder's name without its time stamp. */
  readonly name: string;
  /** Path from the page to the run folder, with forward slashes: `runs/<folder>`. */
  readonly path: string;
  /** run.json; absent for a run started by hand, and where the file cannot be read. */
  readonly record?: RunRecord;
  /** Why run.json could not be read, in words, if the file exists. */
  readonly recordProblem?: string;
  readonly reading: RunReading;
  readonly findings: readonly Finding[];
  /** The last line of the traceback that ended it, with its file and line. */
  readonly lastLine?: NonNullable<RunOutcome["lastLine"]>;
  readonly plots: readonly PlotRef[];
  /** Its metrics as curves to compare with those of other runs. */
  readonly curves?: readonly Curve[];
}

export type Baseline =
  | {
      readonly kind: "run";
      readonly target: string;
      readonly run: ReportRun;
      /** All runs that the name means, if these are several that differ only in their seed. */
      readonly group?: readonly ReportRun[];
    }
  | {
      readonly kind: "unknown";
      readonly target: string;
      /** Paths of the runs that it could mean; empty where none fits. */
      readonly candidates: readonly string[];
    };

export type RunState = Ending | "running" | "by hand";

/** The state of a run. A record without an ending belongs to a run that is still running. */
export function runState(run: ReportRun): RunState {
  if (run.record === undefined) return "by hand";
  return run.record.ending ?? "running";
}

/** Whether a person's word means this run: its folder, name, id or attempt, or its sweep. */
export function meansRun(target: string, run: ReportRun): boolean {
  const bare = target.replace(/^(?:\.\/)?runs\//, "").replace(/\/+$/, "");
  return (
    bare === run.folder ||
    bare === run.name ||
    (run.record !== undefined && (bare === run.record.id || bare === run.record.attempt)) ||
    (run.record?.sweep !== undefined && Object.values(run.record.sweep).includes(bare))
  );
}

/** The entry by which a person ignores a run; undefined where there is none. */
export function ignoredBy(input: ReportInput, run: ReportRun): IgnoredRun | undefined {
  return input.ignored.find((entry) => meansRun(entry.target, run));
}
