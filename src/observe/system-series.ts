// The samples of a run's processes as series, so that they can be drawn like its metrics.
// They stand apart from the metrics: no rule on metrics, no table and no criterion sees them.
import type { Sample, Series } from "../model/sample.ts";
import type { SystemSample, SystemSeries } from "../model/system.ts";
import { SYSTEM_LOG } from "./system-lines.ts";

/** What is drawn, under which name, in which unit. */
const DRAWN: readonly (readonly [string, (sample: SystemSample) => number | undefined])[] = [
  ["system/cpu cores", ({ cpu }) => cpu],
  ["system/memory GiB", ({ rss }) => rss / 2 ** 30],
  ["system/gpu use", ({ gpu }) => gpu],
  [
    "system/gpu memory GiB",
    ({ gpuMemory }) => (gpuMemory === undefined ? undefined : gpuMemory / 2 ** 30),
  ],
];

/** Fewer samples than these are under a minute: their picture says nothing. */
const FEWEST = 12;

/** One series for each quantity that was sampled throughout. */
export function systemSeries(samples: SystemSeries): readonly Series[] {
  if (samples.length < FEWEST) return [];
  return DRAWN.flatMap(([key, of]) => {
    const values = samples.map((sample) => of(sample) ?? Number.NaN);
    return values.every(Number.isFinite) ? [seriesOf(key, values)] : [];
  });
}

function seriesOf(key: string, values: readonly number[]): Series {
  const at = (i: number): Sample => {
    const value = values[i] ?? Number.NaN;
    const token = String(Number(value.toPrecision(4)));
    return { file: `logs/${SYSTEM_LOG}`, line: i + 1, offset: 0, key, value, token };
  };
  const where = (value: number): Sample => at(values.indexOf(value));
  return {
    stepKey: "sample",
    steps: Float64Array.from(values, (_, i) => i),
    values: Float64Array.from(values),
    lines: Uint32Array.from(values, (_, i) => i + 1),
    summary: {
      key,
      count: values.length,
      first: at(0),
      last: at(values.length - 1),
      min: where(Math.min(...values)),
      max: where(Math.max(...values)),
      notFiniteCount: 0,
    },
  };
}
