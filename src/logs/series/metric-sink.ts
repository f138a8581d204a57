// Takes the values that one log file holds and keeps a store for each of its metrics.
// Every reader of a kind of file ends here; what is wrong with a metric is asked elsewhere.
import type { Series } from "../../domain/sample.ts";
import type { SectionCounter } from "../lines/section-counter.ts";
import type { Grade, LineStep } from "../lines/metric-line.ts";
import { type NewValue, type SeriesStore, createSeriesStore } from "./series-store.ts";

/** Metrics of one log file: each one costs memory for ever, and nobody looks at more. */
export const SERIES_PER_FILE = 5_000;
/** Values of all series of a run together that are kept: 20 bytes each, 30 MB... */
export const POINTS_PER_RUN = 1_500_000;
/** ...of which one series has at most so many, all exact up to this count... */
export const POINTS_PER_SERIES = 65_536;
/** ...and at least so many, however many series there are. */
const POINTS_LEAST = 256;
/** Metrics of all logs of one run: each one costs a few KB. */
const SERIES_PER_RUN = 20_000;

/** What all files of one run share: how many metrics they have, and so how much each may keep. */
export interface RunBudget {
  /** Counts one more series; false when there are too many already. */
  readonly take: () => boolean;
  readonly give: (series: number) => void;
  /** Values that one series may keep exactly, a power of two. */
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

/** Where metrics end in a file: what came later was not survived. */
export interface MetricsEnd {
  /** Byte offset of the last line with a metric; -1 without one. */
  readonly offset: number;
  /** Largest stamp of a metric line. */
  readonly stampMs?: number;
}

/** The line or record that values are added from; its fields are set by the reader. */
export interface MetricSink {
  /** The value that `add` takes, with the place of its line. */
  readonly incoming: NewValue;
  /** Sets the line's own facts; the token's place or text comes with each value. */
  begin(line: number, offset: number, stampMs: number): void;
  /** The x of the line's values; `epoch` also becomes the file's. */
  setStep(key: LineStep["key"] | undefined, value: number): void;
  /** The x that lines above told, for a line that has none; nothing where they told none. */
  setSectionCounter(announced: SectionCounter): void;
  /** The store of a key; undefined where the file has too many. */
  storeOf(key: string): SeriesStore | undefined;
  add(store: SeriesStore, grade: Grade): void;
  /** A line whose values count as metrics is over. */
  end(): void;
  /** The bytes that tokens stand in are about to go. */
  settle(bytes: Uint8Array): void;
  /** Epoch of the file so far: told by metric lines and by others. */
  sawEpoch(epoch: number): void;
  series(): readonly Series[];
  metricsEnd(): MetricsEnd;
  /** The file is forgotten: its series no longer count for the run. */
  drop(): void;
}

export function createMetricSink(file: string, budget: RunBudget): MetricSink {
  const stores = new Map<string, SeriesStore>();
  let dirty: SeriesStore[] = [];
  const incoming: NewValue = {
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
  let endOffset = -1;
  let endStampMs = Number.NaN;

  return {
    incoming,
    begin(line, offset, stampMs) {
      incoming.line = line;
      incoming.offset = offset;
      incoming.stampMs = stampMs;
      incoming.token = undefined;
      incoming.step = Number.NaN;
      incoming.stepKey = undefined;
      incoming.announced = false;
    },
    setStep(key, value) {
      incoming.stepKey = key;
      incoming.step = value;
      if (key === "epoch") incoming.epoch = value;
    },
    setSectionCounter({ key, value }) {
      if (key === undefined) return;
      incoming.stepKey = key;
      incoming.step = value;
      incoming.announced = true;
    },
    storeOf(key) {
      const known = stores.get(key);
      if (known !== undefined) return known;
      if (key === "" || stores.size >= SERIES_PER_FILE || !budget.take()) return undefined;
      const store = createSeriesStore(file, key, budget.points);
      stores.set(key, store);
      return store;
    },
    add(store, grade) {
      if (store.add(incoming, grade)) dirty.push(store);
    },
    end() {
      endOffset = incoming.offset;
      const { stampMs } = incoming;
      if (!Number.isNaN(stampMs) && !(stampMs <= endStampMs)) endStampMs = stampMs;
    },
    settle(bytes) {
      if (dirty.length === 0) return;
      for (const store of dirty) store.settle(bytes);
      dirty = [];
    },
    sawEpoch(epoch) {
      incoming.epoch = epoch;
    },
    series: () => [...stores.values()].flatMap((store) => store.series() ?? []),
    metricsEnd: () =>
      Number.isNaN(endStampMs) ? { offset: endOffset } : { offset: endOffset, stampMs: endStampMs },
    drop: () => budget.give(stores.size),
  };
}
