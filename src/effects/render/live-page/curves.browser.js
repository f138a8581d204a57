// The chart of one metric: a line per run over steps or time, and the value at the pointer. Its
// points come from curve-points.browser.js, its spec from curves-spec.browser.js.
import { pointsOf, spanOf } from "./curve-points.browser.js";
import { linesSpec } from "./curves-spec.browser.js";
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
} from "./elements.browser.js";
import { groupName, page } from "./page-data.browser.js";
import { zoomable } from "./zoom.browser.js";

export const curvesChart = (metric) => {
  const hasSteps = metric.curves.some(({ s }) => s !== undefined);
  const chosen = { axis: hasSteps ? "step" : "time", log: metric.log };
  /** The ranges that the person zoomed to; undefined shows everything. */
  let zoom;
  let view;
  let drawn = { rows: [], marks: [], unit: "" };

  const show = (across, up) => {
    if (across !== undefined) zoom = { across, up };
    const { across: x, up: y } = zoom ?? spanOf([...drawn.rows, ...drawn.marks], chosen.log);
    view.signal("across", x).signal("up", y).run();
  };
  const mark = (found) => {
    view.signal("hot", found?.r ?? -1).data("spot", found === undefined ? [] : [found]);
    view.run();
  };
  const leave = (event) => {
    tell(event);
    mark();
  };
  const point = (event) => {
    const place = placeIn(view, surface, event);
    const found = nearest(view, drawn.marks, place, 10) ?? nearest(view, drawn.rows, place);
    mark(found);
    if (found === undefined) return tell(event);
    const where = whereText(metric, chosen.axis, drawn.unit, found);
    const value = `${metric.name} ${said(found.y)}`;
    const flag = found.label === undefined ? [] : [`flagged: ${found.label}`];
    tell(event, [value, ...flag, where, groupName(found.r), page.runs[found.r].folder]);
  };
  const rebuild = () => {
    view?.finalize();
    drawn = pointsOf(metric, chosen);
    const since = `${drawn.unit} since the run's first line`;
    const spec = linesSpec({
      xTitle: chosen.axis === "step" ? metric.step : since,
      yTitle: metric.name,
      log: chosen.log,
      width: widthOf(holder),
      ...(zoom ?? spanOf([...drawn.rows, ...drawn.marks], chosen.log)),
    });
    view = draw(surface, spec, drawn.rows).data("marks", drawn.marks).run();
  };
  const all = () => {
    zoom = undefined;
    show();
  };
  const choose = (change) => {
    Object.assign(chosen, change);
    zoom = undefined;
    rebuild();
  };

  const holder = figure(metric.name, metric.caption, switchesOf(metric, chosen, choose, all));
  const surface = element("div");
  holder.append(surface);
  zoomable(surface, { view: () => view, show, all, point, leave });
  return {
    rebuild,
    update() {
      drawn = pointsOf(metric, chosen);
      view.data("rows", drawn.rows).data("marks", drawn.marks);
      mark();
      show();
    },
    resize: () => view.width(widthOf(holder)).run(),
  };
};

const switchesOf = (metric, { axis, log }, choose, all) => {
  const whole = element("button", { type: "button", textContent: "show all" });
  whole.addEventListener("click", all);
  const axes = [
    ["step", metric.step],
    ["time", "time"],
  ];
  const scales = [
    [false, "linear"],
    [true, "log"],
  ];
  const both = ["s", "t"].every((key) => metric.curves.some((curve) => curve[key] !== undefined));
  return [
    ...(both ? [choice(axes, axis, (value) => choose({ axis: value }))] : []),
    ...(metric.positive ? [choice(scales, log, (value) => choose({ log: value }))] : []),
    whole,
  ];
};

const whereText = (metric, axis, unit, { x, step }) => {
  if (axis === "step") return `${metric.step} ${said(x)}`;
  const also = typeof step === "number" ? `, ${metric.step} ${said(step)}` : "";
  return `${said(x)} ${unit}${also}`;
};
