// The picture of one metric as a Vega-Lite spec that holds its own data, to be restyled by anyone.
// What is drawn comes from plot-data.ts; turning it into an image is left to effects/render.ts.
import type { TopLevelSpec } from "vega-lite";
import type { Finding } from "../model/finding.ts";
import type { Series } from "../model/sample.ts";
import { linearTicks, logTicks } from "./axis-ticks.ts";
import type { Ticks } from "./axis-ticks.ts";
import { plotData } from "./plot-data.ts";
import type { PlotAnomaly, PlotData, PlotPoint, Shape } from "./plot-data.ts";
import { axisTitle, plotCaption, plotTitle } from "./plot-text.ts";
import { CONFIG, INK, splitColour } from "./plot-theme.ts";

/** Size of the whole picture in CSS pixels, title and axes included. */
const PLOT_WIDTH = 720;
const PLOT_HEIGHT = 360;
/** Names of anomalies shown, and the width that one needs, in CSS pixels. */
const MOST_LABELS = 4;
const LABEL_WIDTH = 110;

export interface MetricPlot {
  readonly series: Series;
  readonly runTitle: string;
  readonly findings: readonly Finding[];
  /** Where the values were read, relative to the run folder: `logs/train.log`. */
  readonly file: string;
}

type Column = "step" | "value" | "stretch" | "label";
type Row = Readonly<Partial<Record<Column, string | number>>>;
type Layer = Readonly<Record<string, unknown>>;

/** A complete Vega-Lite 6 spec for one metric of one run. The same input gives the same text. */
export function metricSpec({ series, runTitle, findings, file }: MetricPlot): TopLevelSpec {
  const data = plotData(series, findings);
  const caption = plotCaption(series, data, file);
  const title = plotTitle(series.summary.key, runTitle);
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${title}. ${caption.join(". ")}.`,
    width: PLOT_WIDTH,
    height: PLOT_HEIGHT,
    autosize: { type: "fit", contains: "padding" },
    padding: { left: 8, top: 10, right: 16, bottom: 8 },
    title: { text: title, subtitle: caption, offset: 12 },
    config: CONFIG,
    encoding: {
      x: { field: "step", ...xAxis(data.shape, series.stepKey) },
      y: { field: "value", ...yAxis(data, axisTitle(series.summary.key)) },
    },
    layer: [...lines(data, splitColour(series.summary.key)), ...marks(data), ...labels(data)],
  };
  return spec as unknown as TopLevelSpec;
}

function xAxis(shape: Shape, stepKey: string): Layer {
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

function yAxis({ shape, anomalies }: PlotData, title: string): Layer {
  // Names of anomalies stand outwards of their points, and must not leave the plot.
  const room = anomalies.length > 0 ? 0.16 : 0.06;
  if (shape.log) {
    const pad = (shape.high / shape.low) ** room;
    const low = Math.max(Number.MIN_VALUE, shape.low / pad);
    const high = Math.min(Number.MAX_VALUE, shape.high * pad);
    const scale = { type: "log", domain: [low, high], nice: false };
    return { type: "quantitative", title, scale, axis: axis(logTicks(low, high, 6)) };
  }
  const span = shape.high - shape.low;
  // A constant needs room around it; so does one that rounding alone lets vary.
  const size = Math.max(Math.abs(shape.high), Math.abs(shape.low));
  const pad = span > size * 1e-14 ? span * room : size * 0.1 || 1;
  const low = shape.low - pad;
  const high = shape.high + pad;
  const scale = { domain: [low, high], nice: false, zero: false };
  return { type: "quantitative", title, scale, axis: axis(linearTicks(low, high, 5)) };
}

/** Ticks with their own labels; a minor tick is short and has no grid line. */
function axis({ values, labels: names }: Ticks): Layer {
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

function lines(data: PlotData, color: string): readonly Layer[] {
  const smoothed = data.smooth.length > 0;
  const line = (points: readonly PlotPoint[], style: Layer): Layer => ({
    data: table(["step", "value", "stretch"], points),
    mark: { type: "line", color, clip: true, strokeJoin: "round", strokeCap: "round", ...style },
    encoding: { detail: { field: "stretch" }, order: { value: null } },
  });
  const dots = {
    data: table(["step", "value"], data.dots),
    mark: { type: "point", filled: true, size: smoothed ? 12 : 36, color, opacity: 1, clip: true },
  };
  return [
    line(data.raw, { strokeWidth: smoothed ? 1 : 1.75, opacity: smoothed ? 0.35 : 1 }),
    ...(smoothed ? [line(data.smooth, { strokeWidth: 2 })] : []),
    ...(data.dots.length > 0 ? [dots] : []),
  ];
}

const HOLE_STYLE = { size: 50, strokeWidth: 1.75, color: INK.alarm, opacity: 1 } as const;
const HOLE_MARKS = {
  NaN: { shape: "M-1,-1L1,1M1,-1L-1,1", edge: "height", yOffset: -8 },
  "+Inf": { shape: "triangle-up", edge: 0, yOffset: 8 },
  "-Inf": { shape: "triangle-down", edge: "height", yOffset: -8 },
} as const;

function marks(data: PlotData): readonly Layer[] {
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

/** The names of anomalies at their points, and a line where values stop being finite. */
function labels(data: PlotData): readonly Layer[] {
  const { low, high, log } = data.shape;
  const middle = log ? Math.sqrt(low) * Math.sqrt(high) : low / 2 + high / 2;
  const shown = apart(data.anomalies, data.shape);
  const text = { type: "text", color: INK.alarmText, fontSize: 12 };
  const named = (rows: readonly PlotAnomaly[], dy: number): readonly Layer[] =>
    rows.length === 0
      ? []
      : [
          {
            data: table(["step", "value", "label"], rows),
            mark: { ...text, dy },
            encoding: { text: { field: "label", type: "nominal" } },
          },
        ];
  return [
    // Outwards from the middle, where the line is not.
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

/** The first anomalies whose names do not lie on each other. */
function apart(anomalies: readonly PlotAnomaly[], shape: Shape): readonly PlotAnomaly[] {
  const room = ((shape.to - shape.from) * LABEL_WIDTH) / (PLOT_WIDTH - 60);
  const shown: PlotAnomaly[] = [];
  for (const anomaly of anomalies) {
    const before = shown.at(-1);
    if (before === undefined || anomaly.step - before.step > room) shown.push(anomaly);
  }
  return shown.slice(0, MOST_LABELS);
}

/** Rows as CSV: a third of the size of one object each, and as readable. */
function table(columns: readonly Column[], rows: readonly Row[]): Layer {
  const cells = rows.map((row) => columns.map((column) => String(row[column])).join(","));
  const parse = columns.map((column) => [column, column === "label" ? "string" : "number"]);
  const values = [columns.join(","), ...cells].join("\n");
  return { values, format: { type: "csv", parse: Object.fromEntries(parse) } };
}
