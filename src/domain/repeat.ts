// A run that repeats an earlier one: what it repeats, with what, and how the two compare.
// What can be had again is found out in effects/repeat/restore-run.ts.
import type { CommandId, RunFolder } from "../base/ids.ts";

export interface Repeats {
  readonly id: CommandId;
  readonly folder: RunFolder;
  /** What is not as it was then, in words: another machine, another GPU. */
  readonly differs: readonly string[];
  /** Packages to be installed anew, where no lock says them. */
  readonly pinned?: PinnedEnvironment;
}

export interface PinnedEnvironment {
  /** Absolute path of a requirements file with exact versions; absent: it had no packages. */
  readonly requirements?: string;
  /** Version of Python, where it is known: `3.12.4`. */
  readonly python?: string;
}

/** The metrics of a repeated run beside those of the run it repeats; values as logged. */
export interface RepeatCompared {
  /** Metrics whose last value, and how many there are, are the same. */
  readonly equal: number;
  readonly different: readonly {
    readonly metric: string;
    /** Absent: that run did not log it. */
    readonly was?: string;
    readonly is?: string;
  }[];
}
