// A summary of a finished run, small enough to keep for comparison with later runs.
// rules/digest.ts makes it from the run's record and logs, for the rules that compare runs.

export interface RunDigest {
  readonly folder: string;
  /** The run's name, which is an argument of the script, without its seed. */
  readonly name?: string;
  readonly verb: string;
  readonly script: string;
  /** The arguments after the run's name, without a seed. */
  readonly args: readonly string[];
  readonly seed?: string;
  readonly codeHash?: string;
  /** Its ending is `done`. */
  readonly done: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly metrics: readonly MetricDigest[];
  /** Median time of a step, ms, where the logs show it. */
  readonly stepMs?: number;
}

export interface MetricDigest {
  readonly key: string;
  readonly count: number;
  readonly last: number;
  readonly min?: number;
  readonly max?: number;
  /** Hash of all values; only for series so long and precise that two are not equal by chance. */
  readonly hash?: string;
}
