// The points of one metric's chart, for the shown runs and the chosen axis, and the ranges of its
// axes. How they are drawn is curves-spec.browser.js.
import { page, shown, styleOf } from "./page-data.browser.js";

/** Longest time in seconds to show in a unit, the unit, and its seconds. */
const UNITS = [
  [120, "seconds", 1],
  [7_200, "minutes", 60],
  [Infinity, "hours", 3_600],
];
/** With more lines than this, each is thinner. */
const MANY = 12;

/** The points and the flags as rows of data, and the unit of time if x is time. */
export const pointsOf = (metric, { axis, log }) => {
  const key = axis === "step" ? "s" : "t";
  const curves = metric.curves.filter((curve) => shown.has(curve.r) && curve[key] !== undefined);
  const longest = Math.max(0, ...curves.map((curve) => Math.max(0, ...curve[key])));
  const [, unit, per] = axis === "step" ? [0, "", 1] : UNITS.find(([most]) => longest <= most);
  const rows = [];
  const marks = [];
  let line = 0;
  for (const curve of curves) {
    const { color, dash, pale } = styleOf(page.runs[curve.r].group);
    const width = pale ? 1 : curves.length <= MANY ? 1.75 : 1.25;
    const look = { r: curve.r, c: color, d: dash, w: width, o: pale ? 0.5 : 0.95 };
    for (const [step, seconds, y, label] of curve.m ?? []) {
      const x = axis === "step" ? step : seconds;
      if (x !== null && !(log && y <= 0)) marks.push({ ...look, x: x / per, y, step, label });
    }
    line += 1;
    for (const [i, x] of curve[key].entries()) {
      const y = curve.v[i];
      if (x === null || y === null || (log && y <= 0)) line += 1;
      else rows.push({ ...look, k: line, x: x / per, y, step: curve.s?.[i] });
    }
  }
  return { rows, marks, unit };
};

/** The ranges of both axes, a little wider than the points. */
export const spanOf = (rows, log) => {
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of rows) {
    if (x < x0) x0 = x;
    if (x > x1) x1 = x;
    if (y < y0) y0 = y;
    if (y > y1) y1 = y;
  }
  if (rows.length === 0) [x0, x1, y0, y1] = log ? [0, 1, 0.1, 1] : [0, 1, 0, 1];
  const wide = x1 - x0 || 1;
  const across = [x0 - wide * 0.01, x1 + wide * 0.01];
  if (log) {
    const by = Math.max(1.02, (y1 / y0) ** 0.05);
    return { across, up: [y0 / by, y1 * by] };
  }
  const high = y1 - y0 || Math.abs(y1) || 1;
  return { across, up: [y0 - high * 0.05, y1 + high * 0.05] };
};
