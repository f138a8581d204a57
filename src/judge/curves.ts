// Reduces a series to the curve that is compared with other runs' curves: few points, smoothed if
// it is noisy, with the time since the run's first line. Which runs are compared is plot-curves.ts.
import type { Finding } from "../domain/finding.ts";
import { sameMetric } from "../domain/metric-key.ts";
import type { LineFacts, RunReading, Series } from "../domain/sample.ts";
import { timeOfLine } from "../logs/lines/timeline.ts";
import { ema } from "../base/ema.ts";
import { m4 } from "../base/m4.ts";
import { flaggedValues, positionsOf, shapeOf, smoothFactor } from "./plot-data.ts";
import { defined } from "../base/defined.ts";

/** At most this many curves are kept of a run: the promised metrics, then the first logged. */
export const CURVES_PER_RUN = 6;
/** Pixel columns of a kept curve: at most 400 points or 8 KB, for each of a thousand runs. */
export const CURVE_COLUMNS = 100;

export interface Curve {
  readonly key: string;
  /** The file of its first value, relative to the run folder. */
  readonly file: string;
  readonly stepKey: Series["stepKey"];
  /** How many values were logged. */
  readonly count: number;
  /** The factor of the average, if an average is drawn in place of the values. */
  readonly factor?: number;
  /** x is the index of the value, because the logged step falls too often to be an axis. */
  readonly byPosition: boolean;
  readonly steps: Float64Array;
  /** NaN interrupts the line: values that are not finite, or a step that falls. */
  readonly values: Float64Array;
  /** Seconds since the run's first line with a time stamp; absent where its logs have none. */
  readonly seconds?: Float32Array;
  /** The values that a rule flagged, as logged. */
  readonly marks: readonly CurveMark[];
}

export interface CurveMark {
  readonly step: number;
  readonly value: number;
  readonly seconds?: number;
  /** The rule that flagged it. */
  readonly label: string;
}

/** The curves of a run: the metrics in `wanted` first, then others in the order of the log. */
export function curvesOf(
  reading: RunReading,
  wanted: readonly string[],
  findings: readonly Finding[] = [],
): readonly Curve[] {
  const isWanted = ({ summary }: Series): boolean =>
    wanted.some((name) => sameMetric(name, summary.key));
  const some = reading.series.filter(({ values }) => values.length > 1);
  return [...some.filter(isWanted), ...some.filter((series) => !isWanted(series))]
    .slice(0, CURVES_PER_RUN)
    .map((series) => curveOf(series, reading.lineFacts ?? [], findings));
}

/** The curve of one series. Linear in its length. */
export function curveOf(
  series: Series,
  lineFacts: readonly LineFacts[],
  findings: readonly Finding[] = [],
): Curve {
  const logged = shapeOf(series.steps, series.values);
  const steps = logged.byPosition ? positionsOf(series.values.length) : series.steps;
  const shape = logged.byPosition ? shapeOf(steps, series.values) : logged;
  const factor = smoothFactor(series.values, shape);
  const drawn = factor === undefined ? series.values : ema(steps, series.values, factor);
  const { kept, stretch } = m4(steps, drawn, CURVE_COLUMNS, shape.from, shape.to);
  const at: number[] = [];
  for (const [k, index] of kept.entries()) {
    // A gap in front of the point where the next stretch begins.
    if (k > 0 && stretch[k] !== stretch[k - 1]) at.push(-1);
    at.push(index);
  }
  const pick = (values: ArrayLike<number>): number[] =>
    at.map((index) => (index < 0 ? Number.NaN : (values[index] ?? Number.NaN)));
  const secondsOf = clockOf(series, lineFacts);
  return {
    key: series.summary.key,
    file: series.summary.first.file,
    stepKey: series.stepKey,
    count: series.summary.count,
    ...defined({ factor }),
    byPosition: logged.byPosition,
    steps: Float64Array.from(pick(steps)),
    values: Float64Array.from(pick(drawn)),
    ...(secondsOf === undefined
      ? {}
      : { seconds: Float32Array.from(at, (i) => (i < 0 ? Number.NaN : secondsOf(i))) }),
    marks: flaggedValues(series, findings).map(({ index, label }) => ({
      step: steps[index] ?? 0,
      value: series.values[index] ?? 0,
      ...(secondsOf === undefined ? {} : { seconds: secondsOf(index) }),
      label,
    })),
  };
}

/** The time in seconds of a value, by its index; undefined where a file has no time stamps. */
function clockOf(
  series: Series,
  lineFacts: readonly LineFacts[],
): ((index: number) => number) | undefined {
  const parts = series.parts ?? [{ file: series.summary.first.file, from: 0 }];
  const timed = parts.flatMap(({ file, from }) => {
    const timeline = lineFacts.find((facts) => facts.file === file)?.timeline;
    return timeline === undefined ? [] : [{ timeline, from }];
  });
  if (timed.length < parts.length) return undefined;
  const startMs = Math.min(...lineFacts.flatMap(({ firstStampMs }) => firstStampMs ?? []));
  return (index) => {
    const part = timed.findLast(({ from }) => from <= index);
    if (part === undefined) return Number.NaN;
    return (timeOfLine(part.timeline, series.lines[index] ?? 0) - startMs) / 1_000;
  };
}
