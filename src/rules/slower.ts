// Rule: steps take longer than before in this run, or than in an earlier run of the same code.
import { median, spread } from "../base/robust-statistics.ts";
import { logPlaceAt, percent, shown } from "../logs/series/series-place.ts";
import { stepTimes, type StepTimes } from "../logs/series/step-times.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";
import { defined } from "../base/defined.ts";

/** How far apart the medians of the two halves must lie, in standard errors. */
const SIGMAS = 6;

export const slower = rule({
  name: "slower",
  tier: "B",
  says: "30 steps take 1.25 times as long as usual, the second half of the run 5 % longer, or the run 1.1 times an earlier one of the same code.",
  silent: "Single slow steps, such as those with an evaluation, and the first tenth.",
  numbers: {
    ratio: { value: 1.25, why: "Of the median of the run." },
    steps: { value: 30, why: "A median of so many is not moved by an evaluation or a checkpoint." },
    sustained: { value: 0.05, why: "Over half of the run." },
    earlier: { value: 1.1, why: "Of the median of an earlier run of the same code and arguments." },
  },
  find(input, numbers) {
    const times = stepTimes(input.reading);
    const inside = times === undefined ? [] : within(times, numbers);
    return inside.length > 0 ? inside : thanEarlier(input, numbers.earlier);
  },
});

function within(
  found: StepTimes,
  {
    ratio,
    steps,
    sustained,
  }: { readonly ratio: number; readonly steps: number; readonly sustained: number },
): readonly Found[] {
  const warm = found.times.slice(Math.ceil(0.1 * found.times.length));
  // Times measured from stamps are averages over a stretch already: two of them suffice.
  const size = found.series === undefined ? 2 : steps;
  if (warm.length < 3 * size) return [];
  const usual = median(warm);
  for (let at = 0; at + size <= warm.length; at += Math.max(1, size >> 1)) {
    const here = median(warm.slice(at, at + size));
    if (
      here <= ratio * usual ||
      warm.slice(at, at + size).filter((one) => one > ratio * usual).length < 0.6 * size
    )
      continue;
    const last = at + 2 * size > warm.length;
    return [finding(found, at + found.times.length - warm.length, here / usual, last)];
  }
  const half = Math.floor(warm.length / 2);
  const [first, second] = [warm.slice(0, half), warm.slice(half)];
  const [a, b] = [median(first), median(second)];
  const error = (1.2533 * Math.hypot(spread(first), spread(second))) / Math.sqrt(half);
  if (half < size || b < (1 + sustained) * a || b - a < SIGMAS * error) return [];
  return [finding(found, found.times.length - second.length, b / a, true)];
}

function finding(found: StepTimes, at: number, ratio: number, persists: boolean): Found {
  const evidence = found.series === undefined ? undefined : logPlaceAt(found.series, at);
  const name = found.series === undefined ? "a step" : found.key;
  return {
    ...(found.series === undefined ? {} : { metric: found.key }),
    message: `${name} takes ${percent(ratio - 1)} longer than before`,
    ...defined({ evidence }),
    count: 1,
    persists,
    blocking: false,
  };
}

function thanEarlier({ digest, earlier = [] }: RuleInput, ratio: number): readonly Found[] {
  const own = digest?.stepMs;
  if (digest?.codeHash === undefined || own === undefined) return [];
  const alike = earlier.filter(
    (one) =>
      one.codeHash === digest.codeHash &&
      one.name === digest.name &&
      one.script === digest.script &&
      one.stepMs !== undefined &&
      JSON.stringify(one.args) === JSON.stringify(digest.args),
  );
  const last = alike.at(-1);
  if (last?.stepMs === undefined || own <= ratio * last.stepMs) return [];
  const message = `a step takes ${percent(own / last.stepMs - 1)} longer than in ${last.folder}, with the same code (${shown(own)} against ${shown(last.stepMs)})`;
  return [{ message, count: 1, persists: true, blocking: false }];
}
