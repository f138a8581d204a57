// The chart of the runs' results: a dot per run, over its setting or over the option of a sweep.
// A sweep over two options is a map: map.browser.js.
import { NUMBERS } from "./axis-numbers.browser.js";
import { draw, figure, nearest, placeIn, said, tell, widthOf } from "./elements.browser.js";
import { HEIGHT, INK, theme } from "./look.browser.js";
import { groupName, page, runsOf, shown, styleOf } from "./page-data.browser.js";

const dotsSpec = ({ xTitle, yTitle, width, domain, numeric, log }) => {
  const ink = INK[theme()];
  const x = numeric
    ? {
        name: "x",
        type: log ? "log" : "linear",
        range: "width",
        domain,
        zero: false,
        padding: 24,
      }
    : { name: "x", type: "band", range: "width", domain, padding: 0.2 };
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
        title: xTitle,
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
};

export const dotsChart = (given) => {
  const holder = figure(given.title, given.caption, []);
  const at = (dot) => (given.at === undefined ? groupName(dot.r) : dot.at[0]);
  const numbers = given.dots.map((dot) => Number(at(dot)));
  const numeric = given.at !== undefined && numbers.every((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const log = numeric && low > 0 && high / low > 10;
  const domain = numeric ? [low, high] : [...new Set(given.dots.map(at))];
  let view;
  let rows = [];

  const update = () => {
    rows = given.dots
      .filter(({ r }) => shown.has(r))
      .map((dot) => {
        const { color } = styleOf(page.runs[dot.r].group);
        return { x: numeric ? Number(at(dot)) : at(dot), y: dot.v, r: dot.r, c: color };
      });
    const bars = shownBars(given);
    const up = rangeOf([...rows.map(({ y }) => y), ...bars.flatMap((bar) => [bar.low, bar.high])]);
    view.data("rows", rows).data("bars", bars).signal("up", up).run();
  };
  holder.addEventListener("pointermove", (event) => {
    const found = nearest(view, rows, placeIn(view, holder, event));
    if (found === undefined) return tell(event);
    const setting = given.at === undefined ? [] : [`${given.at[0]} ${found.x}`];
    const who = [groupName(found.r), page.runs[found.r].folder];
    tell(event, [`${given.name} ${said(found.y)}`, ...setting, ...who]);
  });
  holder.addEventListener("pointerleave", (event) => tell(event));
  return {
    rebuild() {
      view?.finalize();
      const titles = { xTitle: given.at?.[0] ?? null, yTitle: given.name };
      view = draw(
        holder,
        dotsSpec({ ...titles, width: widthOf(holder), domain, numeric, log }),
        [],
      );
      update();
    },
    update,
    resize: () => view.width(widthOf(holder)).run(),
  };
};

/** A mean covers all runs of its setting: hide it if one of them is hidden. */
const shownBars = ({ bars = [] }) =>
  bars
    .filter((bar) => runsOf[bar.g].every((r) => shown.has(r)))
    .map((bar) => ({ ...bar, x: page.groups[bar.g].name }));

/** The range of the axis, a little wider than the values. */
const rangeOf = (values) => {
  if (values.length === 0) return [0, 1];
  const [bottom, top] = [Math.min(...values), Math.max(...values)];
  const room = (top - bottom || Math.abs(top) || 1) * 0.08;
  return [bottom - room, top + room];
};
