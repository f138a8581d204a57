// The picture of several runs' curves, over the step or over time, as a Vega-Lite spec. Which lines
// it has is curve-lines.ts, which metrics have such a picture plot-compare.ts.
import type { TopLevelSpec } from "vega-lite";
import {
  curveLines,
  type Axis,
  type CurveLine,
  type CurvesDrawn,
  CURVE_SEEDS_BAND,
} from "./curve-lines.ts";
import { runState, type ReportRun } from "../../judge/input.ts";
import { shapeOf, type SeriesShape } from "../../judge/plot-data.ts";
import { csvData, drawnDigits, xAxis, yAxis, type Layer } from "./plot-layers.ts";
import { pictureSpec } from "./plot-spec.ts";
import { timeUnit } from "./plot-system.ts";
import { axisTitle, groupDigits, shorten, shortLabels } from "./plot-text.ts";
import { GROUP_COLOURS, GROUP_DASHES, INK } from "./plot-theme.ts";

export interface CurvesPicture {
  readonly title: string;
  readonly caption: string;
  readonly spec: () => TopLevelSpec;
}

/** The picture of a metric; undefined if fewer than two runs have a line in it. */
export function curvesPicture(
  runs: readonly ReportRun[],
  metric: string,
  axis: Axis,
): CurvesPicture | undefined {
  const drawn = curveLines(runs, metric, axis);
  if (drawn === undefined || (axis === "time" && isShort(drawn))) return undefined;
  const name = axisTitle(metric);
  const title = `runs over ${axis === "time" ? "time" : `the ${stepWord(drawn)}`}: ${name}`;
  const caption = captionOf(drawn, axis);
  return {
    title,
    caption: `${caption.join(". ")}.`,
    spec: () => curvesSpec(title, caption, { drawn, axis, name }),
  };
}

/** Time stamps are mostly whole seconds: over a shorter time, a curve becomes a staircase. */
const LEAST_SECONDS = 10;

const isShort = ({ groups, others }: CurvesDrawn): boolean =>
  [...groups.flatMap(({ lines }) => lines), ...others].every(({ xs }) =>
    xs.every((x) => !(x >= LEAST_SECONDS)),
  );

const stepWord = ({ stepKey }: CurvesDrawn): string => (stepKey === "sample" ? "values" : stepKey);

/** The caption as sentences without full stops; its only numbers are counts and factors. */
function captionOf(drawn: CurvesDrawn, axis: Axis): readonly string[] {
  const { groups, others, factors, without, leftOut } = drawn;
  const banded = groups.some(({ band }) => band !== undefined);
  const seeded = groups.some(({ lines }) => lines.length > 1);
  const lines = banded
    ? `from ${CURVE_SEEDS_BAND} seeds on their mean with its 95 % t-band`
    : seeded
      ? "seeds of one setting share a colour"
      : "";
  const smooth =
    factors.length === 0 ? "" : `; noisy curves as EMA, factor ${factors.join(" and ")}`;
  const first = `A line a run${lines === "" ? "" : `, ${lines}`}${smooth}`;
  const grey =
    others.length === 0
      ? []
      : [`Grey: ${groupDigits(others.length)} runs of older settings${more(leftOut)}`];
  const missing = axis === "time" ? "no time stamps" : "another x axis";
  const not =
    without === 0
      ? []
      : [`Not drawn: ${without} ${without === 1 ? "run" : "runs"} with ${missing}`];
  return [first, ...grey, ...not, `Source: ${sourcesText(drawn)}`];
}

/** The files of the values; the line numbers are in the runs' tables on the page. */
function sourcesText({ groups, others }: CurvesDrawn): string {
  const lines = [...groups.flatMap((group) => group.lines), ...others];
  const files = [...new Set(lines.map(({ file }) => file))].toSorted();
  const shown = files.slice(0, MOST_FILES).map((file) => shorten(file, 40));
  const rest = files.length > shown.length ? ` and ${files.length - shown.length} more` : "";
  return `${shown.join(", ")}${rest} of ${groupDigits(new Set(lines.map(({ run }) => run)).size)} runs`;
}

/** The caption names at most this many files. */
const MOST_FILES = 3;

const more = (leftOut: number): string =>
  leftOut === 0 ? "" : `, ${groupDigits(leftOut)} not drawn`;

interface Drawing {
  readonly drawn: CurvesDrawn;
  readonly axis: Axis;
  readonly name: string;
}

function curvesSpec(
  title: string,
  caption: readonly string[],
  { drawn, axis, name }: Drawing,
): TopLevelSpec {
  const { groups, others } = drawn;
  const lines = [...groups.flatMap((group) => group.lines), ...others];
  const span = spanOf(lines);
  const { unit, ms } = timeUnit(span.to * 1_000);
  const per = axis === "time" ? ms / 1_000 : 1;
  const shape: SeriesShape = { ...span, from: span.from / per, to: span.to / per };
  const x = xAxis(
    { ...shape, whole: axis === "step" && span.whole },
    axis === "time" ? `${unit} since the run's first line` : stepWord(drawn),
  );
  const labels = shortLabels(
    groups.map(({ label }) => label),
    26,
  );
  const scale = {
    domain: labels,
    range: labels.map((_, i) => GROUP_COLOURS[i % GROUP_COLOURS.length]),
  };
  const dashes = {
    domain: labels,
    range: labels.map((_, i) => GROUP_DASHES[Math.floor(i / GROUP_COLOURS.length)] ?? []),
  };
  const color = { field: "group", type: "nominal", scale, legend: legendOf(labels) };
  const strokeDash = { field: "group", type: "nominal", scale: dashes, legend: legendOf(labels) };
  return pictureSpec(title, caption, {
    encoding: {
      x: { field: "x", ...x },
      y: { field: "value", ...yAxis(shape, name) },
    },
    layer: [
      ...greyLayer(others, per),
      ...bandLayers(drawn, labels, per, shape),
      {
        data: rowsOf(
          groups.flatMap((group, i) =>
            group.band === undefined ? group.lines.map((line) => ({ line, label: labels[i] })) : [],
          ),
          per,
        ),
        mark: { ...LINE, strokeWidth: seeds(drawn) ? 1.25 : 1.75 },
        encoding: { color, strokeDash, detail: { field: "line" }, order: { value: null } },
      },
      ...meanLayer(drawn, labels, per, { color, strokeDash }),
      ...endLayer(drawn, per),
    ],
  });
}

/** Not clipped: all points are inside the axes, and clipping would take 4 ms a line. */
const LINE: Layer = { type: "line", strokeJoin: "round" };
const seeds = ({ groups }: CurvesDrawn): boolean => groups.some(({ lines }) => lines.length > 1);

/** A legend below the picture, in as many columns as the names leave room for. */
function legendOf(labels: readonly string[]): Layer {
  const longest = Math.max(...labels.map((label) => label.length));
  return {
    title: null,
    orient: "bottom",
    columns: Math.max(2, Math.min(5, Math.floor(96 / (longest + 6)))),
    columnPadding: 18,
    labelLimit: 240,
    symbolType: "stroke",
    symbolStrokeWidth: 2.5,
    symbolSize: 320,
    symbolOpacity: 1,
  };
}

/** The extent of all lines together. */
function spanOf(lines: readonly CurveLine[]): SeriesShape {
  const xs = Float64Array.from(lines.flatMap((line) => line.xs.filter(Number.isFinite)));
  const ys = Float64Array.from(lines.flatMap((line) => line.ys));
  const across = shapeOf(xs, xs);
  const { low, high, log, count } = shapeOf(new Float64Array(ys.length), ys);
  return { ...across, low, high, log, count, byPosition: false };
}

function greyLayer(others: readonly CurveLine[], per: number): readonly Layer[] {
  if (others.length === 0) return [];
  return [
    {
      data: rowsOf(
        others.map((line) => ({ line, label: "" })),
        per,
      ),
      mark: { ...LINE, color: INK.pale, strokeWidth: 0.75, opacity: 1 },
      encoding: { detail: { field: "line" }, order: { value: null } },
    },
  ];
}

function bandLayers(
  { groups }: CurvesDrawn,
  labels: readonly string[],
  per: number,
  shape: SeriesShape,
): readonly Layer[] {
  // A log scale cannot show a band that reaches below zero.
  const floor = shape.log ? shape.low : Number.NEGATIVE_INFINITY;
  return groups.flatMap(({ band }, i) => {
    if (band === undefined || labels[i] === undefined) return [];
    const rows = band.map(
      ({ x, low, high }) =>
        `${drawnDigits(x / per)},${drawnDigits(Math.max(floor, low))},${drawnDigits(high)}`,
    );
    return [
      {
        data: csvData(["x", "low", "high"], rows),
        mark: {
          type: "area",
          clip: true,
          color: GROUP_COLOURS[i % GROUP_COLOURS.length],
          opacity: 0.22,
        },
        encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
      },
    ];
  });
}

function meanLayer(
  { groups }: CurvesDrawn,
  labels: readonly string[],
  per: number,
  encoding: Layer,
): readonly Layer[] {
  const rows = groups.flatMap(({ band = [] }, i) =>
    band.map(
      ({ x, mean }) => `${drawnDigits(x / per)},${drawnDigits(mean)},${quoted(labels[i] ?? "")}`,
    ),
  );
  if (rows.length === 0) return [];
  const data = csvData(["x", "value", "group"], rows);
  return [
    {
      data,
      mark: { ...LINE, strokeWidth: 2.25 },
      encoding: { ...encoding, order: { value: null } },
    },
  ];
}

/** A cross at the end of each run that failed or was lost. */
function endLayer({ groups }: CurvesDrawn, per: number): readonly Layer[] {
  const rows = groups
    .flatMap(({ lines }) => lines)
    .flatMap(({ run, xs, ys }) => {
      const last = ys.findLastIndex((value) => Number.isFinite(value));
      if (last < 0 || !["failed", "lost"].includes(runState(run))) return [];
      return [`${drawnDigits((xs[last] ?? 0) / per)},${drawnDigits(ys[last] ?? 0)}`];
    });
  if (rows.length === 0) return [];
  const shape = "M-1,-1L1,1M1,-1L-1,1";
  const mark = { type: "point", shape, size: 60, strokeWidth: 2, color: INK.alarm, opacity: 1 };
  return [{ data: csvData(["x", "value"], rows), mark }];
}

/** The rows of all lines; each stretch between two gaps is a line of its own. */
function rowsOf(
  all: readonly { readonly line: CurveLine; readonly label: string | undefined }[],
  per: number,
): Layer {
  let stretch = 0;
  const rows = all.flatMap(({ line, label = "" }) => {
    stretch += 1;
    return line.xs.flatMap((x, i) => {
      const value = line.ys[i] ?? Number.NaN;
      if (Number.isFinite(value))
        return [`${drawnDigits(x / per)},${drawnDigits(value)},${stretch},${quoted(label)}`];
      stretch += 1;
      return [];
    });
  });
  return csvData(["x", "value", "line", "group"], rows);
}

/** The text as a field of CSV. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
