// A series as it is laid beside those of other runs: few points, smoothed where it is noisy, each
// with its time since the run's first line. Which runs are compared is plot-curves.ts.
import type { Finding } from "../domain/finding.ts";
import { sameMetric } from "../domain/metric-key.ts";
import type { LineFacts, RunReading, Series } from "../domain/sample.ts";
import { timeOfLine } from "../logs/lines/timeline.ts";
import { ema } from "../base/ema.ts";
import { m4 } from "../base/m4.ts";
import { flaggedValues, positionsOf, shapeOf, smoothFactor } from "./plot-data.ts";

/** Curves of one run that are compared with other runs': the promised metrics, then the first. */
export const CURVES_PER_RUN = 6;
/** Pixel columns of such a curve: 400 points at most, 8 KB, for each of a thousand runs. */
export const CURVE_COLUMNS = 100;

export interface Curve {
  readonly key: string;
  /** Where its first value was read, relative to the run folder. */
  readonly file: string;
  readonly stepKey: Series["stepKey"];
  /** Values that were logged. */
  readonly count: number;
  /** Of the average that is drawn in place of the values; absent where these are drawn. */
  readonly factor?: number;
  /** x is the position of the value, because the logged step falls too often to be an axis. */
  readonly byPosition: boolean;
  readonly steps: Float64Array;
  /** NaN parts the line: values that are not finite, or a step that falls. */
  readonly values: Float64Array;
  /** Since the run's first stamped line; absent where its logs have no stamps. */
  readonly seconds?: Float32Array;
  /** Values that a rule flagged, as they were logged. */
  readonly marks: readonly CurveMark[];
}

export interface CurveMark {
  readonly step: number;
  readonly value: number;
  readonly seconds?: number;
  /** The rule that flagged it. */
  readonly label: string;
}

/** The curves of a run: of the metrics `wanted`, then of others in the order of the log. */
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

/** One series, reduced. Linear in its length. */
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
    // The gap stands where the next stretch begins.
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
    ...(factor === undefined ? {} : { factor }),
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

/** The time of the i-th value of a series; undefined where a file of it has no stamps. */
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
