// Takes the values that one log file holds and keeps a series store for each of its metrics. The
// readers of all formats give their values here. Whether a metric looks wrong is left to rules/.
import type { Series } from "../../domain/sample.ts";
import type { SectionCounter } from "../lines/section-counter.ts";
import type { Grade, LineStep } from "../lines/metric-line.ts";
import { type NewValue, type SeriesStore, createSeriesStore } from "./series-store.ts";

/** Metrics of one log file: each costs memory until the run is forgotten, and nobody reads more. */
export const SERIES_PER_FILE = 5_000;
/** Values kept in all series of a run together: 30 MB at 20 bytes a value. */
export const POINTS_PER_RUN = 1_500_000;
/** Values that one series keeps at most. Up to this number, all of them are kept exactly. */
export const POINTS_PER_SERIES = 65_536;
/** Values that one series may always keep, even where POINTS_PER_RUN is passed by that. */
const POINTS_LEAST = 256;
/** Metrics in all logs of one run: each costs a few KB. */
const SERIES_PER_RUN = 20_000;

/** What the files of one run share: the number of its series, and so how much each may keep. */
export interface RunBudget {
  /** Counts one more series; false when there are too many already. */
  readonly take: () => boolean;
  /** Takes this many series off the count. */
  readonly give: (series: number) => void;
  /** Values that one series may keep exactly: a power of two. */
  readonly points: () => number;
}

/** A budget with nothing spent. */
export function createRunBudget(): RunBudget {
  let count = 0;
  let points = POINTS_PER_SERIES;
  const settle = (): void => {
    points = POINTS_PER_SERIES;
    while (points > POINTS_LEAST && points * count > POINTS_PER_RUN) points /= 2;
  };
  return {
    take() {
      if (count >= SERIES_PER_RUN) return false;
      count += 1;
      settle();
      return true;
    },
    give(series) {
      count -= series;
      settle();
    },
    points: () => points,
  };
}

/** Where the metrics of a file end: an error after this was not survived. */
export interface MetricsEnd {
  /** Byte offset of the last line with a metric; -1 without one. */
  readonly offset: number;
  /** Largest stamp of a line with a metric, ms. */
  readonly stampMs?: number;
}

/** Where a reader puts the values of one line or record after another. */
export interface MetricSink {
  /** The value that `add` takes, filled by the reader; `begin` sets what its line has in common. */
  readonly incoming: NewValue;
  /** Begins a line or record. The token's position or text is set with each value. */
  begin(line: number, offset: number, stampMs: number): void;
  /** Sets the x of the line's values; an epoch also becomes the file's. */
  setStep(key: LineStep["key"] | undefined, value: number): void;
  /**
   * Sets the x that lines above announced, for a line without its own; nothing if there is none.
   */
  setSectionCounter(announced: SectionCounter): void;
  /** The store of a key; undefined for a blank key and where the file or run has too many. */
  storeOf(key: string): SeriesStore | undefined;
  /** Adds `incoming` to a store. */
  add(store: SeriesStore, grade: Grade): void;
  /** Ends a line whose values count as metrics. */
  end(): void;
  /** Copies the tokens out of `bytes`, which is about to be reused. */
  settle(bytes: Uint8Array): void;
  /** Sets the file's epoch, which lines without metrics announce as well. */
  sawEpoch(epoch: number): void;
  series(): readonly Series[];
  metricsEnd(): MetricsEnd;
  /** Gives the file's series back to the run's budget; the sink is not used afterwards. */
  drop(): void;
}

/** An empty sink for the log file named `file`. */
export function createMetricSink(file: string, budget: RunBudget): MetricSink {
  return new FileSink(file, budget);
}

class FileSink implements MetricSink {
  readonly incoming: NewValue = {
    value: 0,
    line: 0,
    offset: 0,
    step: Number.NaN,
    stepKey: undefined,
    announced: false,
    stampMs: Number.NaN,
    epoch: -1,
    start: 0,
    end: 0,
    token: undefined,
  };
  readonly #file: string;
  readonly #budget: RunBudget;
  readonly #stores = new Map<string, SeriesStore>();
  /** Stores with tokens that are still in the reader's bytes. */
  #unsettled: SeriesStore[] = [];
  #endOffset = -1;
  #endStampMs = Number.NaN;

  constructor(file: string, budget: RunBudget) {
    this.#file = file;
    this.#budget = budget;
  }

  begin(line: number, offset: number, stampMs: number): void {
    const { incoming } = this;
    incoming.line = line;
    incoming.offset = offset;
    incoming.stampMs = stampMs;
    incoming.token = undefined;
    incoming.step = Number.NaN;
    incoming.stepKey = undefined;
    incoming.announced = false;
  }

  setStep(key: LineStep["key"] | undefined, value: number): void {
    this.incoming.stepKey = key;
    this.incoming.step = value;
    if (key === "epoch") this.incoming.epoch = value;
  }

  setSectionCounter({ key, value }: SectionCounter): void {
    if (key === undefined) return;
    this.incoming.stepKey = key;
    this.incoming.step = value;
    this.incoming.announced = true;
  }

  storeOf(key: string): SeriesStore | undefined {
    const known = this.#stores.get(key);
    if (known !== undefined) return known;
    if (key.trim() === "" || this.#stores.size >= SERIES_PER_FILE || !this.#budget.take()) {
      return undefined;
    }
    const store = createSeriesStore(this.#file, key, this.#budget.points);
    this.#stores.set(key, store);
    return store;
  }

  add(store: SeriesStore, grade: Grade): void {
    if (store.add(this.incoming, grade)) this.#unsettled.push(store);
  }

  end(): void {
    const { offset, stampMs } = this.incoming;
    this.#endOffset = offset;
    if (!Number.isNaN(stampMs) && !(stampMs <= this.#endStampMs)) this.#endStampMs = stampMs;
  }

  settle(bytes: Uint8Array): void {
    if (this.#unsettled.length === 0) return;
    for (const store of this.#unsettled) store.settle(bytes);
    this.#unsettled = [];
  }

  sawEpoch(epoch: number): void {
    this.incoming.epoch = epoch;
  }

  series(): readonly Series[] {
    return [...this.#stores.values()].flatMap((store) => store.series() ?? []);
  }

  metricsEnd(): MetricsEnd {
    const offset = this.#endOffset;
    return Number.isNaN(this.#endStampMs) ? { offset } : { offset, stampMs: this.#endStampMs };
  }

  drop(): void {
    this.#budget.give(this.#stores.size);
  }
}
