// Mouse control of a chart of curves: drag a box to zoom in, Shift and drag to pan, Ctrl and wheel
// to zoom, double click to see everything. What the pointer selects is left to the chart.
import { element, placeIn } from "./elements.browser.js";

/** Smallest box, in CSS pixels: a smaller one was meant as a click. */
const LEAST_BOX = 5;

/**
 * Handles the mouse on `surface`. `chart.view()` is the Vega view; `chart.show(across, up)` sets
 * the ranges of both axes, and `chart.all()` resets them. `chart.point(event)` is called when the
 * pointer moves without a button, `chart.leave(event)` when it leaves, and during a drag.
 */
export const zoomable = (surface, chart) => {
  const box = element("div", { className: "box", hidden: true });
  surface.before(box);
  let from;
  let frame;

  const move = (event) => {
    if (from === undefined) return chart.point(event);
    chart.leave(event);
    const at = placeIn(chart.view(), surface, event);
    if (from.pan) {
      const { x, y } = from.scales;
      return chart.show(moved(x, at.x - from.x), moved(y, at.y - from.y));
    }
    outline(box, chart.view(), from, at);
  };
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = { ...placeIn(chart.view(), surface, event), pan: event.shiftKey };
    from.scales = scalesOf(chart.view());
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => move(event));
  });
  surface.addEventListener("pointerup", (event) => {
    cancelAnimationFrame(frame);
    const start = from;
    from = undefined;
    box.hidden = true;
    if (start === undefined || start.pan) return;
    const at = placeIn(chart.view(), surface, event);
    if (Math.min(Math.abs(at.x - start.x), Math.abs(at.y - start.y)) < LEAST_BOX) return;
    const { x, y } = start.scales;
    chart.show(between(x, start.x, at.x), between(y, start.y, at.y));
  });
  surface.addEventListener("pointerleave", (event) => {
    if (from !== undefined) return;
    cancelAnimationFrame(frame);
    chart.leave(event);
  });
  surface.addEventListener("dblclick", () => chart.all());
  const wheel = (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = placeIn(chart.view(), surface, event);
    const by = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 200);
    const { x, y } = scalesOf(chart.view());
    chart.show(around(x, at.x, by), around(y, at.y, by));
  };
  surface.addEventListener("wheel", wheel, { passive: false });
};

/** Copies of the scales: Vega's own change when the view does. */
const scalesOf = (view) => ({ x: view.scale("x").copy(), y: view.scale("y").copy() });
const rising = (values) => values.toSorted((a, b) => a - b);
const moved = (scale, by) => rising(scale.range().map((end) => scale.invert(end - by)));
const between = (scale, a, b) => rising([scale.invert(a), scale.invert(b)]);
const around = (scale, at, by) =>
  rising(scale.range().map((end) => scale.invert(at + (end - at) * by)));

const outline = (box, view, from, at) => {
  const [left, top] = view.origin();
  const padding = view.padding();
  box.hidden = false;
  Object.assign(box.style, {
    left: `${Math.min(at.x, from.x) + left + padding.left}px`,
    top: `${Math.min(at.y, from.y) + top + padding.top}px`,
    width: `${Math.abs(at.x - from.x)}px`,
    height: `${Math.abs(at.y - from.y)}px`,
  });
};
