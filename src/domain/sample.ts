// What is read from logs: samples, series, and lines that show how a run went.
// logs/ parses the lines; nothing here keeps a whole log in memory.

/**
 * A line in a run's files. Lines count from 1 and end with LF; `offset` is that of the line's first
 * byte, from 0.
 */
export interface LogPlace {
  /** Relative to the run folder: `logs/train.log`. */
  readonly file: string;
  readonly line: number;
  readonly offset: number;
}

/** One logged value. */
export interface Sample extends LogPlace {
  /** The key as logged, with its split in front: `val/loss`. */
  readonly key: string;
  readonly step?: number;
  /** The parsed number; NaN and ±Infinity where logged so. */
  readonly value: number;
  /** The token as logged: reports compare and print this, never a rounded double. */
  readonly token: string;
  /** Time stamp of the line, ms since 1970 as if it were UTC, where it has one. */
  readonly stampMs?: number;
}

/** First, last and extreme samples of a series: all that receipts and tables show. */
export interface MetricSummary {
  readonly key: string;
  readonly count: number;
  readonly first: Sample;
  readonly last: Sample;
  /** Smallest and largest finite value; absent when none is finite. */
  readonly min?: Sample;
  readonly max?: Sample;
  /** First NaN or infinite sample, and how many there are. */
  readonly notFinite?: Sample;
  readonly notFiniteCount: number;
}

/** All values of one metric of one run, in file order. */
export interface Series {
  readonly summary: MetricSummary;
  /** Name of the x axis: the logged key, or "sample" where no step was logged. */
  readonly stepKey: "step" | "epoch" | "iteration" | "sample";
  /** x of each value; `sample` counts from 0. */
  readonly steps: Float64Array;
  readonly values: Float64Array;
  /** 1-based line of each value. */
  readonly lines: Uint32Array;
  /**
   * Set where there were too many values to keep: of each group of this many values in file order
   * only the first, smallest, largest, last and first not finite one are here. The summary is
   * exact nevertheless.
   */
  readonly reducedBy?: number;
  /** Set with `reducedBy`: indices of the first value of each group, and of the very last. */
  readonly even?: Uint32Array;
  /**
   * Index of the first value of the last attempt, where a file holds several: the step fell far
   * back without a new epoch. `notFinite` of the summary is of that attempt.
   */
  readonly attemptFrom?: number;
  /** Where values come from several files: each file with the index of its first value. */
  readonly parts?: readonly { readonly file: string; readonly from: number }[];
}

/** A Python traceback found in a log or on the console. */
export interface Traceback extends LogPlace {
  /** Its last line, `ValueError: bad input`, and that line's number. */
  readonly lastLine: string;
  readonly lastLineNumber: number;
  readonly lastLineOffset: number;
  /** A metric was logged after it: in its own file, or by time stamp in another. */
  readonly metricAfter: boolean;
  /** Its last line is in the last fifth of its file's bytes, or a few lines before the end. */
  readonly late: boolean;
}

/** A line that names a known cause of failure. */
export interface DeathMarker extends LogPlace {
  readonly kind: "gpu-out-of-memory" | "host-out-of-memory" | "disk-full" | "import-error";
  readonly text: string;
  readonly metricAfter: boolean;
}

/** A metric line whose step is below the one before it. */
export interface StepFall extends LogPlace {
  readonly from: number;
  readonly to: number;
  /** Both lines name an epoch, and this one a later one. */
  readonly epochRose: boolean;
}

/** A warning that was logged ten times or more; numbers in it may differ. */
export interface Warning {
  readonly text: string;
  readonly count: number;
  readonly first: LogPlace;
}

/** When lines of a file were written, ascending; every n-th stamped line where there are many. */
export interface Timeline {
  readonly lines: Uint32Array;
  /** Ms since 1970, as if the stamps were UTC. */
  readonly stampsMs: Float64Array;
}

/** What the lines of one file show besides metrics. */
export interface LineFacts {
  readonly file: string;
  /** Time stamps, ms since 1970 as if they were UTC. */
  readonly firstStampMs?: number;
  readonly lastStampMs?: number;
  readonly longestGapMs: number;
  /** Absent where no line has a time stamp. */
  readonly timeline?: Timeline;
  /** Time stamps that go back by more than 2 s. */
  readonly timeFalls: {
    readonly count: number;
    readonly first?: LogPlace & { readonly byMs: number };
  };
  readonly falls: readonly StepFall[];
  /** Step and time stamp of metric lines; every n-th where there are many. */
  readonly pace: { readonly steps: Float64Array; readonly stampsMs: Float64Array };
  readonly warnings: readonly Warning[];
  /** The last `done/total` that was logged. */
  readonly progress?: {
    readonly unit: "step" | "epoch";
    readonly done: number;
    readonly total: number;
  };
  /** A line that says that the run falls back to the CPU. */
  readonly cpu?: LogPlace & { readonly text: string };
  /** The run began by loading weights. */
  readonly restored: boolean;
}

/** Everything that the logs of one run show. */
export interface RunReading {
  /** In order of first appearance. */
  readonly series: readonly Series[];
  readonly tracebacks: readonly Traceback[];
  readonly deathMarkers: readonly DeathMarker[];
  /** The last lines of the console, newest last, to be shown. */
  readonly lastLines: readonly string[];
  /** Metric lines that could not be parsed. */
  readonly unread: {
    readonly count: number;
    readonly first?: LogPlace & { readonly text: string };
    /** Some of them, including the first. */
    readonly samples?: readonly (LogPlace & { readonly text: string })[];
  };
  /** What lines show besides metrics, by file; absent in cached readings (reading-cache.ts). */
  readonly lineFacts?: readonly LineFacts[];
  /** Each file read, with its size. */
  readonly files: readonly {
    readonly file: string;
    readonly lines: number;
    readonly bytes: number;
  }[];
}
