// The final values of each setting's runs as numbers to draw: a dot per run, and from three runs on
// the mean with its 95 % t-interval. The pictures of them are plot-compare.ts and live-page.ts.
import { measureGroup, type Measure } from "./comparisons.ts";
import { toNumber } from "../base/decimal.ts";
import type { RunGroup } from "./groups.ts";
import { runState, type ReportRun } from "./input.ts";
import { summarize } from "./statistics.ts";

export interface MeasuredDot {
  readonly group: RunGroup;
  readonly run: ReportRun;
  readonly value: number;
}

export interface MeasuredBar {
  readonly group: RunGroup;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface MeasuredGroups {
  readonly dots: readonly MeasuredDot[];
  readonly bars: readonly MeasuredBar[];
  /** How many ended runs have no dot: they did not end well, or have no finite value. */
  readonly without: number;
}

/** The dots and bars of one measure; runs that crashed or have no finite value have no dot. */
export function measured(measure: Measure, groups: readonly RunGroup[]): MeasuredGroups {
  const dots: MeasuredDot[] = [];
  const bars: MeasuredBar[] = [];
  let without = 0;
  for (const group of groups) {
    const { operands, values, without: none } = measureGroup(measure, group.runs);
    without += none.filter((run) => runState(run) !== "running").length;
    operands.forEach(({ run }, i) => {
      const value = values[i];
      if (value !== undefined) dots.push({ group, run, value: toNumber(value) });
    });
    const summary = values.length < 3 ? undefined : summarize(values);
    if (summary?.kind === "several") {
      const { mean, low, high } = summary;
      bars.push({ group, mean: toNumber(mean), low, high });
    }
  }
  return { dots, bars, without };
}

/** The note on runs without a dot: `2 runs have no point: not ended well, or without …`. */
export function withoutText(without: number): string {
  const have = without === 1 ? "1 run has" : `${without} runs have`;
  return `${have} no point: not ended well, or without a finite value`;
}
