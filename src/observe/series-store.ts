// One metric's values in one log file, in typed arrays that grow by doubling.
// Merging files is left to merge.ts; a plot or table reads the finished `Series`.
import type { MetricSummary, Sample, Series } from "../model/sample.ts";
import type { LineStep } from "./metric-line.ts";

/** What is added for each logged value. */
export interface NewValue {
  readonly value: number;
  readonly token: string;
  readonly line: number;
  readonly offset: number;
  readonly step?: LineStep;
  readonly stampMs?: number;
}

export interface SeriesStore {
  add(value: NewValue): void;
  /** A view of what has been added; later values do not change it. */
  series(): Series;
}

const FIRST_CAPACITY = 16;

/**
 * A store for `key` as logged in `file`. 20 bytes a value. The x axis is that of the first value;
 * when a later one lacks it, the axis becomes the values' own count, since half an axis is none.
 */
export function createSeriesStore(file: string, key: string): SeriesStore {
  let count = 0;
  let steps = new Float64Array(FIRST_CAPACITY);
  let values = new Float64Array(FIRST_CAPACITY);
  let lines = new Uint32Array(FIRST_CAPACITY);
  let stepKey: Series["stepKey"] = "sample";
  let first: Sample | undefined;
  let last: Sample | undefined;
  let min: Sample | undefined;
  let max: Sample | undefined;
  let notFinite: Sample | undefined;
  let notFiniteCount = 0;

  const grow = (): void => {
    steps = enlarged(steps, new Float64Array(2 * steps.length));
    values = enlarged(values, new Float64Array(2 * values.length));
    lines = enlarged(lines, new Uint32Array(2 * lines.length));
  };

  return {
    add(added) {
      if (count === values.length) grow();
      if (count === 0) stepKey = added.step?.key ?? "sample";
      else if (stepKey !== "sample" && added.step?.key !== stepKey) {
        stepKey = "sample";
        steps = Float64Array.from({ length: steps.length }, (_, i) => i);
      }
      steps[count] = stepKey === "sample" ? count : (added.step?.value ?? count);
      values[count] = added.value;
      lines[count] = added.line;
      count += 1;

      const sample = sampleOf(file, key, added);
      first ??= sample;
      last = sample;
      if (!Number.isFinite(sample.value)) {
        notFinite ??= sample;
        notFiniteCount += 1;
        return;
      }
      if (min === undefined || sample.value < min.value) min = sample;
      if (max === undefined || sample.value > max.value) max = sample;
    },
    series() {
      if (first === undefined || last === undefined) throw new Error(`Series ${key} is empty`);
      const summary: MetricSummary = {
        key,
        count,
        first,
        last,
        ...(min === undefined ? {} : { min }),
        ...(max === undefined ? {} : { max }),
        ...(notFinite === undefined ? {} : { notFinite }),
        notFiniteCount,
      };
      return {
        summary,
        stepKey,
        steps: steps.subarray(0, count),
        values: values.subarray(0, count),
        lines: lines.subarray(0, count),
      };
    },
  };
}

function sampleOf(file: string, key: string, added: NewValue): Sample {
  return {
    file,
    line: added.line,
    offset: added.offset,
    key,
    value: added.value,
    token: added.token,
    ...(added.step === undefined ? {} : { step: added.step.value }),
    ...(added.stampMs === undefined ? {} : { stampMs: added.stampMs }),
  };
}

function enlarged<T extends Float64Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
