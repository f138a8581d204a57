// The part of a run's reading that was logged after a given moment: what an evaluation added to the
// logs that it shares with the training. Line numbers and offsets stay those of the whole files.
import type { LogPlace, RunReading, Series } from "../../domain/sample.ts";

/** Size of each file at that moment, in bytes; a file that is not named did not exist yet. */
export type FileSizes = Readonly<Record<string, number>>;

/**
 * The reading without what was logged before. Of a series that already had values, only the last
 * one is known to be new, so that series is reduced to its last value.
 */
export function newSince(reading: RunReading, sizes: FileSizes): RunReading {
  const isNew = ({ file, offset }: LogPlace): boolean => offset >= (sizes[file] ?? 0);
  return {
    ...reading,
    series: reading.series
      .filter(({ summary }) => isNew(summary.last))
      .map((one) => fresh(one, isNew)),
    tracebacks: reading.tracebacks.filter(isNew),
    deathMarkers: reading.deathMarkers.filter(isNew),
  };
}

function fresh(series: Series, isNew: (place: LogPlace) => boolean): Series {
  const { summary } = series;
  if (isNew(summary.first)) return series;
  const { last, key } = summary;
  const finite = Number.isFinite(last.value);
  return {
    ...series,
    summary: {
      key,
      count: 1,
      first: last,
      last,
      ...(finite ? { min: last, max: last } : { notFinite: last }),
      notFiniteCount: finite ? 0 : 1,
    },
    steps: series.steps.slice(-1),
    values: series.values.slice(-1),
    lines: series.lines.slice(-1),
  };
}
