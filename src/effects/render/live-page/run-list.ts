// The list of runs beside the charts, where each setting and each run can be shown or hidden. The
// set of shown runs is in page-data.ts.
import { byId, element } from "./elements.ts";
import { groupName, page, runAt, runsOf, shown, styleOf } from "./page-data.ts";

const swatches: { readonly canvas: HTMLCanvasElement; readonly group: number }[] = [];
/** Each checkbox with the runs that it controls. */
const boxes = new Map<HTMLInputElement, readonly number[]>();
const count = byId("count", HTMLElement);

/** How the list changes what is shown. */
interface Acts {
  /** Shows these runs alone. */
  readonly show: (runs: Iterable<number>) => void;
  /** The set of shown runs has changed. */
  readonly told: () => void;
}

/** Draws the line samples of the list in the colours of the current theme. */
export function paintSwatches(): void {
  for (const { canvas, group } of swatches) {
    const { color, dash } = styleOf(group);
    const pen = canvas.getContext("2d");
    if (pen === null) return;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.strokeStyle = color;
    pen.lineWidth = 5;
    pen.setLineDash(dash.map((length) => 2 * length));
    pen.beginPath();
    pen.moveTo(0, 6);
    pen.lineTo(canvas.width, 6);
    pen.stroke();
  }
}

function tickBoxes(): void {
  for (const [box, runs] of boxes) {
    const on = runs.filter((r) => shown.has(r)).length;
    box.checked = on > 0;
    box.indeterminate = on > 0 && on < runs.length;
  }
  count.textContent = `${shown.size} of ${page.runs.length} shown`;
}

/** Fills the list; calls `changed` whenever the set of shown runs changes. */
export function fillList(changed: () => void): void {
  const told = (): void => {
    tickBoxes();
    changed();
  };
  const show = (runs: Iterable<number>): void => {
    shown.clear();
    for (const r of runs) shown.add(r);
    told();
  };
  const entries = [...page.groups.keys()].map((group) => groupEntry(group, { show, told }));
  byId("runs", HTMLElement).append(...entries.map(({ entry }) => entry));
  byId("all", HTMLElement).addEventListener("click", () => show(page.runs.keys()));
  byId("none", HTMLElement).addEventListener("click", () => show([]));
  const search = byId("search", HTMLInputElement);
  search.addEventListener("input", () => {
    const word = search.value.trim().toLowerCase();
    for (const { entry, words } of entries) entry.hidden = !words.includes(word);
  });
  paintSwatches();
  tickBoxes();
}

/** The entry of a group, and the words in lower case by which the search finds it. */
function groupEntry(
  group: number,
  acts: Acts,
): { readonly entry: HTMLElement; readonly words: string } {
  const runs = runsOf(group);
  const name = groupName(group);
  const canvas = element("canvas", { width: 44, height: 12, className: "swatch" });
  swatches.push({ canvas, group });
  const entry = element("li", {}, row(runs, [canvas, name], acts));
  if (runs.length > 1) {
    const inner = runs.map((r) => element("li", {}, row([r], [runText(r)], acts)));
    const summary = element("summary", { textContent: `${runs.length} runs` });
    entry.append(element("details", {}, summary, element("ul", {}, ...inner)));
  }
  const words = [name, ...runs.map((r) => runAt(r).folder)].join(" ").toLowerCase();
  return { entry, words };
}

function runText(r: number): string {
  const { folder, state } = runAt(r);
  return state === "done" ? folder : `${folder} (${state})`;
}

function row(
  runs: readonly number[],
  label: readonly (Node | string)[],
  { show, told }: Acts,
): HTMLElement {
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
}
