// The map of a sweep over two options: a cell per setting, coloured by the mean of its shown runs.
// A sweep over one option is drawn in values.ts.
import type { Spec, View } from "vega";
import type { LiveDots } from "../../../report/plots/live-page-data.ts";
import { draw, figure, placeIn, said, tell, widthOf, type Chart } from "./elements.ts";
import { INK, PALETTE, theme } from "./look.ts";
import { runAt, shown } from "./page-data.ts";

/** A setting of the sweep: a value of each option, as written. */
interface Cell {
  readonly x: string;
  readonly y: string;
  readonly mean: number;
  /** The mean as it stands in the cell. */
  readonly told: string;
  /** The folders of its shown runs. */
  readonly runs: readonly string[];
}

/** Numbers by their value, other texts by the alphabet. */
function byNumber(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isFinite(difference) ? difference : a < b ? -1 : a > b ? 1 : 0;
}

const inside = (start: number, size: number, place: number): boolean =>
  place >= start && place <= start + size;

interface MapGiven {
  /** The names of both options. */
  readonly options: readonly [string, string];
  /** In CSS pixels. */
  readonly width: number;
  /** The values of each option. */
  readonly columns: readonly string[];
  readonly lines: readonly string[];
}

function mapSpec({ options, width, columns, lines }: MapGiven): Spec {
  const ink = INK[theme()];
  const place = {
    x: { scale: "x", field: "x" },
    y: { scale: "y", field: "y" },
    width: { scale: "x", band: 1 },
    height: { scale: "y", band: 1 },
  };
  return {
    $schema: "https://vega.github.io/schema/vega/v6.json",
    width,
    height: Math.min(420, 60 + 44 * lines.length),
    padding: { left: 6, top: 6, right: 22, bottom: 6 },
    autosize: { type: "fit", contains: "padding" },
    data: [{ name: "rows", values: [] }],
    scales: [
      { name: "x", type: "band", range: "width", domain: [...columns], padding: 0.02 },
      { name: "y", type: "band", range: "height", domain: [...lines], padding: 0.02 },
      {
        name: "color",
        type: "linear",
        range: [ink.cell, PALETTE[theme()][0]],
        interpolate: "rgb",
        domain: { data: "rows", field: "mean" },
        zero: false,
      },
    ],
    axes: [
      { orient: "bottom", scale: "x", title: options[0], domain: false, ticks: false },
      { orient: "left", scale: "y", title: options[1], domain: false, ticks: false },
    ],
    marks: [
      {
        type: "rect",
        from: { data: "rows" },
        encode: {
          update: {
            ...place,
            fill: { scale: "color", field: "mean" },
            fillOpacity: { value: 0.75 },
          },
        },
      },
      {
        type: "text",
        from: { data: "rows" },
        encode: {
          update: {
            x: { scale: "x", field: "x", band: 0.5 },
            y: { scale: "y", field: "y", band: 0.5 },
            align: { value: "center" },
            baseline: { value: "middle" },
            fill: { value: ink.text },
            text: { field: "told" },
          },
        },
      },
    ],
  };
}

/** Adds the map of a sweep over two options to the page. */
export function mapChart(given: LiveDots): Chart {
  const [across = "", up = ""] = given.at ?? [];
  const holder = figure(given.title, given.caption, []);
  const valuesOf = (i: number): readonly string[] =>
    [...new Set(given.dots.map(({ at = [] }) => at[i] ?? ""))].toSorted(byNumber);
  const built = (): View => {
    const spec = mapSpec({
      options: [across, up],
      width: widthOf(holder),
      columns: valuesOf(0),
      lines: valuesOf(1),
    });
    return draw(holder, spec, cellsOf(given));
  };
  let view = built();
  holder.addEventListener("pointermove", (event) => {
    const at = placeIn(view, holder, event);
    const [x, y] = [view.scale("x"), view.scale("y")];
    const cell = (view.data("rows") as readonly Cell[]).find(
      (one) => inside(x(one.x), x.bandwidth(), at.x) && inside(y(one.y), y.bandwidth(), at.y),
    );
    if (cell === undefined) return tell(event);
    const runs = cell.runs.slice(0, 4);
    const more = cell.runs.length > 4 ? [`and ${cell.runs.length - 4} more`] : [];
    tell(event, [
      `${given.name} ${said(cell.mean)}`,
      `${across} ${cell.x}, ${up} ${cell.y}`,
      ...runs,
      ...more,
    ]);
  });
  holder.addEventListener("pointerleave", (event) => tell(event));
  return {
    rebuild() {
      view.finalize();
      view = built();
    },
    update() {
      view.data("rows", [...cellsOf(given)]).run();
    },
    resize() {
      view.width(widthOf(holder)).run();
    },
  };
}

/** The settings that have a shown run. */
function cellsOf({ dots }: LiveDots): readonly Cell[] {
  const found = new Map<string, { x: string; y: string; values: number[]; runs: string[] }>();
  for (const { r, v, at: [x = "", y = ""] = [] } of dots) {
    if (!shown.has(r)) continue;
    const key = JSON.stringify([x, y]);
    const cell = found.get(key) ?? { x, y, values: [], runs: [] };
    cell.values.push(v);
    cell.runs.push(runAt(r).folder);
    found.set(key, cell);
  }
  return [...found.values()].map(({ x, y, values, runs }) => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return { x, y, runs, mean, told: String(Number(mean.toPrecision(4))) };
  });
}
