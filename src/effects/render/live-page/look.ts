// The look of the page's charts, in the light and the dark theme. The light colours are those of
// the pictures (report/plots/); the dark ones are brighter.
import type { Config } from "vega";

type Theme = "light" | "dark";

export const PALETTE: Readonly<Record<Theme, readonly [string, ...string[]]>> = {
  light: ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#1A1A1A"],
  dark: ["#4FA3DB", "#E69F00", "#1DB88C", "#DE93BC", "#7CC7F0", "#F0803C", "#E6EDF3"],
};
export const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2]];
export const INK = {
  light: {
    text: "#1A1A1A",
    quiet: "#555555",
    frame: "#888888",
    grid: "#E4E4E4",
    cell: "#FFFFFF",
  },
  dark: { text: "#E6EDF3", quiet: "#9DA7B3", frame: "#6E7681", grid: "#2A313A", cell: "#161B22" },
} as const;
const FONT = "Inter, system-ui, -apple-system, 'Segoe UI', sans-serif";
/** Colour of flagged values: it stands out in both themes. */
export const ALARM = "#D55E00";
/** Height of a chart of curves, in CSS pixels. */
export const HEIGHT = 320;

export const darkness: MediaQueryList = matchMedia("(prefers-color-scheme: dark)");
export const theme = (): Theme => (darkness.matches ? "dark" : "light");

/** Vega's config for the current theme. */
export function config(): Config {
  const ink = INK[theme()];
  return {
    background: "transparent",
    axis: {
      labelColor: ink.text,
      titleColor: ink.text,
      domainColor: ink.frame,
      tickColor: ink.frame,
      gridColor: ink.grid,
      labelFont: FONT,
      titleFont: FONT,
      labelFontSize: 12,
      titleFontSize: 13,
      titlePadding: 8,
    },
    legend: { labelColor: ink.text, titleColor: ink.text, labelFont: FONT, titleFont: FONT },
    text: { font: FONT },
  };
}
