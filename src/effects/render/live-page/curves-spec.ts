// The Vega spec of a chart of curves: a line per curve in "rows", a ring around each flagged value
// in "marks", and the highlighted point in "spot". curves.ts fills these data sets.
import type { Spec } from "vega";
import { NUMBERS } from "./axis-numbers.ts";
import type { Range } from "./curve-points.ts";
import { ALARM, HEIGHT } from "./look.ts";

export interface LinesChart {
  readonly xTitle: string;
  readonly yTitle: string;
  /** Whether y is logarithmic. */
  readonly log: boolean;
  /** In CSS pixels. */
  readonly width: number;
  readonly across: Range;
  readonly up: Range;
}

export const linesSpec = ({ xTitle, yTitle, log, width, across, up }: LinesChart): Spec => ({
  $schema: "https://vega.github.io/schema/vega/v6.json",
  width,
  height: HEIGHT,
  padding: { left: 6, top: 6, right: 22, bottom: 6 },
  autosize: { type: "fit", contains: "padding", resize: true },
  signals: [
    { name: "across", value: across },
    { name: "up", value: up },
    { name: "hot", value: -1 },
  ],
  data: [
    { name: "rows", values: [] },
    { name: "spot", values: [] },
    { name: "marks", values: [] },
  ],
  scales: [
    { name: "x", type: "linear", range: "width", domain: { signal: "across" }, zero: false },
    {
      name: "y",
      type: log ? "log" : "linear",
      range: "height",
      domain: { signal: "up" },
      zero: false,
    },
  ],
  axes: [
    {
      orient: "bottom",
      scale: "x",
      title: xTitle,
      tickCount: 8,
      labelOverlap: true,
      format: "~s",
      encode: {
        labels: {
          update: {
            text: {
              signal:
                "abs(datum.value) >= 10000 ? format(datum.value, '~s') : format(datum.value, '~g')",
            },
          },
        },
      },
    },
    {
      orient: "left",
      scale: "y",
      title: yTitle,
      grid: true,
      tickCount: 6,
      labelOverlap: true,
      encode: NUMBERS,
    },
  ],
  marks: [
    {
      type: "group",
      clip: true,
      encode: { update: { width: { signal: "width" }, height: { signal: "height" } } },
      marks: [
        {
          type: "group",
          from: { facet: { name: "line", data: "rows", groupby: "k" } },
          marks: [
            {
              type: "line",
              from: { data: "line" },
              encode: {
                update: {
                  x: { scale: "x", field: "x" },
                  y: { scale: "y", field: "y" },
                  stroke: { field: "c" },
                  strokeDash: { field: "d" },
                  strokeJoin: { value: "round" },
                  strokeWidth: { signal: "datum.r === hot ? datum.w + 1 : datum.w" },
                  strokeOpacity: { signal: "hot < 0 || datum.r === hot ? datum.o : datum.o / 4" },
                },
              },
            },
          ],
        },
        {
          type: "symbol",
          from: { data: "marks" },
          encode: {
            update: {
              x: { scale: "x", field: "x" },
              y: { scale: "y", field: "y" },
              fill: { value: "transparent" },
              stroke: { value: ALARM },
              strokeWidth: { value: 2 },
              size: { value: 110 },
            },
          },
        },
        {
          type: "symbol",
          from: { data: "spot" },
          encode: {
            update: {
              x: { scale: "x", field: "x" },
              y: { scale: "y", field: "y" },
              fill: { field: "c" },
              size: { value: 70 },
            },
          },
        },
      ],
    },
  ],
});
