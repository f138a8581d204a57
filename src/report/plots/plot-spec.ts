// The picture of one metric, or of a metric in several splits, as a Vega-Lite spec with its own
// data, so that anyone can restyle it. Its parts are plot-layers.ts; rendering it is
// effects/render/.
import type { TopLevelSpec } from "vega-lite";
import type { Finding } from "../../domain/finding.ts";
import type { Series } from "../../domain/sample.ts";
import { plotData, type PlotData, type SeriesShape } from "../../judge/plot-data.ts";
import {
  labels,
  lines,
  marks,
  PLOT_HEIGHT,
  PLOT_WIDTH,
  xAxis,
  yAxis,
  type Layer,
} from "./plot-layers.ts";
import { axisTitle, plotCaption, plotTitle, splitCaption } from "./plot-text.ts";
import { CONFIG, splitColour, splitDash } from "./plot-theme.ts";
import type { SplitPicture } from "./split-pictures.ts";

export interface MetricPlot {
  readonly series: Series;
  readonly runTitle: string;
  readonly findings: readonly Finding[];
  /** The file of the values, relative to the run folder: `logs/train.log`. */
  readonly file: string;
}

/** A complete Vega-Lite 6 spec for one metric of one run; the same input gives the same spec. */
export function metricSpec({ series, runTitle, findings, file }: MetricPlot): TopLevelSpec {
  const data = plotData(series, findings);
  const title = plotTitle(series.summary.key, runTitle);
  return pictureSpec(title, plotCaption(series, data, file), {
    encoding: {
      x: { field: "step", ...xAxis(data.shape, series.stepKey) },
      y: {
        field: "value",
        ...yAxis(data.shape, axisTitle(series.summary.key), data.anomalies.length > 0),
      },
    },
    layer: [
      ...lines(data, { color: splitColour(series.summary.key) }),
      ...marks(data),
      ...labels(data),
    ],
  });
}

/** A spec for one metric in several splits (`train`, `val`), each a line of its own. */
export function splitsSpec(
  { name, series }: SplitPicture,
  runTitle: string,
  findings: readonly Finding[],
): TopLevelSpec {
  const drawn = series.map((one) => ({ one, data: plotData(one, findings) }));
  const shape = spanOf(drawn.map(({ data }) => data.shape));
  const keys = drawn.map(({ one }) => one.summary.key);
  const named = drawn.some(({ data }) => data.anomalies.length > 0);
  const colours = { domain: keys, range: keys.map(splitColour) };
  return pictureSpec(
    plotTitle(keys.join(", "), runTitle),
    splitCaption(
      drawn.map(({ one, data }) => ({ series: one, data })),
      shape.log,
    ),
    {
      encoding: {
        x: { field: "step", ...xAxis(shape, series[0]?.stepKey ?? "sample") },
        y: { field: "value", ...yAxis(shape, axisTitle(name), named) },
        color: { scale: colours, legend: LEGEND },
      },
      layer: drawn.flatMap(({ one, data }) => {
        const { key } = one.summary;
        const whole: PlotData = { ...data, shape };
        const style = { color: splitColour(key), key, dash: splitDash(key) };
        return [...lines(whole, style), ...marks(whole), ...labels(whole)];
      }),
    },
  );
}

/** On a dark page the picture is a white card, which needs a margin. */
const PADDING = { left: 14, top: 14, right: 18, bottom: 12 };

const LEGEND: Layer = {
  orient: "top",
  direction: "horizontal",
  title: null,
  offset: 4,
  labelLimit: 320,
  symbolType: "stroke",
  symbolStrokeWidth: 3,
  symbolSize: 260,
  symbolOpacity: 1,
};

/** The extent of several series together. */
function spanOf(shapes: readonly SeriesShape[]): SeriesShape {
  const full = shapes.filter(({ count }) => count > 0);
  const of = full.length > 0 ? full : shapes;
  const low = Math.min(...of.map((shape) => shape.low));
  const high = Math.max(...of.map((shape) => shape.high));
  return {
    count: shapes.reduce((sum, { count }) => sum + count, 0),
    low,
    high,
    from: Math.min(...shapes.map(({ from }) => from)),
    to: Math.max(...shapes.map(({ to }) => to)),
    whole: shapes.every(({ whole }) => whole),
    byPosition: false,
    falls: 0,
    log: low > 0 && high / low > 10,
  };
}

/**
 * A complete picture: the size, title and style that all of nightlab's pictures share, and `body`.
 */
export function pictureSpec(title: string, caption: readonly string[], body: Layer): TopLevelSpec {
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: `${title}. ${caption.join(". ")}.`,
    width: PLOT_WIDTH,
    height: PLOT_HEIGHT,
    autosize: { type: "fit", contains: "padding" },
    padding: PADDING,
    title: { text: title, subtitle: caption, offset: 12 },
    config: CONFIG,
    ...(withDrawableTitles(body) as Layer),
  };
  return spec as unknown as TopLevelSpec;
}

/**
 * Vega looks titles of axes up in plain objects, and fails on one that every object has, such as
 * `constructor`. With a space behind it, it is looked up in vain.
 */
function withDrawableTitles(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withDrawableTitles);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]) => {
      const isTaken = name === "title" && typeof value === "string" && value in {};
      return [name, isTaken ? `${value} ` : withDrawableTitles(value)];
    }),
  );
}
