// The part of a run's reading that came after some moment: what an evaluation added to a run
// whose logs it shares with the training. Places and counts are those of the whole files.
import type { LogPlace, RunReading, Series } from "../../domain/sample.ts";

/** Sizes in bytes of the files as they were then; a file that is not named did not exist. */
export type FileSizes = Readonly<Record<string, number>>;

/**
 * The reading without what had been there. Of a series that had values before, only its last one
 * is known to be new, so it stands for itself alone.
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
