// The list of runs beside the charts, where each setting and each run can be shown or hidden. The
// set of shown runs is in page-data.browser.js.
import { element } from "./elements.browser.js";
import { page, runsOf, shown, styleOf } from "./page-data.browser.js";

const swatches = [];
/** Each checkbox with the runs that it controls. */
const boxes = new Map();

/** Draws the line samples of the list in the colours of the current theme. */
export const paintSwatches = () => {
  for (const { canvas, group } of swatches) {
    const { color, dash } = styleOf(group);
    const pen = canvas.getContext("2d");
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = color;
    pen.lineWidth = 5;
    pen.setLineDash(dash.map((length) => 2 * length));
    pen.beginPath();
    pen.moveTo(0, 6);
    pen.lineTo(canvas.width, 6);
    pen.stroke();
  }
};

const tickBoxes = () => {
  for (const [box, runs] of boxes) {
    const on = runs.filter((r) => shown.has(r)).length;
    box.checked = on > 0;
    box.indeterminate = on > 0 && on < runs.length;
  }
  document.querySelector("#count").textContent = `${shown.size} of ${page.runs.length} shown`;
};

/** Fills the list; calls `changed` whenever the set of shown runs changes. */
export const fillList = (changed) => {
  const told = () => {
    tickBoxes();
    changed();
  };
  const show = (runs) => {
    shown.clear();
    for (const r of runs) shown.add(r);
    told();
  };
  const list = document.querySelector("#runs");
  for (const g of page.groups.keys()) list.append(groupEntry(g, show, told));
  document.querySelector("#all").addEventListener("click", () => show(page.runs.keys()));
  document.querySelector("#none").addEventListener("click", () => show([]));
  const search = document.querySelector("#search");
  search.addEventListener("input", () => {
    const word = search.value.trim().toLowerCase();
    for (const entry of list.children) {
      entry.hidden = !entry.dataset.words.toLowerCase().includes(word);
    }
  });
  tickBoxes();
};

const groupEntry = (g, show, told) => {
  const runs = runsOf[g];
  const { name } = page.groups[g];
  const canvas = element("canvas", { width: 44, height: 12, className: "swatch" });
  swatches.push({ canvas, group: g });
  const entry = element("li", {}, row(runs, [canvas, name], show, told));
  entry.dataset.words = [name, ...runs.map((r) => page.runs[r].folder)].join(" ");
  if (runs.length > 1) {
    const inner = runs.map((r) => element("li", {}, row([r], [runText(r)], show, told)));
    const summary = element("summary", { textContent: `${runs.length} runs` });
    entry.append(element("details", {}, summary, element("ul", {}, ...inner)));
  }
  return entry;
};

const runText = (r) => {
  const { folder, state } = page.runs[r];
  return state === "done" ? folder : `${folder} (${state})`;
};

const row = (runs, label, show, told) => {
  const box = element("input", { type: "checkbox", checked: true });
  boxes.set(box, runs);
  box.addEventListener("change", () => {
    for (const r of runs) {
      if (box.checked) shown.add(r);
      else shown.delete(r);
    }
    told();
  });
  const only = element("button", { type: "button", className: "only", textContent: "only" });
  only.addEventListener("click", () => show(runs));
  return element("div", { className: "row" }, element("label", {}, box, ...label), only);
};
