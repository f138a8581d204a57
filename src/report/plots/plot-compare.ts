// Pictures of an experiment as Vega-Lite specs: the final value of each run by setting, a sweep
// over its options, and the curves of plot-curves.ts. Rendering them is effects/render/.
import type { TopLevelSpec } from "vega-lite";
import { canonicalMetric } from "../../domain/metric-key.ts";
import { measured, withoutText } from "../../judge/compare-dots.ts";
import { measuresOf, type Measure } from "../../judge/comparisons.ts";
import { evidenceOf } from "../../judge/evidence.ts";
import { groupLabel, groupsOf, type RunGroup } from "../../judge/groups.ts";
import { comparedRuns } from "./curve-lines.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { curvesPicture } from "./plot-curves.ts";
import { PLOT_HEIGHT, PLOT_WIDTH, type Layer } from "./plot-layers.ts";
import { pictureSpec } from "./plot-spec.ts";
import { axisTitle, shorten, shortLabels } from "./plot-text.ts";
import { INK, splitColour } from "./plot-theme.ts";
import { optionsOf, searched, sweepOf } from "../../judge/sweep.ts";

/** A picture of final values has at most this many settings, the newest; more labels overlap. */
const COMPARE_PLOT_GROUPS = 24;
/** A picture of a sweep has at most this many settings, the newest: a map of 20 by 20. */
const COMPARE_SWEEP_GROUPS = 400;

export interface ComparePlot {
  /** A stable name, of which the file's name is made: `final last val/loss`. */
  readonly key: string;
  readonly title: string;
  /** The caption below the picture: what is drawn. */
  readonly caption: string;
  /** Computed on demand: pages list a picture more often than it is drawn. */
  readonly spec: () => TopLevelSpec;
}

/** One run's value and its position in the picture. */
interface Dot {
  readonly label: string;
  readonly value: number;
  /** The run's values of the sweep's options, in the order of the options. */
  readonly at: readonly string[];
}

interface Bar {
  readonly label: string;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** At most this many measures are drawn; those of the criteria come first. */
const MEASURES = 2;

/** The pictures of an experiment; each needs the values of at least two runs. */
export function comparePlots(input: ReportInput): readonly ComparePlot[] {
  const counted = input.runs.filter((run) => ignoredBy(input, run) === undefined);
  const groups = groupsOf(counted);
  const sweep = sweepOf(searched(counted, evidenceOf(input)));
  const ended = measuresOf(input)
    .slice(0, MEASURES)
    .flatMap((measure): ComparePlot[] => {
      const final = finalPlot(measure, groups);
      const swept =
        sweep === undefined ? undefined : sweepPlot(measure, sweep.groups, sweep.options);
      return [final, swept].flatMap((plot) => plot ?? []);
    });
  return [...curvePlots(input), ...ended];
}

/** The pictures of the runs' curves, over the step and over time. */
function curvePlots(input: ReportInput): readonly ComparePlot[] {
  const runs = comparedRuns(input);
  return comparedMetrics(input, runs).flatMap((metric) =>
    (["step", "time"] as const).flatMap((axis): ComparePlot[] => {
      const picture = curvesPicture(runs, metric, axis);
      return picture === undefined
        ? []
        : [{ key: `${axisTitle(metric)} over ${axis}`, ...picture }];
    }),
  );
}

/** The metrics whose curves are drawn: those of the plan, else the first one logged. */
export function comparedMetrics(input: ReportInput, runs: readonly ReportRun[]): readonly string[] {
  const names = [...new Map(measuresOf(input).map(({ name }) => [canonicalMetric(name), name]))];
  if (names.length > 0) return names.slice(0, MEASURES).map(([, name]) => name);
  return runs.flatMap(({ curves = [] }) => curves.map(({ key }) => key)).slice(0, 1);
}

/** Each run's value as a point above its setting; from three runs on with mean and interval. */
function finalPlot(measure: Measure, groups: readonly RunGroup[]): ComparePlot | undefined {
  const { dots, bars, missing } = drawn(measure, groups, [], COMPARE_PLOT_GROUPS);
  if (dots.length < 2) return undefined;
  const title = `${measureName(measure)} of each run that ended`;
  const interval = bars.length === 0 ? "" : "; mean and 95 % t-interval from three runs on";
  const notes = [`One point a run${interval}`, ...missing];
  const names = [...new Set(dots.map(({ label }) => label))];
  const flat = names.join("   ").length * LETTER_WIDTH < PLOT_WIDTH - 80;
  const axis = flat ? { labelAngle: 0 } : LABELS;
  const x = { field: "label", type: "nominal", sort: null, title: null, axis };
  return {
    key: `final ${measureName(measure)}`,
    title,
    caption: `${notes.join(". ")}.`,
    spec: () =>
      specOf(title, notes, dots.length, {
        encoding: { x, y: yOf(measure) },
        layer: [...barLayers(bars), dotLayer(dots, measure)],
      }),
  };
}

/** The value over one option, or a heat map over two; more options have no picture. */
function sweepPlot(
  measure: Measure,
  groups: readonly RunGroup[],
  options: readonly string[],
): ComparePlot | undefined {
  const { dots, missing } = drawn(measure, groups, options, COMPARE_SWEEP_GROUPS);
  const [first, second] = options;
  if (first === undefined || options.length > 2 || dots.length < 2) return undefined;
  const title = `${measureName(measure)} over ${options.join(" and ")}`;
  const key = `sweep ${measureName(measure)}`;
  if (second !== undefined) {
    const notes = ["Mean over the runs of each setting", ...missing];
    return {
      key,
      title,
      caption: `${notes.join(". ")}. The best of a sweep confirms nothing.`,
      spec: () => specOf(title, notes, dots.length, heatMap(dots, options, measure)),
    };
  }
  const numbers = dots.map((dot) => Number(dot.at[0]));
  const isNumeric = numbers.every((value) => Number.isFinite(value));
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const isLog = isNumeric && low > 0 && high / low > 9.99;
  const scale = isLog ? { type: "log", padding: 16 } : { zero: false, padding: 16 };
  const x = isNumeric
    ? {
        field: "at",
        type: "quantitative",
        title: first,
        scale,
        axis: { tickCount: 6, grid: false },
      }
    : { field: "at", type: "nominal", sort: null, title: first, axis: LABELS };
  const rows = dots.map((dot, i) => ({ value: dot.value, at: isNumeric ? numbers[i] : dot.at[0] }));
  const notes = ["One point a run", ...missing];
  return {
    key,
    title,
    caption: `${notes.join(". ")}. The best of a sweep confirms nothing.`,
    spec: () =>
      specOf(title, notes, dots.length, {
        data: { values: rows },
        encoding: { x, y: yOf(measure) },
        layer: [{ mark: point(measure) }],
      }),
  };
}

interface Drawn {
  readonly dots: readonly Dot[];
  readonly bars: readonly Bar[];
  /** What the picture leaves out, as sentences without full stops. */
  readonly missing: readonly string[];
}

/** What is drawn of the newest `most` settings. */
function drawn(
  measure: Measure,
  groups: readonly RunGroup[],
  options: readonly string[],
  most: number,
): Drawn {
  const shown = groups.slice(-most);
  const names = shown.map((group) => groupLabel(group, groups));
  const labels = new Map(shortLabels(names, 22).map((label, i) => [shown[i], label]));
  const { dots, bars, without } = measured(measure, shown);
  return {
    dots: dots.map(({ group, value }) => {
      const given = optionsOf(group.args);
      const at = options.map((option) => given.get(option) ?? "");
      return { label: labels.get(group) ?? "", value, at };
    }),
    bars: bars.map(({ group, ...bar }) => ({ label: labels.get(group) ?? "", ...bar })),
    missing: [
      ...(shown.length < groups.length
        ? [`The newest ${shown.length} of ${groups.length} settings`]
        : []),
      ...(without > 0 ? [withoutText(without)] : []),
    ],
  };
}

/** The name of a measure in pictures: `last val/loss`. */
export function measureName(measure: Measure): string {
  return `${measure.aggregation} ${axisTitle(measure.name)}`;
}

/** Approximate width of a letter of a label, in CSS pixels. */
const LETTER_WIDTH = 8;
const LABELS: Layer = { labelAngle: -30, labelLimit: 160 };

function yOf(measure: Measure): Layer {
  return {
    field: "value",
    type: "quantitative",
    title: measureName(measure),
    scale: { zero: false, padding: 12 },
    axis: { tickCount: 6 },
  };
}

function point(measure: Measure): Layer {
  return {
    type: "point",
    size: 70,
    strokeWidth: 1.75,
    color: splitColour(measure.name),
    opacity: 0.9,
  };
}

function dotLayer(dots: readonly Dot[], measure: Measure): Layer {
  const values = dots.map(({ label, value }) => ({ label, value }));
  return { data: { values }, mark: point(measure) };
}

function barLayers(bars: readonly Bar[]): readonly Layer[] {
  if (bars.length === 0) return [];
  const data = { values: bars };
  return [
    {
      data,
      mark: { type: "rule", color: INK.quiet, strokeWidth: 1.5 },
      encoding: { y: { field: "low", type: "quantitative" }, y2: { field: "high" } },
    },
    {
      data,
      mark: { type: "tick", color: INK.text, thickness: 2, size: 22 },
      encoding: { y: { field: "mean", type: "quantitative" } },
    },
  ];
}

/** A heat map over two options: the mean of each setting, and the number in it if it fits. */
function heatMap(dots: readonly Dot[], options: readonly string[], measure: Measure): Layer {
  const cells = new Map<string, { at: readonly string[]; values: number[] }>();
  for (const { at, value } of dots) {
    const key = JSON.stringify(at);
    const cell = cells.get(key) ?? { at, values: [] };
    cell.values.push(value);
    cells.set(key, cell);
  }
  const values = [...cells.values()].map(({ at, values: of }) => {
    const mean = of.reduce((a, b) => a + b, 0) / of.length;
    return { a: at[0], b: at[1], mean, said: String(Number(mean.toPrecision(4))) };
  });
  const sorted = (index: number): readonly string[] =>
    [...new Set(dots.map((dot) => dot.at[index] ?? ""))].toSorted(byNumber);
  const axis = (field: string, index: number): Layer => ({
    field,
    type: "ordinal",
    sort: sorted(index),
    title: options[index] ?? "",
    axis: { labelAngle: 0 },
  });
  const color = {
    field: "mean",
    type: "quantitative",
    title: measureName(measure),
    scale: { range: ["#FFFFFF", INK.blue], interpolate: "rgb", zero: false },
  };
  const [columns, rows] = [sorted(0).length, sorted(1).length];
  const numbers = {
    mark: { type: "text", color: INK.text, fontSize: 12 },
    encoding: { text: { field: "said", type: "nominal" } },
  };
  return {
    data: { values },
    height: PLOT_HEIGHT + Math.max(0, rows - 10) * 20,
    encoding: { x: axis("a", 0), y: axis("b", 1) },
    layer: [
      { mark: { type: "rect", stroke: "white", opacity: 0.75 }, encoding: { color } },
      ...(columns > MAP_COLUMNS ? [] : [numbers]),
    ],
  };
}

/** With more columns the cells are too narrow for a number of four digits. */
const MAP_COLUMNS = 12;

function byNumber(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (Number.isFinite(x) && Number.isFinite(y) && x !== y) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The picture with its caption; `count` is the number of runs whose values are drawn. */
function specOf(title: string, notes: readonly string[], count: number, body: Layer): TopLevelSpec {
  return pictureSpec(shorten(title, 72), [...notes, `Source: the logs of ${count} runs`], body);
}
