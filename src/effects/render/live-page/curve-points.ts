// The points of one metric's chart, for the shown runs and the chosen axis, and the ranges of its
// axes. How they are drawn is curves-spec.ts.
import type { LiveMetric } from "../../../report/plots/live-page-data.ts";
import { runAt, shown, styleOf } from "./page-data.ts";

/** What the person chose of a chart's axes. */
export interface Axes {
  readonly axis: "step" | "time";
  readonly log: boolean;
}

/** How the line of a run is drawn, and the run's index; short names, as in the page's data. */
interface Look {
  readonly r: number;
  readonly c: string;
  readonly d: readonly number[];
  readonly w: number;
  readonly o: number;
}

/** A point of a line. */
export interface Row extends Look {
  /** Points with the same number are joined. */
  readonly k: number;
  readonly x: number;
  readonly y: number;
  readonly step: number | null | undefined;
}

/** A flagged value. */
export interface Mark extends Look {
  readonly x: number;
  readonly y: number;
  readonly step: number | null;
  /** The rule that flagged it. */
  readonly label: string;
}

export interface Points {
  readonly rows: readonly Row[];
  readonly marks: readonly Mark[];
  /** The unit of x if x is time, else "". */
  readonly unit: string;
}

/** Where an axis begins and ends. */
export type Range = readonly [number, number];

/** Longest time in seconds to show in a unit, the unit, and its seconds. */
const UNITS = [
  [120, "seconds", 1],
  [7_200, "minutes", 60],
] as const;
const HOURS = [Infinity, "hours", 3_600] as const;
/** With more lines than this, each is thinner. */
const MANY = 12;

/** The points and the flags as rows of data, and the unit of time if x is time. */
export function pointsOf(metric: LiveMetric, { axis, log }: Axes): Points {
  const curves = metric.curves.flatMap((curve) => {
    const xs = axis === "step" ? curve.s : curve.t;
    return shown.has(curve.r) && xs !== undefined ? [{ ...curve, xs }] : [];
  });
  const longest = Math.max(0, ...curves.map(({ xs }) => Math.max(0, ...xs.map((x) => x ?? 0))));
  const [, unit, per] =
    axis === "step" ? [0, "", 1] : (UNITS.find(([most]) => longest <= most) ?? HOURS);
  const rows: Row[] = [];
  const marks: Mark[] = [];
  let line = 0;
  for (const curve of curves) {
    const { color, dash, pale } = styleOf(runAt(curve.r).group);
    const width = pale ? 1 : curves.length <= MANY ? 1.75 : 1.25;
    const look = { r: curve.r, c: color, d: dash, w: width, o: pale ? 0.5 : 0.95 };
    for (const [step, seconds, y, label] of curve.m ?? []) {
      const x = axis === "step" ? step : seconds;
      if (x !== null && !(log && y <= 0)) marks.push({ ...look, x: x / per, y, step, label });
    }
    line += 1;
    for (const [i, x] of curve.xs.entries()) {
      const y = curve.v[i] ?? null;
      if (x === null || y === null || (log && y <= 0)) line += 1;
      else rows.push({ ...look, k: line, x: x / per, y, step: curve.s?.[i] });
    }
  }
  return { rows, marks, unit };
}

/** The ranges of both axes, a little wider than the points. */
export function rangesOf(
  points: readonly { readonly x: number; readonly y: number }[],
  log: boolean,
): { readonly across: Range; readonly up: Range } {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  if (points.length === 0) [x0, x1, y0, y1] = log ? [0, 1, 0.1, 1] : [0, 1, 0, 1];
  const wide = x1 - x0 || 1;
  const across = [x0 - wide * 0.01, x1 + wide * 0.01] as const;
  if (log) {
    const by = Math.max(1.02, (y1 / y0) ** 0.05);
    return { across, up: [y0 / by, y1 * by] };
  }
  const high = y1 - y0 || Math.abs(y1) || 1;
  return { across, up: [y0 - high * 0.05, y1 + high * 0.05] };
}
