// What rules see of a series too long to be kept whole: the first value of each bucket. The
// extremes that plots need are a biased sample: their medians and deviations are those of a noisier
// run. The summary stays exact. Which points are kept is decided in thinned-points.ts.
import type { RunReading, Series } from "../../domain/sample.ts";

/**
 * The reading with each reduced series cut to its even sample; the same object if none is reduced.
 */
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
