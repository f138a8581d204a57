// Rule: a loss ends far above its best, or an accuracy far below: the run diverged or collapsed.
// Losses of two players and of reinforcement learning are skipped: they rise in healthy runs.
import type { Series } from "../domain/sample.ts";
import { median, noise, windowMedians } from "../base/robust-statistics.ts";
import { roleIn, seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { logPlaceAt, shown, times } from "../logs/series/series-place.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";
import { defined } from "../base/defined.ts";

/** By chance, the medians of two windows differ by less than this many standard deviations. */
const SIGMAS = 5;
/** √(π/2): for normal values, a median's standard deviation is this many times a mean's. */
const MEDIAN_COST = 1.2533;

export const diverged = rule({
  name: "diverged",
  tier: "A",
  says: "The loss ends at 1.5 times its best and near where it began, or an accuracy at less than half its best, or with nothing left in its last value.",
  silent: "Two-player and reinforcement losses, and validation that worsens while training falls.",
  numbers: {
    ratio: {
      value: 1.5,
      why: "Of the best earlier rolling median; caught 4 of 4 dead models, none of 2,379 healthy runs.",
    },
    regain: {
      value: 0.9,
      why: "Share of the first value that is lost again: a harder lesson loses less.",
    },
    values: {
      value: 5,
      why: "Fewest values in a window; it is 5 % of the series where that is more.",
    },
  },
  find: (input, numbers) => [
    ...seriesOfRole(input.reading, "loss").flatMap((one) => ofLoss(one, input, numbers)),
    ...seriesOfRole(input.reading, "share").flatMap((one) => ofShare(one, input, numbers.values)),
  ],
});

interface Numbers {
  readonly ratio: number;
  readonly regain: number;
  readonly values: number;
}

function ofLoss(series: Series, input: RuleInput, numbers: Numbers): readonly Found[] {
  const { min, key } = series.summary;
  if (min === undefined || min.value <= 0) return [];
  const ends = endsOf(series.values, numbers.values);
  if (ends === undefined) return [];
  const { last, lowest: best, first, window } = ends;
  if (last < numbers.ratio * best || last < numbers.regain * first) return [];
  const logs = series.values.map(Math.log);
  if (Math.log(last / best) < chance(logs, window)) return [];
  if (splitOf(key) === "val" && trainFalls(input)) return [];
  return [
    found(
      series,
      `${key} ends around ${shown(last)}, ${times(last / best)} of its best, ${shown(best)} (medians of ${window} values)`,
    ),
  ];
}

function ofShare(series: Series, input: RuleInput, least: number): readonly Found[] {
  if (splitOf(series.summary.key) === "test") return [];
  const ends = endsOf(series.values, least);
  const dead = diesAtLast(series);
  if (dead !== undefined) return [dead];
  if (ends === undefined) return [];
  const { last, highest: best, window } = ends;
  const gone = last < best / 2 || (last < 1e-3 && best > 1e-2);
  if (!gone || best - last < chance(series.values, window)) return [];
  const { key } = series.summary;
  const message = `${key} ends around ${shown(last)}, less than half of its best, ${shown(best)} (medians of ${window} values)`;
  return roleIn(input.reading, key) === "share" ? [found(series, message)] : [];
}

/** A last value that is this share of the one before it is no noise of an accuracy. */
const NOTHING_LEFT = 1e-2;

/** The accuracy is gone in the last value alone, which medians do not see. */
function diesAtLast(series: Series): Found | undefined {
  const { last, key, max } = series.summary;
  const before = series.values.at(-2) ?? 0;
  const scale = (max?.value ?? 0) > 1 ? 100 : 1;
  if (before < scale / 10 || !(last.value < NOTHING_LEFT * before)) return undefined;
  return found(series, `${key} ends at ${last.token}, after ${shown(before)}`);
}

/** How far apart the medians of two windows lie by noise alone. */
const chance = (values: Float64Array, window: number): number =>
  SIGMAS * MEDIAN_COST * noise(values) * Math.sqrt(2 / window);

interface Ends {
  readonly window: number;
  readonly first: number;
  readonly last: number;
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The medians at both ends, and the extremes of the rolling median before the last window;
 * undefined for fewer finite values than two windows.
 */
function endsOf(all: Float64Array, least: number): Ends | undefined {
  const values = all.filter(Number.isFinite);
  const window = Math.max(least, Math.ceil(0.05 * values.length));
  if (values.length < 2 * window) return undefined;
  const earlier = windowMedians(values.subarray(0, values.length - window), window);
  if (earlier.length === 0) return undefined;
  return {
    window,
    first: median(values.subarray(0, Math.min(3, window))),
    last: median(values.subarray(values.length - window)),
    lowest: Math.min(...earlier),
    highest: Math.max(...earlier),
  };
}

/** Training still falls: then it is generalisation that worsens, which overfitting.ts reports. */
function trainFalls({ reading }: RuleInput): boolean {
  return seriesOfRole(reading, "loss").some((one) => {
    if (splitOf(one.summary.key) === "val" || one.values.length < 4) return false;
    const half = one.values.length >> 1;
    return median(one.values.subarray(half)) < median(one.values.subarray(0, half));
  });
}

function found(series: Series, message: string): Found {
  const at = series.values.length - 1;
  const evidence = logPlaceAt(series, at);
  return {
    metric: series.summary.key,
    message,
    ...defined({ evidence }),
    token: series.summary.last.token,
    count: 1,
    blocking: false,
  };
}
