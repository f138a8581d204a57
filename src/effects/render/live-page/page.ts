// Puts the page together: its list of runs, its charts, and the updates after a change of either.
// It is where the bundle of the page's script begins.
import { curvesChart } from "./curves.ts";
import type { Chart } from "./elements.ts";
import { darkness } from "./look.ts";
import { mapChart } from "./map.ts";
import { page } from "./page-data.ts";
import { fillList, paintSwatches } from "./run-list.ts";
import { dotsChart } from "./values.ts";

const charts: Chart[] = [];
fillList(() => {
  for (const chart of charts) chart.update();
});
charts.push(
  ...page.metrics.map(curvesChart),
  ...page.finals.map(dotsChart),
  ...page.sweeps.map((sweep) => (sweep.at?.length === 2 ? mapChart(sweep) : dotsChart(sweep))),
);
const fit = (): void => {
  for (const chart of charts) chart.resize();
};
// The scroll bar that all of them together need came after the first was drawn.
fit();
darkness.addEventListener("change", () => {
  paintSwatches();
  for (const chart of charts) chart.rebuild();
});
let settling: ReturnType<typeof setTimeout> | undefined;
globalThis.addEventListener("resize", () => {
  clearTimeout(settling);
  settling = setTimeout(fit, 100);
});
document.body.dataset["drawn"] = String(charts.length);
