// The points of one series to draw: at most a few thousand, however long the series is.
// How they look is report/plots/plot-spec.ts, the text above them report/plots/plot-text.ts.
import type { Finding } from "../domain/finding.ts";
import { sameMetric } from "../domain/metric-key.ts";
import type { Series } from "../domain/sample.ts";
import { ema, emaFactor } from "../base/ema.ts";
import { median } from "../base/robust-statistics.ts";
import { lttb } from "../base/lttb.ts";
import { m4 } from "../base/m4.ts";
import type { M4 } from "../base/m4.ts";
import { defined } from "../base/defined.ts";

/** Pixel columns of a plot; more than four points in a column cannot be distinguished. */
export const PLOT_COLUMNS = 640;
/** If the step falls more often than this, the series is drawn over the values' index instead. */
const PLOT_STEP_FALLS = 4;
/** Fewer values than this are drawn as points, without an average. */
const PLOT_SMOOTH_FROM = 50;

export interface PlotPoint {
  readonly step: number;
  readonly value: number;
  /** Number of the unbroken stretch; a line joins the points of one stretch. */
  readonly stretch: number;
}

export type HoleKind = "NaN" | "+Inf" | "-Inf";

/** A value that is not finite. */
export interface PlotHole {
  readonly step: number;
  readonly kind: HoleKind;
}

/** A value that a rule flagged. */
export interface PlotAnomaly {
  readonly step: number;
  readonly value: number;
  /** The rule that found it. */
  readonly label: string;
}

export interface PlotData {
  readonly raw: readonly PlotPoint[];
  /** The average of the values; empty where none is drawn. */
  readonly smooth: readonly PlotPoint[];
  /** The smoothing factor of that average. */
  readonly factor?: number;
  /** Values drawn as points: all of a short series, else those alone in their stretch. */
  readonly dots: readonly PlotPoint[];
  readonly holes: readonly PlotHole[];
  readonly anomalies: readonly PlotAnomaly[];
  readonly shape: SeriesShape;
}

/** The extent of a series, from which axes are made. */
export interface SeriesShape {
  /** How many values are finite. */
  readonly count: number;
  /** Smallest and largest finite value. */
  readonly low: number;
  readonly high: number;
  /** Smallest and largest x. */
  readonly from: number;
  readonly to: number;
  /** Each x is a whole number. */
  readonly whole: boolean;
  /** x is the index of the value, because the logged step falls too often to be an axis. */
  readonly byPosition: boolean;
  /** How often the step is smaller than the one before. */
  readonly falls: number;
  /** For a log scale: all values are above 0 and differ by more than a factor of ten. */
  readonly log: boolean;
}

/** Larger values overflow when a scale adds room around them. */
const LARGEST = 5e307;
/** Noise below this share of the plot's height is invisible; an average would only lag. */
const VISIBLE_NOISE = 0.004;
/** The noise is estimated from about this many values. */
const NOISE_SAMPLES = 4_000;

/** Reduces a series to what a plot can show of it. Linear in its length. */
export function plotData(series: Series, findings: readonly Finding[]): PlotData {
  const logged = shapeOf(series.steps, series.values);
  const steps = logged.byPosition ? positionsOf(series.values.length) : series.steps;
  const shape = logged.byPosition ? { ...shapeOf(steps, series.values), byPosition: true } : logged;
  const reduced = m4(steps, series.values, PLOT_COLUMNS, shape.from, shape.to);
  const raw = [...reduced.kept].map((index, k) => ({
    step: steps[index] ?? 0,
    value: series.values[index] ?? 0,
    stretch: reduced.stretch[k] ?? 0,
  }));
  const smoothed = smoothFactor(series.values, shape);
  return {
    raw,
    smooth: smoothed === undefined ? [] : smooth(steps, series.values, smoothed, reduced),
    ...defined({ factor: smoothed }),
    dots: shape.count < PLOT_SMOOTH_FROM ? raw : alone(raw),
    holes: spread(holes(steps, series.values, reduced.holes), shape),
    anomalies: anomalies(series, steps, findings),
    shape,
  };
}

/** The smoothing factor for a series; undefined where it is too short or has no visible noise. */
export function smoothFactor(values: Float64Array, shape: SeriesShape): number | undefined {
  const noisy = shape.count >= PLOT_SMOOTH_FROM && noise(values, shape) > VISIBLE_NOISE;
  return noisy ? emaFactor(shape.count) : undefined;
}

/** The extent of a series; for `low` and `high` only finite values count. */
export function shapeOf(steps: Float64Array, values: Float64Array): SeriesShape {
  let count = 0;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  let whole = true;
  let falls = 0;
  let previous = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i += 1) {
    const step = steps[i] ?? Number.NaN;
    const value = values[i] ?? Number.NaN;
    if (!Number.isFinite(step)) falls = Number.POSITIVE_INFINITY;
    if (step < previous) falls += 1;
    previous = step;
    whole &&= Number.isInteger(step);
    if (step < from) from = step;
    if (step > to) to = step;
    if (!Number.isFinite(value)) continue;
    count += 1;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return {
    ...(count === 0 ? { low: 0, high: 1 } : { low: drawable(low), high: drawable(high) }),
    ...(from <= to && Number.isFinite(to - from) ? { from, to } : { from: 0, to: 0 }),
    count,
    whole,
    falls,
    byPosition: falls > PLOT_STEP_FALLS || !Number.isFinite(to - from),
    log: low > 0 && high / low > 10,
  };
}

/** The value within LARGEST; lines to larger values leave the plot at its edge. */
function drawable(value: number): number {
  return Math.min(LARGEST, Math.max(-LARGEST, value));
}

/** 0, 1, 2…: x for a series without a usable step. */
export function positionsOf(count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => i);
}

/**
 * The noise: median distance of a value from the midpoint of its neighbours, as a share of the
 * plot's height. The median, because a steep start is not noise.
 */
function noise(values: Float64Array, shape: SeriesShape): number {
  const height = shape.log ? Math.log(shape.high / shape.low) : shape.high - shape.low;
  const stride = Math.max(1, Math.floor(values.length / NOISE_SAMPLES));
  const distances: number[] = [];
  for (let i = 1; i + 1 < values.length; i += stride) {
    const [before, value, after] = [values[i - 1] ?? 0, values[i] ?? 0, values[i + 1] ?? 0];
    const off = shape.log
      ? Math.log(value) - Math.log(before) / 2 - Math.log(after) / 2
      : value - before / 2 - after / 2;
    if (Number.isFinite(off)) distances.push(Math.abs(off) / height);
  }
  return distances.length === 0 ? 0 : median(distances);
}

/** The points of the average, reduced within each unbroken stretch of the raw line. */
function smooth(
  steps: Float64Array,
  values: Float64Array,
  factor: number,
  reduced: M4,
): readonly PlotPoint[] {
  const means = ema(steps, values, factor);
  const digits = meanDigits(means);
  const points: PlotPoint[] = [];
  const { kept, stretch } = reduced;
  for (let first = 0, last = 0; first < kept.length; first = last + 1) {
    last = first;
    while (last + 1 < kept.length && stretch[last + 1] === stretch[first]) last += 1;
    const start = kept[first] ?? 0;
    const end = (kept[last] ?? 0) + 1;
    // The stretch gets the share of the columns that it has of the values.
    const target = Math.max(2, Math.round((PLOT_COLUMNS * (end - start)) / values.length));
    for (const index of lttb(steps, means, start, end, target)) {
      const value = Number((means[index] ?? 0).toPrecision(digits));
      points.push({ step: steps[index] ?? 0, value, stretch: stretch[first] ?? 0 });
    }
  }
  return points;
}

/** Significant digits that keep the plot the same: five more than all the values share. */
function meanDigits(means: Float64Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const mean of means) {
    if (mean < low) low = mean;
    if (mean > high) high = mean;
  }
  const shared = Math.log10(Math.max(Math.abs(low), Math.abs(high)) / (high - low));
  return Number.isFinite(shared) ? Math.min(17, Math.max(6, 6 + Math.ceil(shared))) : 17;
}

/** Points that are alone in their stretch: a line through one point is invisible. */
function alone(raw: readonly PlotPoint[]): readonly PlotPoint[] {
  return raw.filter(
    (point, i) => raw[i - 1]?.stretch !== point.stretch && raw[i + 1]?.stretch !== point.stretch,
  );
}

function holes(
  steps: Float64Array,
  values: Float64Array,
  indices: Uint32Array,
): readonly PlotHole[] {
  return [...indices].map((index) => {
    const value = values[index] ?? Number.NaN;
    const infinite = value > 0 ? "+Inf" : "-Inf";
    return { step: steps[index] ?? 0, kind: Number.isNaN(value) ? "NaN" : infinite };
  });
}

/**
 * Leaves out marks that would overlap the one before: many NaN in a row become a row of crosses.
 */
function spread(all: readonly PlotHole[], shape: SeriesShape): readonly PlotHole[] {
  const apart = ((shape.to - shape.from) * 9) / PLOT_COLUMNS;
  const last = new Map<HoleKind, number>();
  return all
    .toSorted((a, b) => a.step - b.step)
    .filter(({ step, kind }) => {
      const before = last.get(kind);
      if (before !== undefined && (step - before < apart || step === before)) return false;
      last.set(kind, step);
      return true;
    });
}

/** The findings about this metric whose evidence is one of its finite values. */
function anomalies(
  series: Series,
  steps: Float64Array,
  findings: readonly Finding[],
): readonly PlotAnomaly[] {
  return flaggedValues(series, findings).map(({ index, label }) => {
    return { step: steps[index] ?? 0, value: series.values[index] ?? 0, label };
  });
}

/** The finite values that findings name as evidence: their indices, ascending, with the rule. */
export function flaggedValues(
  series: Series,
  findings: readonly Finding[],
): readonly { readonly index: number; readonly label: string }[] {
  const marks = new Map<number, string>();
  for (const { metric, evidence, rule } of findings) {
    if (metric === undefined || !sameMetric(metric, series.summary.key)) continue;
    if (evidence === undefined || evidence.file !== series.summary.first.file) continue;
    const index = series.lines.indexOf(evidence.line);
    if (index < 0 || !Number.isFinite(series.values[index] ?? Number.NaN)) continue;
    marks.set(index, rule.replaceAll("-", " "));
  }
  return [...marks]
    .map(([index, label]) => ({ index, label }))
    .toSorted((a, b) => a.index - b.index);
}
