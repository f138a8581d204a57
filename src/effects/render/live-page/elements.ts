// What all charts of the page share: figures, switches, the tooltip, and finding the point at the
// pointer. What a figure shows is left to the charts.
import type * as Vega from "vega";
import { config } from "./look.ts";

/** Vega, which the page includes as a separate script. */
declare const vega: typeof Vega;
/** Largest distance between the pointer and the point that it selects, in CSS pixels. */
const REACH = 40;

/** A position in the coordinates of a chart's axes, CSS pixels. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** A chart on the page, which page.ts keeps up to date. */
export interface Chart {
  /** Draws it anew, in the colours of the current theme. */
  readonly rebuild: () => void;
  /** Draws it with the runs that are shown now. */
  readonly update: () => void;
  /** Fits it to the page's width. */
  readonly resize: () => void;
}

/** The element of the page's HTML that has this id. Throws if there is none of this type. */
export function byId<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.querySelector(`#${id}`);
  if (found instanceof type) return found;
  throw new TypeError(`the page has no ${type.name} with the id ${id}`);
}

/** A new element with these properties and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

const tip = byId("tip", HTMLElement);

/** Shows a tooltip with lines of text at the pointer, the first one bold; no lines hide it. */
export function tell(event: MouseEvent, lines?: readonly string[]): void {
  tip.hidden = lines === undefined;
  if (lines === undefined) return;
  tip.replaceChildren(
    ...lines.map((text, i) => element(i === 0 ? "b" : "div", { textContent: text })),
  );
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - width - 8);
  const top =
    event.clientY + 14 + height > innerHeight ? event.clientY - height - 10 : event.clientY + 14;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

/** A value as text, rounded to five significant digits. */
export const said = (value: number): string => String(Number(value.toPrecision(5)));

/** Adds a figure with heading, switches and caption to the page; returns the element to draw in. */
export function figure(
  title: string,
  caption: string,
  switches: readonly HTMLElement[],
): HTMLElement {
  const holder = element("div", { className: "chart" });
  const bar = element("div", { className: "switches" }, ...switches);
  const head = element("div", { className: "head" }, element("h2", { textContent: title }), bar);
  holder.setAttribute("role", "img");
  holder.setAttribute("aria-label", `${title}. ${caption}`);
  document
    .querySelector("main")
    ?.append(element("figure", {}, head, holder, element("figcaption", { textContent: caption })));
  return holder;
}

/** A group of buttons, exactly one of which is pressed. */
export function choice<T>(
  options: readonly (readonly [value: T, label: string])[],
  now: T,
  act: (value: T) => void,
): HTMLElement {
  const group = element("span", { className: "choice" });
  for (const [value, label] of options) {
    const button = element("button", { type: "button", textContent: label });
    button.setAttribute("aria-pressed", String(value === now));
    button.addEventListener("click", () => {
      for (const other of group.children) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", "true");
      act(value);
    });
    group.append(button);
  }
  return group;
}

export const widthOf = (holder: Element): number => Math.max(320, Math.floor(holder.clientWidth));

/** Draws a spec with the data `rows`, in the colours of the current theme. */
export function draw(holder: HTMLElement, spec: Vega.Spec, rows: readonly object[]): Vega.View {
  const view = new vega.View(vega.parse(spec, config()), {
    renderer: "canvas",
    container: holder,
    hover: false,
    // The page holds all of its data: nothing may be loaded.
    loader: { ...vega.loader(), load: () => Promise.reject(new Error("nothing is loaded")) },
  });
  return view.data("rows", [...rows]).run();
}

/** The position of an event, in the coordinates of the chart's axes. */
export function placeIn(view: Vega.View, holder: Element, event: MouseEvent): Place {
  const { left, top } = (holder.querySelector("canvas") ?? holder).getBoundingClientRect();
  const [x, y] = view.origin();
  const padding = paddingOf(view);
  return {
    x: event.clientX - left - padding.left - x,
    y: event.clientY - top - padding.top - y,
  };
}

/** The space around a chart's axes, in CSS pixels. */
export function paddingOf(view: Vega.View): { readonly left: number; readonly top: number } {
  const padding = view.padding();
  return typeof padding === "number"
    ? { left: padding, top: padding }
    : { left: padding.left ?? 0, top: padding.top ?? 0 };
}

/** The item nearest to a position, if one is within `reach` CSS pixels. */
export function nearest<T extends { readonly x: unknown; readonly y: number }>(
  view: Vega.View,
  items: readonly T[],
  at: Place,
  reach = REACH,
): T | undefined {
  const [x, y] = [view.scale("x"), view.scale("y")];
  const half = typeof x.bandwidth === "function" ? x.bandwidth() / 2 : 0;
  let best: T | undefined;
  let distance = reach * reach;
  for (const item of items) {
    const [dx, dy] = [x(item.x) + half - at.x, y(item.y) - at.y];
    const square = dx * dx + dy * dy;
    if (square < distance) [best, distance] = [item, square];
  }
  return best;
}
