// The parts of a Vega-Lite picture: axes, lines, marks of odd values and their names, and data as
// CSV. Which of them make a picture is plot-spec.ts, the points of a series are judge/plot-data.ts.
import { linearTicks, logTicks } from "./axis-ticks.ts";
import type { Ticks } from "./axis-ticks.ts";
import type { PlotAnomaly, PlotData, PlotPoint, SeriesShape } from "../../judge/plot-data.ts";
import { INK } from "./plot-theme.ts";

/** Size of a picture in CSS pixels, with title and axes. */
export const PLOT_WIDTH = 720;
export const PLOT_HEIGHT = 360;
/** A picture names at most this many anomalies. */
const MOST_LABELS = 4;
/** Width of such a name, in CSS pixels. */
const LABEL_WIDTH = 110;

type Column = "step" | "value" | "stretch" | "label";
type Row = Readonly<Partial<Record<Column, string | number>>>;
/** Any part of a Vega-Lite spec. */
export type Layer = Readonly<Record<string, unknown>>;

/** The x axis of a series; `stepKey` is its title unless x is the index of the value. */
export function xAxis(shape: SeriesShape, stepKey: string): Layer {
  const span = shape.to - shape.from;
  const pad = span > 0 ? span * 0.015 : Math.max(1, Math.abs(shape.from) * 1e-6);
  const low = shape.from - pad;
  const high = shape.to + pad;
  return {
    type: "quantitative",
    title: shape.byPosition ? "sample" : stepKey,
    scale: { domain: [low, high], nice: false, zero: false },
    axis: { ...axis(linearTicks(low, high, 7, { whole: shape.whole, short: true })), grid: false },
  };
}

/** The y axis of a series; `named` leaves room for the names of anomalies. */
export function yAxis(shape: SeriesShape, title: string, named = false): Layer {
  // A name is drawn beyond its point, away from the middle, and must not leave the plot.
  const room = named ? 0.16 : 0.06;
  if (shape.log) {
    const pad = (shape.high / shape.low) ** room;
    const low = Math.max(Number.MIN_VALUE, shape.low / pad);
    const high = Math.min(Number.MAX_VALUE, shape.high * pad);
    const scale = { type: "log", domain: [low, high], nice: false };
    return { type: "quantitative", title, scale, axis: axis(logTicks(low, high, 6)) };
  }
  const span = shape.high - shape.low;
  // A constant needs room around it, and so do values that differ only by rounding.
  const size = Math.max(Math.abs(shape.high), Math.abs(shape.low));
  const pad = span > size * 1e-14 ? span * room : size * 0.1 || 1;
  const low = shape.low - pad;
  const high = shape.high + pad;
  const scale = { domain: [low, high], nice: false, zero: false };
  return { type: "quantitative", title, scale, axis: axis(linearTicks(low, high, 5)) };
}

/** An axis with these ticks and labels; a minor tick is short and has no grid line. */
export function axis({ values, labels: names }: Ticks): Layer {
  const named = Object.fromEntries(values.map((value, i) => [String(value), names[i] ?? ""]));
  const label = `(${JSON.stringify(named)})[datum.value]`;
  const minor = names.includes("") ? { test: `${label} === ''` } : undefined;
  return {
    values,
    labelExpr: label,
    ...(minor === undefined
      ? {}
      : {
          gridOpacity: { condition: { ...minor, value: 0 }, value: 1 },
          tickSize: { condition: { ...minor, value: 3 }, value: 6 },
        }),
  };
}

export interface LineStyle {
  readonly color: string;
  /** The line's name in the legend, if the picture has one. */
  readonly key?: string;
  /** Lengths of dashes and gaps; undefined for a solid line. */
  readonly dash?: readonly number[] | undefined;
}

/** A series as line, average and points. */
export function lines(data: PlotData, { color, key, dash }: LineStyle): readonly Layer[] {
  const smoothed = data.smooth.length > 0;
  const named: Layer = key === undefined ? {} : { color: { datum: key } };
  const inked: Layer = key === undefined ? { color } : {};
  const line = (points: readonly PlotPoint[], style: Layer): Layer => ({
    data: table(["step", "value", "stretch"], points),
    mark: { type: "line", ...inked, clip: true, strokeJoin: "round", strokeCap: "round", ...style },
    encoding: { ...named, detail: { field: "stretch" }, order: { value: null } },
  });
  const dots = {
    data: table(["step", "value"], data.dots),
    mark: {
      type: "point",
      filled: true,
      size: smoothed ? 12 : 36,
      ...inked,
      opacity: 1,
      clip: true,
    },
    ...(key === undefined ? {} : { encoding: named }),
  };
  const main: Layer = dash === undefined ? {} : { strokeDash: dash, strokeCap: "butt" };
  return [
    line(
      data.raw,
      smoothed ? { strokeWidth: 1, opacity: 0.35 } : { strokeWidth: 1.75, opacity: 1, ...main },
    ),
    ...(smoothed ? [line(data.smooth, { strokeWidth: 2, ...main })] : []),
    ...(data.dots.length > 0 ? [dots] : []),
  ];
}

/** How values that are not finite are marked, at the lower or upper edge of the plot. */
const HOLE_STYLE = { size: 50, strokeWidth: 1.75, color: INK.alarm, opacity: 1 } as const;
const HOLE_MARKS = {
  NaN: { shape: "M-1,-1L1,1M1,-1L-1,1", edge: "height", yOffset: -8 },
  "+Inf": { shape: "triangle-up", edge: 0, yOffset: 8 },
  "-Inf": { shape: "triangle-down", edge: "height", yOffset: -8 },
} as const;

/** The marks of values that are not finite, and circles around anomalies. */
export function marks(data: PlotData): readonly Layer[] {
  const layers: Layer[] = [];
  for (const [kind, { shape, edge, yOffset }] of Object.entries(HOLE_MARKS)) {
    const rows = data.holes.filter((hole) => hole.kind === kind);
    if (rows.length === 0) continue;
    layers.push({
      data: table(["step"], rows),
      mark: { type: "point", shape, ...HOLE_STYLE, yOffset, filled: kind !== "NaN" },
      encoding: { y: { value: edge } },
    });
  }
  if (data.anomalies.length > 0) {
    layers.push({
      data: table(["step", "value"], data.anomalies),
      mark: { type: "point", size: 110, strokeWidth: 2, color: INK.alarm, opacity: 1 },
    });
  }
  return layers;
}

/** Drawn under letters, so that they are readable across a line. */
const HALO: Layer = { stroke: "white", strokeWidth: 4, strokeJoin: "round" };

/** The names of anomalies at their points, and a line where values stop being finite. */
export function labels(data: PlotData): readonly Layer[] {
  const { low, high, log } = data.shape;
  const middle = log ? Math.sqrt(low) * Math.sqrt(high) : low / 2 + high / 2;
  const shown = apart(data.anomalies, data.shape);
  const text = { type: "text", color: INK.alarmText, fontSize: 12 };
  const named = (rows: readonly PlotAnomaly[], dy: number): readonly Layer[] =>
    rows.length === 0
      ? []
      : [HALO, {}].map((under) => ({
          data: table(["step", "value", "label"], rows),
          mark: { ...text, dy, ...under },
          encoding: { text: { field: "label", type: "nominal" } },
        }));
  return [
    // Away from the middle, where the line is not.
    ...named(
      shown.filter(({ value }) => value >= middle),
      -14,
    ),
    ...named(
      shown.filter(({ value }) => value < middle),
      16,
    ),
    ...data.holes.slice(0, 1).map(({ step, kind }) => ({
      data: table(["step", "label"], [{ step, label: kind }]),
      encoding: { y: { value: 0 } },
      layer: [
        {
          mark: { type: "rule", color: INK.alarm, strokeDash: [3, 3], opacity: 0.7 },
          encoding: { y2: { value: "height" } },
        },
        {
          mark: { ...text, dy: -10 },
          encoding: { text: { field: "label", type: "nominal" } },
        },
      ],
    })),
  ];
}

/** The first anomalies whose names do not overlap. */
function apart(anomalies: readonly PlotAnomaly[], shape: SeriesShape): readonly PlotAnomaly[] {
  const room = ((shape.to - shape.from) * LABEL_WIDTH) / (PLOT_WIDTH - 60);
  const shown: PlotAnomaly[] = [];
  for (const anomaly of anomalies) {
    const before = shown.at(-1);
    if (before === undefined || anomaly.step - before.step > room) shown.push(anomaly);
  }
  return shown.slice(0, MOST_LABELS);
}

function table(columns: readonly Column[], rows: readonly Row[]): Layer {
  return csvData(
    columns,
    rows.map((row) => columns.map((column) => String(row[column])).join(",")),
  );
}

/** Columns of text; all other columns are numbers. */
const TEXT_COLUMNS: ReadonlySet<string> = new Set(["label", "group"]);

/** Rows of CSV as a picture's data: a third of the size of an object each, and as readable. */
export function csvData(columns: readonly string[], rows: readonly string[]): Layer {
  const parse = columns.map((name) => [name, TEXT_COLUMNS.has(name) ? "string" : "number"]);
  const values = [columns.join(","), ...rows].join("\n");
  return { values, format: { type: "csv", parse: Object.fromEntries(parse) } };
}

/** The six significant digits of a number that a picture can show. */
export function drawnDigits(value: number): number {
  return Number(value.toPrecision(6));
}
