// A run that repeats an earlier one: which one, what differs, and how the two compare.
// effects/repeat/restore-run.ts restores the earlier run's code and packages.
import type { CommandId, RunFolder } from "../base/ids.ts";

/** The run that a command repeats. */
export interface Repeats {
  readonly id: CommandId;
  readonly folder: RunFolder;
  /** What differs from the earlier run, in words: another machine, another GPU. */
  readonly differs: readonly string[];
  /** Packages to install, where no lock file pins them. */
  readonly pinned?: PinnedEnvironment;
}

/** The packages of an earlier run, in exact versions. */
export interface PinnedEnvironment {
  /** Absolute path of a requirements file; absent: it had no packages. */
  readonly requirements?: string;
  /** Version of Python, where it is known: `3.12.4`. */
  readonly python?: string;
}

/** The metrics of a repeat compared with those of the earlier run; values as logged. */
export interface RepeatCompared {
  /** Number of metrics with the same last value and the same number of values. */
  readonly equal: number;
  readonly different: readonly {
    readonly metric: string;
    /** The last value in the earlier run and in the repeat; absent: not logged there. */
    readonly was?: string;
    readonly is?: string;
  }[];
}
