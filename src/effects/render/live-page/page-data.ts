// The page's data, which report/plots/live-page.ts embeds in it, and which of its runs are shown.
import type { LivePage } from "../../../report/plots/live-page-data.ts";
import { byId } from "./elements.ts";
import { DASHES, PALETTE, theme } from "./look.ts";

export type LiveRun = LivePage["runs"][number];

/** How the lines of a group are drawn. */
export interface LineStyle {
  readonly color: string;
  readonly dash: readonly number[];
  readonly pale: boolean;
}

export const page = JSON.parse(byId("data", HTMLScriptElement).text) as LivePage;
/** Indices of the runs that are shown. Changed in run-list.ts. */
export const shown = new Set(page.runs.keys());

/** The run with this index. Throws a `RangeError` if the data have none. */
export function runAt(r: number): LiveRun {
  const run = page.runs[r];
  if (run === undefined) throw new RangeError(`the page has no run ${r}`);
  return run;
}

const runsByGroup = page.groups.map((): number[] => []);
for (const [r, { group }] of page.runs.entries()) runsByGroup[group]?.push(r);
/** The indices of a group's runs. */
export const runsOf = (group: number): readonly number[] => runsByGroup[group] ?? [];

export const groupName = (group: number): string => page.groups[group]?.name ?? "";

/** Number of the oldest settings, which the pictures leave out: they are drawn pale. */
const coloured = Math.max(0, page.groups.length - page.colours);

/** The style of a group, in the current theme. */
export function styleOf(group: number): LineStyle {
  const at = group < coloured ? group : group - coloured;
  const colours = PALETTE[theme()];
  return {
    color: colours[at % colours.length] ?? colours[0],
    dash: DASHES[Math.floor(at / colours.length) % DASHES.length] ?? [],
    pale: group < coloured,
  };
}
