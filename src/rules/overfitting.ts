// Rule: validation loss rises while training loss still falls. A gap between the two is no finding.
import type { Series } from "../domain/sample.ts";
import { seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { finite, median, noise } from "../base/robust-statistics.ts";
import { atStep, logPlaceAt, percent, shown } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";
import { defined } from "../base/defined.ts";

/** How far above noise the rise must be, in standard deviations of one evaluation. */
const SIGMAS = 3;

export const overfitting = rule({
  name: "overfitting",
  tier: "B",
  says: "Validation loss is 5 % above its minimum for the last 3 evaluations while training falls.",
  silent: "A gap between training and validation, and evaluations as noisy as the rise.",
  numbers: {
    by: { value: 0.05, why: "5 % of runs; the usual rules flag 62 to 71 %." },
    evaluations: { value: 3, why: "One or two may be chance." },
  },
  find(input, { by, evaluations }) {
    const losses = seriesOfRole(input.reading, "loss");
    const train = losses.filter(({ summary }) => splitOf(summary.key) === "train");
    const bare = losses.filter(({ summary }) => splitOf(summary.key) === "none");
    const [learning] = [...train, ...bare].toSorted((a, b) => b.values.length - a.values.length);
    if (learning === undefined) return [];
    return losses
      .filter(({ summary }) => splitOf(summary.key) === "val")
      .flatMap((val) => foundIn(val, learning, by, evaluations));
  },
});

function foundIn(val: Series, train: Series, by: number, evaluations: number): readonly Found[] {
  const values = finite(val.values);
  if (values.length < 2 * evaluations || values.length < val.values.length) return [];
  if (values.some((value) => value <= 0)) return [];
  const best = lowest(values);
  const late = values.slice(-evaluations);
  const least = Math.min(...late);
  const rise = least / best.value - 1;
  if (rise < by || best.at >= values.length - evaluations) return [];
  const logs = values.map(Math.log);
  if (Math.log1p(rise) < SIGMAS * noise(logs) || !stillFalls(train, val, best.at)) return [];
  const { key, last } = val.summary;
  // The message quotes a logged value: the smoothed best is on no line.
  const at = values.indexOf(lowestOf(values));
  const minimum = values[at] ?? best.value;
  const evidence = logPlaceAt(val, at);
  return [
    {
      metric: key,
      message: `${key} is ${percent(last.value / minimum - 1)} above its best, ${shown(minimum)}${atStep(val, at)}, while ${train.summary.key} falls`,
      ...defined({ evidence }),
      count: 1,
      persists: true,
      blocking: false,
    },
  ];
}

const lowestOf = (values: readonly number[]): number =>
  values.reduce((least, value) => Math.min(least, value), Infinity);

/** The lowest median of three neighbours: the minimum itself may be luck. */
function lowest(values: readonly number[]): { readonly at: number; readonly value: number } {
  let best = { at: 0, value: Infinity };
  for (let at = 0; at < values.length; at += 1) {
    const value = median(values.slice(Math.max(0, at - 1), at + 2));
    if (value < best.value) best = { at, value };
  }
  return best;
}

/** Whether the median of training at its end is lower than just before validation turned. */
function stillFalls(train: Series, val: Series, turn: number): boolean {
  const share = (turn + 1) / val.values.length;
  const at = Math.floor(share * train.values.length);
  const left = train.values.length - at;
  if (left < 2) return false;
  const size = Math.max(1, Math.min(left >> 1, Math.ceil(train.values.length / 10)));
  const around = median(train.values.subarray(Math.max(0, at - size), at + 1));
  return median(train.values.subarray(train.values.length - size)) < around;
}
