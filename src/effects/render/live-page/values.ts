// The chart of the runs' results: a dot per run, over its setting or over the option of a sweep.
// A sweep over two options is a map: map.ts.
import type { Scale, Spec, View } from "vega";
import type { LiveDots } from "../../../report/plots/live-page-data.ts";
import { NUMBERS } from "./axis-numbers.ts";
import type { Range } from "./curve-points.ts";
import { draw, figure, nearest, placeIn, said, tell, widthOf, type Chart } from "./elements.ts";
import { HEIGHT, INK, theme } from "./look.ts";
import { groupName, runAt, runsOf, shown, styleOf } from "./page-data.ts";

interface DotsGiven {
  readonly xTitle: string | undefined;
  readonly yTitle: string;
  /** In CSS pixels. */
  readonly width: number;
  /** The range of a numeric x axis, else its values. */
  readonly domain: readonly number[] | readonly string[];
  readonly numeric: boolean;
  /** Whether a numeric x axis is logarithmic. */
  readonly log: boolean;
}

function dotsSpec({ xTitle, yTitle, width, domain, numeric, log }: DotsGiven): Spec {
  const ink = INK[theme()];
  const x: Scale = numeric
    ? {
        name: "x",
        type: log ? "log" : "linear",
        range: "width",
        domain: [...domain],
        zero: false,
        padding: 24,
      }
    : { name: "x", type: "band", range: "width", domain: [...domain], padding: 0.2 };
  const half = numeric ? 0 : 0.5;
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width,
    height: HEIGHT - 40,
    padding: { left: 6, top: 6, right: 22, bottom: 6 },
    autosize: { type: "fit", contains: "padding", resize: true },
    signals: [{ name: "up", value: [0, 1] }],
    data: [
      { name: "rows", values: [] },
      { name: "bars", values: [] },
    ],
    scales: [
      x,
      { name: "y", type: "linear", range: "height", domain: { signal: "up" }, zero: false },
    ],
    axes: [
      {
        orient: "bottom",
        scale: "x",
        ...(xTitle === undefined ? {} : { title: xTitle }),
        labelOverlap: true,
        labelLimit: 150,
        ...(numeric || domain.length < 6 ? {} : { labelAngle: -35, labelAlign: "right" }),
        ...(numeric ? { encode: NUMBERS } : {}),
      },
      { orient: "left", scale: "y", title: yTitle, grid: true, tickCount: 6, encode: NUMBERS },
    ],
    marks: [
      {
        type: "rule",
        from: { data: "bars" },
        encode: {
          update: {
            x: { scale: "x", field: "x", band: half },
            y: { scale: "y", field: "low" },
            y2: { scale: "y", field: "high" },
            stroke: { value: ink.quiet },
            strokeWidth: { value: 1.5 },
          },
        },
      },
      {
        type: "symbol",
        from: { data: "bars" },
        encode: {
          update: {
            x: { scale: "x", field: "x", band: half },
            y: { scale: "y", field: "mean" },
            shape: { value: "stroke" },
            size: { value: 500 },
            stroke: { value: ink.text },
            strokeWidth: { value: 2 },
          },
        },
      },
      {
        type: "symbol",
        from: { data: "rows" },
        encode: {
          update: {
            x: { scale: "x", field: "x", band: half },
            y: { scale: "y", field: "y" },
            shape: { value: "circle" },
            size: { value: 70 },
            stroke: { field: "c" },
            strokeWidth: { value: 1.75 },
            fill: { value: "transparent" },
          },
        },
      },
    ],
  };
}

/** A run's result; x is its setting, or its value of the option. */
interface Dot {
  readonly x: number | string;
  readonly y: number;
  readonly r: number;
  /** Its colour. */
  readonly c: string;
}

/** Adds the chart of results to the page. */
export function dotsChart(given: LiveDots): Chart {
  const option = given.at?.[0];
  const holder = figure(given.title, given.caption, []);
  const at = (dot: LiveDots["dots"][number]): string =>
    option === undefined ? groupName(runAt(dot.r).group) : (dot.at?.[0] ?? "");
  const numbers = given.dots.map((dot) => Number(at(dot)));
  const numeric = option !== undefined && numbers.every((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const log = numeric && low > 0 && high / low > 10;
  const domain = numeric ? [low, high] : [...new Set(given.dots.map(at))];
  let rows: readonly Dot[] = [];

  const fill = (view: View): View => {
    rows = given.dots
      .filter(({ r }) => shown.has(r))
      .map((dot) => {
        const { color } = styleOf(runAt(dot.r).group);
        return { x: numeric ? Number(at(dot)) : at(dot), y: dot.v, r: dot.r, c: color };
      });
    const bars = shownBars(given);
    const up = rangeOf([...rows.map(({ y }) => y), ...bars.flatMap((bar) => [bar.low, bar.high])]);
    return view
      .data("rows", [...rows])
      .data("bars", bars)
      .signal("up", up)
      .run();
  };
  const built = (): View => {
    const titles = { xTitle: option, yTitle: given.name };
    const spec = dotsSpec({ ...titles, width: widthOf(holder), domain, numeric, log });
    return fill(draw(holder, spec, []));
  };
  let view = built();
  holder.addEventListener("pointermove", (event) => {
    const found = nearest(view, rows, placeIn(view, holder, event));
    if (found === undefined) return tell(event);
    const setting = option === undefined ? [] : [`${option} ${found.x}`];
    const { group, folder } = runAt(found.r);
    tell(event, [`${given.name} ${said(found.y)}`, ...setting, groupName(group), folder]);
  });
  holder.addEventListener("pointerleave", (event) => tell(event));
  return {
    rebuild() {
      view.finalize();
      view = built();
    },
    update() {
      fill(view);
    },
    resize() {
      view.width(widthOf(holder)).run();
    },
  };
}

/** A mean covers all runs of its setting: hide it if one of them is hidden. */
function shownBars({ bars = [] }: LiveDots): (NonNullable<LiveDots["bars"]>[number] & {
  readonly x: string;
})[] {
  return bars
    .filter((bar) => runsOf(bar.g).every((r) => shown.has(r)))
    .map((bar) => ({ ...bar, x: groupName(bar.g) }));
}

/** The range of the axis, a little wider than the values. */
function rangeOf(values: readonly number[]): Range {
  if (values.length === 0) return [0, 1];
  const [bottom, top] = [Math.min(...values), Math.max(...values)];
  const room = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [bottom - room, top + room];
}
