// The chart of one metric: a line per run over steps or time, and the value at the pointer. Its
// points come from curve-points.ts, its spec from curves-spec.ts.
import type { View } from "vega";
import type { LiveMetric } from "../../../report/plots/live-page-data.ts";
import {
  pointsOf,
  rangesOf,
  type Axes,
  type Mark,
  type Points,
  type Range,
  type Row,
} from "./curve-points.ts";
import { linesSpec } from "./curves-spec.ts";
import {
  choice,
  draw,
  element,
  figure,
  nearest,
  placeIn,
  said,
  tell,
  widthOf,
  type Chart,
} from "./elements.ts";
import { groupName, runAt } from "./page-data.ts";
import { zoomable } from "./zoom.ts";

/** Adds the chart of a metric to the page. */
export function curvesChart(metric: LiveMetric): Chart {
  const hasSteps = metric.curves.some(({ s }) => s !== undefined);
  let chosen: Axes = { axis: hasSteps ? "step" : "time", log: metric.log };
  /** The ranges that the person zoomed to; undefined shows everything. */
  let zoom: { readonly across: Range; readonly up: Range } | undefined;
  let drawn: Points = { rows: [], marks: [], unit: "" };

  const ranges = (): { readonly across: Range; readonly up: Range } =>
    zoom ?? rangesOf([...drawn.rows, ...drawn.marks], chosen.log);
  const show = (): void => {
    const { across, up } = ranges();
    view.signal("across", across).signal("up", up).run();
  };
  const mark = (found?: Row | Mark): void => {
    view.signal("hot", found?.r ?? -1).data("spot", found === undefined ? [] : [found]);
    view.run();
  };
  const leave = (event: MouseEvent): void => {
    tell(event);
    mark();
  };
  const point = (event: MouseEvent): void => {
    const place = placeIn(view, surface, event);
    const flagged = nearest(view, drawn.marks, place, 10);
    const found = flagged ?? nearest(view, drawn.rows, place);
    mark(found);
    if (found === undefined) return tell(event);
    const where = whereText(metric, chosen.axis, drawn.unit, found);
    const value = `${metric.name} ${said(found.y)}`;
    const flag = flagged === undefined ? [] : [`flagged: ${flagged.label}`];
    const { group, folder } = runAt(found.r);
    tell(event, [value, ...flag, where, groupName(group), folder]);
  };
  const built = (): View => {
    drawn = pointsOf(metric, chosen);
    const since = `${drawn.unit} since the run's first line`;
    const spec = linesSpec({
      xTitle: chosen.axis === "step" ? metric.step : since,
      yTitle: metric.name,
      log: chosen.log,
      width: widthOf(holder),
      ...ranges(),
    });
    return draw(surface, spec, drawn.rows)
      .data("marks", [...drawn.marks])
      .run();
  };
  const rebuild = (): void => {
    view.finalize();
    view = built();
  };
  const all = (): void => {
    zoom = undefined;
    show();
  };
  const choose = (change: Partial<Axes>): void => {
    chosen = { ...chosen, ...change };
    zoom = undefined;
    rebuild();
  };

  const holder = figure(metric.name, metric.caption, switchesOf(metric, chosen, choose, all));
  const surface = element("div");
  holder.append(surface);
  let view = built();
  const zoomTo = (across: Range, up: Range): void => {
    zoom = { across, up };
    show();
  };
  zoomable(surface, { view: () => view, show: zoomTo, all, point, leave });
  return {
    rebuild,
    update() {
      drawn = pointsOf(metric, chosen);
      view.data("rows", [...drawn.rows]).data("marks", [...drawn.marks]);
      mark();
      show();
    },
    resize() {
      view.width(widthOf(holder)).run();
    },
  };
}

function switchesOf(
  metric: LiveMetric,
  { axis, log }: Axes,
  choose: (change: Partial<Axes>) => void,
  all: () => void,
): readonly HTMLElement[] {
  const whole = element("button", { type: "button", textContent: "show all" });
  whole.addEventListener("click", all);
  const axes = [
    ["step", metric.step],
    ["time", "time"],
  ] as const;
  const scales = [
    [false, "linear"],
    [true, "log"],
  ] as const;
  const both = metric.curves.some(({ s }) => s) && metric.curves.some(({ t }) => t);
  return [
    ...(both ? [choice(axes, axis, (value) => choose({ axis: value }))] : []),
    ...(metric.positive ? [choice(scales, log, (value) => choose({ log: value }))] : []),
    whole,
  ];
}

function whereText(
  metric: LiveMetric,
  axis: Axes["axis"],
  unit: string,
  { x, step }: Row | Mark,
): string {
  if (axis === "step") return `${metric.step} ${said(x)}`;
  const also = typeof step === "number" ? `, ${metric.step} ${said(step)}` : "";
  return `${said(x)} ${unit}${also}`;
}
