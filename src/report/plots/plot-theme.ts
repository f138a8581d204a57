// Colours and fonts of all plots: the palette of Okabe and Ito, which is distinguishable with any
// colour vision, on white. What is drawn with them is plot-layers.ts.
import { canonicalMetric } from "../../domain/metric-key.ts";

/** The font in effects/render/fonts/, with which the renderer also measures the width of texts. */
const FONT = "Inter";

/**
 * The colours of plots, by what they are used for. The palette: M. Okabe, K. Ito, Color Universal
 * Design, 2008, https://jfly.uni-koeln.de/color/
 */
export const INK = {
  blue: "#0072B2",
  green: "#009E73",
  purple: "#CC79A7",
  orange: "#E69F00",
  sky: "#56B4E9",
  alarm: "#D55E00",
  /** Vermillion, darkened so that small letters are readable on white (contrast 5.6). */
  alarmText: "#B34700",
  text: "#1A1A1A",
  quiet: "#555555",
  frame: "#888888",
  pale: "#C8C8C8",
  grid: "#E4E4E4",
} as const;

/** The colour of a metric's split: training and none blue, validation green, test purple. */
export function splitColour(key: string): string {
  const [split] = canonicalMetric(key).split("/", 1);
  if (split === "val" || split === "eval") return INK.green;
  return split === "test" ? INK.purple : INK.blue;
}

/** Colours of settings, in their order; further settings repeat them with dashes. */
export const GROUP_COLOURS = [
  INK.blue,
  INK.orange,
  INK.green,
  INK.purple,
  INK.sky,
  INK.alarm,
  INK.text,
] as const;
export const GROUP_DASHES = [[], [6, 3]] as const;

/** The dashes of a metric's split, for readers who do not see colours; training is solid. */
export function splitDash(key: string): readonly number[] | undefined {
  switch (splitColour(key)) {
    case INK.green:
      return [7, 3];
    case INK.purple:
      return [2, 2];
    default:
      return undefined;
  }
}

export const CONFIG = {
  background: "white",
  font: FONT,
  view: { stroke: null },
  title: {
    anchor: "start",
    frame: "bounds",
    fontSize: 15,
    fontWeight: 600,
    color: INK.text,
    subtitleFontSize: 12,
    subtitleColor: INK.quiet,
    subtitlePadding: 5,
    subtitleLineHeight: 16,
    limit: 696,
  },
  axis: {
    labelFontSize: 12,
    labelColor: INK.text,
    labelFlush: false,
    labelOverlap: false,
    labelPadding: 4,
    titleFontSize: 13,
    titleFontWeight: 600,
    titleColor: INK.text,
    titlePadding: 8,
    gridColor: INK.grid,
    domainColor: INK.frame,
    tickColor: INK.frame,
    tickSize: 6,
  },
  legend: {
    labelFontSize: 12,
    labelColor: INK.text,
    titleFontSize: 12,
    titleFontWeight: 600,
    titleColor: INK.text,
  },
} as const;
