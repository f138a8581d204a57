// Chooses the lines of a picture of several runs: which settings get a colour, which runs are grey,
// and the mean with its band if a setting has many seeds. How it looks is plot-curves.ts.
import { sameMetric } from "../../domain/metric-key.ts";
import type { Curve } from "../../judge/curves.ts";
import { groupLabel, groupsOf, type RunGroup } from "../../judge/groups.ts";
import { ignoredBy, runState, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { tQuantile } from "../../base/student-t.ts";
import { defined } from "../../base/defined.ts";

/** A picture of curves has at most this many coloured settings; more look alike. */
export const CURVE_GROUPS = 10;
/** At most this many runs of other settings are drawn grey, the newest. */
const CURVE_OTHERS = 120;
/** Pixel columns of a grey curve: few, because nobody follows a single one. */
const CURVE_OTHER_COLUMNS = 25;
/** From this many runs of a setting on, their mean and its interval replace the single lines. */
export const CURVE_SEEDS_BAND = 5;
/** Points of such a mean if its runs were logged at different x. */
const CURVE_BAND_POINTS = 120;

export type Axis = "step" | "time";

export interface CurveLine {
  /** Number of the line in the picture. */
  readonly id: number;
  readonly run: ReportRun;
  /** The file of its values, relative to the run folder. */
  readonly file: string;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

/** A mean over runs with its 95 % t-interval. */
export interface BandPoint {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** The runs of one setting, in one colour. */
export interface CurveGroup {
  readonly label: string;
  readonly lines: readonly CurveLine[];
  /** From CURVE_SEEDS_BAND runs on; drawn instead of the single lines. */
  readonly band?: readonly BandPoint[];
}

export interface CurvesDrawn {
  readonly groups: readonly CurveGroup[];
  /** Runs of older settings, in grey. */
  readonly others: readonly CurveLine[];
  readonly stepKey: Curve["stepKey"];
  /** Smoothing factors of the curves that are drawn as averages. */
  readonly factors: readonly number[];
  /** How many runs logged the metric but have no values on this axis. */
  readonly without: number;
  /** How many runs are left out beyond the grey ones. */
  readonly leftOut: number;
}

interface Found {
  readonly run: ReportRun;
  readonly curve: Curve;
}

/** The runs to compare: those not ignored, and the baseline's runs from another experiment. */
export function comparedRuns(input: ReportInput): readonly ReportRun[] {
  const { baseline } = input;
  const here = input.runs.filter((run) => ignoredBy(input, run) === undefined);
  const named = baseline?.kind === "run" ? (baseline.group ?? [baseline.run]) : [];
  const away = named.filter((run) => !input.runs.some(({ path }) => path === run.path));
  return [...away, ...here];
}

/** The lines of a metric; undefined if fewer than two runs have one. */
export function curveLines(
  runs: readonly ReportRun[],
  metric: string,
  axis: Axis,
): CurvesDrawn | undefined {
  const logged = runs.flatMap((run): Found[] => {
    const curve = run.curves?.find(({ key }) => sameMetric(key, metric));
    return curve === undefined ? [] : [{ run, curve }];
  });
  const stepKey = mostCommon(logged.map(({ curve }) => curve.stepKey));
  const found = logged.filter(({ curve }) =>
    axis === "time" ? curve.seconds !== undefined : curve.stepKey === stepKey && !curve.byPosition,
  );
  if (found.length < 2 || stepKey === undefined) return undefined;
  const byRun = new Map(found.map((one) => [one.run, one]));
  const all = groupsOf(found.map(({ run }) => run));
  const coloured = all.slice(-CURVE_GROUPS);
  const grey = all.slice(0, -CURVE_GROUPS).flatMap((group) => group.runs);
  let id = 0;
  const lineOf = (run: ReportRun): CurveLine[] => {
    const one = byRun.get(run);
    id += 1;
    return one === undefined
      ? []
      : [{ id, run, file: one.curve.file, ...pointsOf(one.curve, axis) }];
  };
  const groups = coloured.map((group): CurveGroup => {
    const lines = group.runs.flatMap(lineOf);
    const label = labelOf(group, groupLabel(group, all));
    const band = lines.length < CURVE_SEEDS_BAND ? undefined : bandOf(lines);
    return { label, lines, ...defined({ band }) };
  });
  const others = grey.slice(-CURVE_OTHERS).flatMap(lineOf).map(thinned);
  return {
    groups,
    others,
    stepKey,
    factors: [...new Set(found.flatMap(({ curve }) => curve.factor ?? []))].toSorted(
      (a, b) => a - b,
    ),
    without: logged.length - found.length,
    leftOut: grey.length - others.length,
  };
}

function labelOf(group: RunGroup, name: string): string {
  const [first, ...more] = group.runs;
  if (more.length > 0) return `${name}, ${group.runs.length} runs`;
  const state = first === undefined ? "done" : runState(first);
  if (state === "running") return `${name}, goes on`;
  return ["failed", "stopped", "lost"].includes(state) ? `${name}, ${state}` : name;
}

function mostCommon<T>(items: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

function pointsOf(curve: Curve, axis: Axis): Pick<CurveLine, "xs" | "ys"> {
  const xs = axis === "time" ? (curve.seconds ?? []) : curve.steps;
  return { xs: [...xs], ys: [...curve.values] };
}

function thinned(line: CurveLine): CurveLine {
  const kept = thinnedIndices(line.ys, CURVE_OTHER_COLUMNS);
  return { ...line, xs: kept.map((i) => line.xs[i] ?? 0), ys: kept.map((i) => line.ys[i] ?? 0) };
}

/** Indices of each column's first, smallest, largest and last value, and of its first gap. */
export function thinnedIndices(ys: ArrayLike<number>, columns: number): readonly number[] {
  const size = Math.ceil(ys.length / columns);
  if (size <= 4) return Array.from({ length: ys.length }, (_, i) => i);
  const kept: number[] = [];
  for (let from = 0; from < ys.length; from += size) {
    const to = Math.min(from + size, ys.length);
    let [low, high, gap] = [-1, -1, -1];
    for (let i = from; i < to; i += 1) {
      const value = ys[i] ?? Number.NaN;
      if (Number.isNaN(value)) gap = gap < 0 ? i : gap;
      else {
        if (low < 0 || value < (ys[low] ?? 0)) low = i;
        if (high < 0 || value > (ys[high] ?? 0)) high = i;
      }
    }
    const some = [from, low, high, gap, to - 1].filter((i) => i >= 0);
    kept.push(...new Set(some.toSorted((a, b) => a - b)));
  }
  return kept;
}

/**
 * Mean of the runs with its two-sided 95 % t-interval, mean ± t(0.975, n−1) · s / √n, at each x
 * that all runs reach. If all runs were logged at the same x, at these; else by linear
 * interpolation.
 */
export function bandOf(lines: readonly CurveLine[]): readonly BandPoint[] | undefined {
  const t = tQuantile(0.975, lines.length - 1);
  return gridOf(lines).flatMap((x): BandPoint[] => {
    const values = lines.map((line) => valueAt(line, x));
    if (!values.every(Number.isFinite)) return [];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const half = (t * Math.sqrt(squares / (values.length - 1))) / Math.sqrt(values.length);
    return [{ x, mean, low: mean - half, high: mean + half }];
  });
}

function gridOf(lines: readonly CurveLine[]): readonly number[] {
  const [first, ...others] = lines;
  if (first === undefined) return [];
  const same = others.every(
    ({ xs }) => xs.length === first.xs.length && xs.every((x, i) => Object.is(x, first.xs[i])),
  );
  if (same) return first.xs.filter((x) => Number.isFinite(x));
  const ends = lines.map(({ xs }) => xs.filter((x) => Number.isFinite(x)));
  const from = Math.max(...ends.map((xs) => xs[0] ?? Number.POSITIVE_INFINITY));
  const to = Math.min(...ends.map((xs) => xs.at(-1) ?? Number.NEGATIVE_INFINITY));
  if (!(to > from)) return [];
  const last = CURVE_BAND_POINTS - 1;
  return Array.from({ length: last + 1 }, (_, i) => from + ((to - from) * i) / last);
}

/** The value at x by linear interpolation; NaN in a gap, and where the step falls. */
function valueAt({ xs, ys }: CurveLine, x: number): number {
  const at = xs.indexOf(x);
  if (at >= 0) return ys[at] ?? Number.NaN;
  const after = xs.findIndex((one, i) => one > x && (xs[i - 1] ?? Number.NaN) < x);
  if (after < 1) return Number.NaN;
  const [x0, x1] = [xs[after - 1] ?? 0, xs[after] ?? 0];
  const [y0, y1] = [ys[after - 1] ?? Number.NaN, ys[after] ?? Number.NaN];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}
