// What all charts of the page share: figures, switches, the tooltip, and finding the point at the
// pointer. What a figure shows is left to the charts.
import { config } from "./look.browser.js";

/** Vega, which the page includes as a separate script. */
const { vega } = globalThis;
/** Largest distance between the pointer and the point that it selects, in CSS pixels. */
const REACH = 40;

export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const tip = document.querySelector("#tip");
/** Shows a tooltip with lines of text at the pointer, the first one bold; no lines hide it. */
export const tell = (event, lines) => {
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
};

/** A value as text, rounded to five significant digits. */
export const said = (value) => String(Number(value.toPrecision(5)));

/** Adds a figure with heading, switches and caption to the page; returns the element to draw in. */
export const figure = (title, caption, switches) => {
  const holder = element("div", { className: "chart" });
  const bar = element("div", { className: "switches" }, ...switches);
  const head = element("div", { className: "head" }, element("h2", { textContent: title }), bar);
  holder.setAttribute("role", "img");
  holder.setAttribute("aria-label", `${title}. ${caption}`);
  document
    .querySelector("main")
    .append(element("figure", {}, head, holder, element("figcaption", { textContent: caption })));
  return holder;
};

/** A group of buttons, exactly one of which is pressed. */
export const choice = (options, now, act) => {
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
};

export const widthOf = (holder) => Math.max(320, Math.floor(holder.clientWidth));

/** Draws a spec with the data `rows`, in the colours of the current theme. */
export const draw = (holder, spec, rows) => {
  const view = new vega.View(vega.parse(spec, config()), {
    renderer: "canvas",
    container: holder,
    hover: false,
    // The page holds all of its data: nothing may be loaded.
    loader: { load: () => Promise.reject(new Error("nothing is loaded")) },
  });
  return view.data("rows", rows).run();
};

/** The position of an event, in the coordinates of the chart's axes. */
export const placeIn = (view, holder, event) => {
  const rect = holder.querySelector("canvas").getBoundingClientRect();
  const [left, top] = view.origin();
  const padding = view.padding();
  return {
    x: event.clientX - rect.left - padding.left - left,
    y: event.clientY - rect.top - padding.top - top,
  };
};

/** The item nearest to a position, if one is within `reach` CSS pixels. */
export const nearest = (view, items, at, reach = REACH) => {
  const [x, y] = [view.scale("x"), view.scale("y")];
  const half = typeof x.bandwidth === "function" ? x.bandwidth() / 2 : 0;
  let [best, distance] = [undefined, reach * reach];
  for (const item of items) {
    const [dx, dy] = [x(item.x) + half - at.x, y(item.y) - at.y];
    const square = dx * dx + dy * dy;
    if (square < distance) [best, distance] = [item, square];
  }
  return best;
};
