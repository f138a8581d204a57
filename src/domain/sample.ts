// What is read from logs: samples, series and the lines that tell how a run went.
// How lines are understood is in logs/; nothing here keeps a whole log in memory.

/**
 * Where in a run's files something stands. Lines count from 1 and end with LF; the offset is that
 * of the line's first byte, from 0.
 */
export interface LogPlace {
  /** Relative to the run folder: `logs/train.log`. */
  readonly file: string;
  readonly line: number;
  readonly offset: number;
}

/** One logged value. */
export interface Sample extends LogPlace {
  /** As logged, a split put in front: `val/loss`. */
  readonly key: string;
  readonly step?: number;
  /** The parsed number; NaN and ±Infinity where logged so. */
  readonly value: number;
  /** The literal token of the log: reports compare and print this, never a rounded double. */
  readonly token: string;
  /** Wall-clock stamp of the line in ms since 1970 taken as if it were UTC, where it has one. */
  readonly stampMs?: number;
}

/** First, last and extreme samples of a series: all that a receipt or a table shows of it. */
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
   * Set where there were too many values to keep: of each stretch of so many values in file order
   * only the first, smallest, largest, last and first that is not finite are here. The summary is
   * exact all the same.
   */
  readonly reducedBy?: number;
  /** Set with it: indices of the first value of each stretch, and of the very last. */
  readonly even?: Uint32Array;
  /**
   * Index of the first value of the last attempt, where several were appended to one file: the
   * step fell far back, and not with a new epoch. `notFinite` of the summary is of that attempt.
   */
  readonly attemptFrom?: number;
  /** Where values come from several files: each file, and the index of its first value. */
  readonly parts?: readonly { readonly file: string; readonly from: number }[];
}

/** A Python traceback found in a log or on the console. */
export interface Traceback extends LogPlace {
  /** Its last line, `ValueError: bad input`, and that line's number. */
  readonly lastLine: string;
  readonly lastLineNumber: number;
  readonly lastLineOffset: number;
  /** A metric was logged after it, in its own file or, by the stamps, in another. */
  readonly metricAfter: boolean;
  /** Its last line ends in the last fifth of its file's bytes, or a few lines before its end. */
  readonly late: boolean;
}

/** A line that names a known cause of death. */
export interface DeathMarker extends LogPlace {
  readonly kind: "gpu-out-of-memory" | "host-out-of-memory" | "disk-full" | "import-error";
  readonly text: string;
  readonly metricAfter: boolean;
}

/** A metric line whose step is below the one before it. */
export interface StepFall extends LogPlace {
  readonly from: number;
  readonly to: number;
  /** The line and the one before it name epochs, and its own is the later one. */
  readonly epochRose: boolean;
}

/** A warning that came ten times or more; its numbers may differ. */
export interface Warning {
  readonly text: string;
  readonly count: number;
  readonly first: LogPlace;
}

/** When lines of one file were written: lines rise, every n-th stamped one where there are many. */
export interface Timeline {
  readonly lines: Uint32Array;
  /** In ms since 1970 taken as if they were UTC. */
  readonly stampsMs: Float64Array;
}

/** What the lines of one file tell besides metrics. */
export interface LineFacts {
  readonly file: string;
  /** Stamps in ms since 1970 taken as if they were UTC. */
  readonly firstStampMs?: number;
  readonly lastStampMs?: number;
  readonly longestGapMs: number;
  /** Absent where no line has a stamp. */
  readonly timeline?: Timeline;
  /** Stamps that fall by more than 2 s. */
  readonly timeFalls: {
    readonly count: number;
    readonly first?: LogPlace & { readonly byMs: number };
  };
  readonly falls: readonly StepFall[];
  /** Step and stamp of metric lines; every n-th where there are many. */
  readonly pace: { readonly steps: Float64Array; readonly stampsMs: Float64Array };
  readonly warnings: readonly Warning[];
  /** The last `done/total` that a line told. */
  readonly progress?: {
    readonly unit: "step" | "epoch";
    readonly done: number;
    readonly total: number;
  };
  /** A line that says that the run computes on the CPU for want of a GPU. */
  readonly cpu?: LogPlace & { readonly text: string };
  /** It began by loading weights. */
  readonly restored: boolean;
}

/** Everything known of one run from its logs. */
export interface RunReading {
  /** In order of first appearance. */
  readonly series: readonly Series[];
  readonly tracebacks: readonly Traceback[];
  readonly deathMarkers: readonly DeathMarker[];
  /** Last lines of the console, newest last, for a person. */
  readonly lastLines: readonly string[];
  /** Metric lines that could not be understood, with a sample. */
  readonly unread: {
    readonly count: number;
    readonly first?: LogPlace & { readonly text: string };
    /** Some of them, the first among them. */
    readonly samples?: readonly (LogPlace & { readonly text: string })[];
  };
  /** What lines tell besides metrics, file by file; absent where only metrics were taken over. */
  readonly lineFacts?: readonly LineFacts[];
  /** `{ "logs/train.log": lines }` of each file read. */
  readonly files: readonly {
    readonly file: string;
    readonly lines: number;
    readonly bytes: number;
  }[];
}
