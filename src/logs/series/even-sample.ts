// Series that were too long to be kept whole, as rules are to see them: one value of each stretch,
// always the first. The extremes, which plots need, are no fair sample: medians and deviations of
// them are those of a wilder run. The summary stays exact.
import type { RunReading, Series } from "../../domain/sample.ts";

/** The reading with every reduced series thinned; the same object where none is. */
export function evenSample(reading: RunReading): RunReading {
  if (reading.series.every(({ even }) => even === undefined)) return reading;
  return { ...reading, series: reading.series.map(thinned) };
}

function thinned(series: Series): Series {
  const { even, attemptFrom, ...rest } = series;
  if (even === undefined) return series;
  const from = attemptFrom === undefined ? -1 : even.findIndex((i) => i >= attemptFrom);
  return {
    ...rest,
    steps: Float64Array.from(even, (i) => series.steps[i] ?? Number.NaN),
    values: Float64Array.from(even, (i) => series.values[i] ?? Number.NaN),
    lines: Uint32Array.from(even, (i) => series.lines[i] ?? 0),
    ...(from < 0 ? {} : { attemptFrom: from }),
  };
}
