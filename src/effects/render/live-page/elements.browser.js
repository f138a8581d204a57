// The parts of the page that all charts share: figures, switches, the note at the pointer.
// What is drawn in a figure is left to the charts.
import { config } from "./look.browser.js";

/** The drawing library, which the page carries as a script of its own. */
const { vega } = globalThis;
/** How far from a point the pointer may be to mean it, in CSS pixels. */
const REACH = 40;

export const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const tip = document.querySelector("#tip");
/** Shows lines at the pointer, the first one bold; none hides the note. */
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

/** A value as a person reads it. */
export const said = (value) => String(Number(value.toPrecision(5)));

/** A figure with its heading, its switches and its drawing, in the page. */
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

/** Buttons of which one is pressed. */
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

/** Draws a spec whose data are `rows`, in the colours of now. */
export const draw = (holder, spec, rows) => {
  const view = new vega.View(vega.parse(spec, config()), {
    renderer: "canvas",
    container: holder,
    hover: false,
    // A page that is opened from a folder has nothing to load.
    loader: { load: () => Promise.reject(new Error("nothing is loaded")) },
  });
  return view.data("rows", rows).run();
};

/** Where an event is, in the coordinates of the drawing's axes. */
export const placeIn = (view, holder, event) => {
  const rect = holder.querySelector("canvas").getBoundingClientRect();
  const [left, top] = view.origin();
  const padding = view.padding();
  return {
    x: event.clientX - rect.left - padding.left - left,
    y: event.clientY - rect.top - padding.top - top,
  };
};

/** The item nearest to a place, where one is within reach, in CSS pixels. */
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
