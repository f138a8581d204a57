// Puts the page together: its charts, its list of runs, and the updates after a change of either.
// It is the last of the files that effects/render/live-page.ts joins into the page's one script.
import { curvesChart } from "./curves.browser.js";
import { darkness } from "./look.browser.js";
import { mapChart } from "./map.browser.js";
import { page } from "./page-data.browser.js";
import { fillList, paintSwatches } from "./run-list.browser.js";
import { dotsChart } from "./values.browser.js";

const charts = [
  ...page.metrics.map(curvesChart),
  ...page.finals.map(dotsChart),
  ...page.sweeps.map((sweep) => (sweep.at.length === 2 ? mapChart(sweep) : dotsChart(sweep))),
];
const drawAll = () => {
  paintSwatches();
  for (const chart of charts) chart.rebuild();
};
fillList(() => {
  for (const chart of charts) chart.update();
});
drawAll();
darkness.addEventListener("change", drawAll);
let settling;
globalThis.addEventListener("resize", () => {
  clearTimeout(settling);
  settling = setTimeout(() => {
    for (const chart of charts) chart.resize();
  }, 100);
});
document.body.dataset.drawn = String(charts.length);
