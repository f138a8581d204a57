// The picture of a run's resource use: CPU, memory and GPU over time, in panels one below the
// other. The samples are not metrics of the run; reading them is logs/system-lines.ts.
import type { TopLevelSpec } from "vega-lite";
import type { SystemSample, SystemSeries } from "../../domain/system.ts";
import { PLOT_COLUMNS } from "../../judge/plot-data.ts";
import { linearTicks } from "./axis-ticks.ts";
import { m4 } from "../../base/m4.ts";
import { axis, csvData, drawnDigits, PLOT_WIDTH, type Layer } from "./plot-layers.ts";
import { pictureSpec } from "./plot-spec.ts";
import { groupDigits, plotTitle } from "./plot-text.ts";
import { INK } from "./plot-theme.ts";

/** Fewer samples, less than a minute, show nothing. */
const FEWEST = 12;
const PANEL_HEIGHT = 92;
/** Width of the y axes' labels; the same for all panels, so that they are aligned. */
const LABEL_WIDTH = 46;
const GIB = 2 ** 30;

interface Panel {
  readonly title: string;
  readonly color: string;
  readonly of: (sample: SystemSample) => number | undefined;
  /** The y axis reaches at least this value. */
  readonly top: number;
}

const PANELS: readonly Panel[] = [
  { title: "CPU cores", color: INK.blue, of: ({ cpu }) => cpu, top: 1 },
  { title: "memory, GiB", color: INK.green, of: ({ rss }) => rss / GIB, top: 0 },
  {
    title: "GPU, %",
    color: INK.orange,
    of: ({ gpu }) => (gpu === undefined ? undefined : 100 * gpu),
    top: 100,
  },
  {
    title: "GPU mem, GiB",
    color: INK.purple,
    of: ({ gpuMemory }) => (gpuMemory === undefined ? undefined : gpuMemory / GIB),
    top: 0,
  },
];

/** The spec of the picture; undefined if there are too few samples. */
export function systemSpec(
  samples: SystemSeries,
  runTitle: string,
  file: string,
): TopLevelSpec | undefined {
  if (samples.length < FEWEST) return undefined;
  const panels = PANELS.filter(({ of }) => samples.some((sample) => of(sample) !== undefined));
  const time = clockOf(samples);
  const title = plotTitle("system", runTitle);
  const caption = [
    `Of the run's processes, and of its busiest GPU where it has one; ${groupDigits(samples.length)} samples`,
    `Source: ${file}, lines 1\u2013${samples.length}`,
  ];
  const {
    width: _,
    height: __,
    autosize: ___,
    ...whole
  } = pictureSpec(title, caption, {
    spacing: 14,
    vconcat: panels.map((panel, i) => panelOf(panel, samples, time, i === panels.length - 1)),
  }) as unknown as Layer;
  return whole as unknown as TopLevelSpec;
}

interface Clock {
  readonly unit: string;
  /** Time of each sample since the first one, in that unit. */
  readonly at: Float64Array;
}

function clockOf(samples: SystemSeries): Clock {
  const start = samples[0]?.atMs ?? 0;
  const spanMs = (samples.at(-1)?.atMs ?? 0) - start;
  const { unit, ms } = timeUnit(spanMs);
  return { unit, at: Float64Array.from(samples, ({ atMs }) => (atMs - start) / ms) };
}

/** The unit for a time span: seconds up to two minutes, minutes up to two hours, then hours. */
export function timeUnit(spanMs: number): { readonly unit: string; readonly ms: number } {
  if (spanMs <= 120_000) return { unit: "seconds", ms: 1_000 };
  if (spanMs <= 7_200_000) return { unit: "minutes", ms: 60_000 };
  return { unit: "hours", ms: 3_600_000 };
}

function panelOf(
  { title, color, of, top }: Panel,
  samples: SystemSeries,
  { unit, at }: Clock,
  last: boolean,
): Layer {
  const values = Float64Array.from(samples, (sample) => of(sample) ?? Number.NaN);
  const [from, to] = [at[0] ?? 0, at.at(-1) ?? 1];
  const { kept, stretch } = m4(at, values, PLOT_COLUMNS, from, to);
  const rows = [...kept].map((i, k) => {
    const [time, value] = [at[i] ?? 0, values[i] ?? 0];
    return `${drawnDigits(time)},${drawnDigits(value)},${stretch[k] ?? 0}`;
  });
  const highest = values.reduce((most, value) => (value > most ? value : most), top);
  const high = highest === 0 ? 1 : highest * 1.08;
  const x = {
    field: "time",
    type: "quantitative",
    title: last ? `${unit} since the run's start` : null,
    scale: { domain: [from, to], nice: false, zero: false },
    axis: { ...axis(linearTicks(from, to, 7, { short: true })), grid: false, labels: last },
  };
  const y = {
    field: "value",
    type: "quantitative",
    title,
    scale: { domain: [0, high], nice: false },
    axis: { ...axis(linearTicks(0, high, 3)), minExtent: LABEL_WIDTH, maxExtent: LABEL_WIDTH },
  };
  return {
    width: PLOT_WIDTH - LABEL_WIDTH - 70,
    height: PANEL_HEIGHT,
    data: csvData(["time", "value", "stretch"], rows),
    mark: { type: "area", color, opacity: 0.25, line: { color, strokeWidth: 1.5 }, clip: true },
    encoding: { x, y, detail: { field: "stretch" }, order: { value: null } },
  };
}
