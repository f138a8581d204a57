// What a finished run comes to, small enough to lay it beside the later runs of its experiment.
// It is made from its record and logs in rules/digest.ts; the rules that compare ask for it.

export interface RunDigest {
  readonly folder: string;
  /** The run's name without its seed: it is an argument of the script like any other. */
  readonly name?: string;
  readonly verb: string;
  readonly script: string;
  /** Arguments after the run's name, a seed among them left out. */
  readonly args: readonly string[];
  readonly seed?: string;
  readonly codeHash?: string;
  /** It ended as it should. */
  readonly done: boolean;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly metrics: readonly MetricDigest[];
  /** Median time of a step in ms, where the logs tell it. */
  readonly stepMs?: number;
}

export interface MetricDigest {
  readonly key: string;
  readonly count: number;
  readonly last: number;
  readonly min?: number;
  readonly max?: number;
  /** Hash of all its values; only for series long and fine enough that chance repeats none. */
  readonly hash?: string;
}
