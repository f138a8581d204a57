// Mouse control of a chart of curves: drag a box to zoom in, Shift and drag to pan, Ctrl and wheel
// to zoom, double click to see everything. What the pointer selects is left to the chart.
import type { View } from "vega";
import type { Range } from "./curve-points.ts";
import { element, paddingOf, placeIn, type Place } from "./elements.ts";

/** Smallest box, in CSS pixels: a smaller one was meant as a click. */
const LEAST_BOX = 5;

/** What the mouse does to a chart. */
export interface Zoomable {
  readonly view: () => View;
  /** Sets the ranges of both axes. */
  readonly show: (across: Range, up: Range) => void;
  /** Resets them. */
  readonly all: () => void;
  /** The pointer moved without a button. */
  readonly point: (event: MouseEvent) => void;
  /** The pointer left, or drags. */
  readonly leave: (event: MouseEvent) => void;
}

/** A numeric scale of Vega, of which vega's types say nothing. */
interface Scale {
  readonly range: () => readonly number[];
  readonly invert: (at: number) => number;
  readonly copy: () => Scale;
}

interface Scales {
  readonly x: Scale;
  readonly y: Scale;
}

interface Drag extends Place {
  readonly pan: boolean;
  /** The scales where it began. */
  readonly scales: Scales;
}

/** Lets the mouse zoom and pan the chart that is drawn on `surface`. */
export function zoomable(surface: HTMLElement, chart: Zoomable): void {
  const box = element("div", { className: "box", hidden: true });
  surface.before(box);
  let from: Drag | undefined;
  let frame = 0;

  const move = (event: MouseEvent): void => {
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
    const view = chart.view();
    from = { ...placeIn(view, surface, event), pan: event.shiftKey, scales: scalesOf(view) };
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
  const wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const at = placeIn(chart.view(), surface, event);
    const by = Math.exp(Math.max(-60, Math.min(60, event.deltaY)) / 200);
    const { x, y } = scalesOf(chart.view());
    chart.show(around(x, at.x, by), around(y, at.y, by));
  };
  surface.addEventListener("wheel", wheel, { passive: false });
}

/** Copies of the scales: Vega's own change when the view does. */
function scalesOf(view: View): Scales {
  const copy = (name: string): Scale => (view.scale(name) as Scale).copy();
  return { x: copy("x"), y: copy("y") };
}

/** The values at both ends of an axis whose ends are moved to these pixels. */
function rangeAt(scale: Scale, end: (pixel: number) => number): Range {
  const values = scale.range().map((pixel) => scale.invert(end(pixel)));
  return [Math.min(...values), Math.max(...values)];
}

const moved = (scale: Scale, by: number): Range => rangeAt(scale, (end) => end - by);
const around = (scale: Scale, at: number, by: number): Range =>
  rangeAt(scale, (end) => at + (end - at) * by);

function between(scale: Scale, a: number, b: number): Range {
  const [one, other] = [scale.invert(a), scale.invert(b)];
  return [Math.min(one, other), Math.max(one, other)];
}

function outline(box: HTMLElement, view: View, from: Place, at: Place): void {
  const [left, top] = view.origin();
  const padding = paddingOf(view);
  box.hidden = false;
  Object.assign(box.style, {
    left: `${Math.min(at.x, from.x) + left + padding.left}px`,
    top: `${Math.min(at.y, from.y) + top + padding.top}px`,
    width: `${Math.abs(at.x - from.x)}px`,
    height: `${Math.abs(at.y - from.y)}px`,
  });
}
