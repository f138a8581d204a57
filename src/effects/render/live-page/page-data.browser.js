// The page's data, which report/plots/live-page.ts embeds in it, and which of its runs are shown.
import { DASHES, PALETTE, theme } from "./look.browser.js";

export const page = JSON.parse(document.querySelector("#data").textContent);
/** Indices of the runs that are shown. Changed in run-list.browser.js. */
export const shown = new Set(page.runs.map((_, r) => r));
/** For each group, the indices of its runs. */
export const runsOf = page.groups.map(() => []);
page.runs.forEach((run, r) => runsOf[run.group].push(r));
export const groupName = (r) => page.groups[page.runs[r].group].name;

/** Number of the oldest settings, which the pictures leave out: they are drawn pale. */
const coloured = Math.max(0, page.groups.length - page.colours);
export const styleOf = (group) => {
  const at = group < coloured ? group : group - coloured;
  const colours = PALETTE[theme()];
  return {
    color: colours[at % colours.length],
    dash: DASHES[Math.floor(at / colours.length) % DASHES.length],
    pale: group < coloured,
  };
};
