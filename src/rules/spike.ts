// Rule: a loss jumps up for several points and comes back. A single outlier is no finding: nearly
// every healthy run has some.
import type { Series } from "../domain/sample.ts";
import { seriesOfRole } from "../logs/metric-role.ts";
import { median, NORMAL, sortedMedian } from "../base/robust-statistics.ts";
import { atStep, logPlaceAt, times } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";
import { defined } from "../base/defined.ts";

/** Only the last values of a long series are searched, this many: well under a second of work. */
const SPIKE_POINTS = 200_000;

export const spike = rule({
  name: "spike",
  tier: "B",
  says: "The loss is high for at least 3 of 5 points against the 100 before, and comes back.",
  silent: "The first 100 points or 5 %, steps to a new level, and losses of two players.",
  numbers: {
    z: {
      value: 4,
      why: "Scaled median distances of log loss: 0 of 61 healthy runs, recall .93 at ×1.2 over 5 steps.",
    },
    by: { value: 0.08, why: "Smaller jumps are of no use to know, however steady the loss." },
    window: { value: 100, why: "Points that the next is compared with; flagged ones stay out." },
  },
  find: (input, numbers) =>
    seriesOfRole(input.reading, "loss").flatMap((series) => foundIn(series, numbers)),
});

interface Numbers {
  readonly z: number;
  readonly by: number;
  readonly window: number;
}

interface Spike {
  readonly at: number;
  readonly peak: number;
  readonly ratio: number;
  readonly recovered: boolean;
}

/** A spike has at least three high points among five. */
const NEEDED = 3;
const OF_LAST = 5;
/** A spike is over after this many points in a row that are not high. */
const CALM = 10;
/** It came back if the median of those points keeps at most this share of its height. */
const LEFT = 0.3;
/** A jump at the very end counts only from this factor on: a smaller one may be a new level. */
const CERTAIN = 1.5;

function foundIn(series: Series, numbers: Numbers): readonly Found[] {
  const spikes = spikesIn(series.values, numbers);
  const worst = spikes.reduce((a, b) => (b.ratio > a.ratio ? b : a), spikes[0] ?? NONE);
  if (worst === NONE) return [];
  const { key } = series.summary;
  const again = spikes.length === 1 ? "" : `, the worst of ${spikes.length}`;
  const back = worst.recovered ? "" : ", not back at the end";
  const evidence = logPlaceAt(series, worst.peak);
  return [
    {
      metric: key,
      message: `${key} ${times(worst.ratio)}${atStep(series, worst.peak)}${again}${back}`,
      ...defined({ evidence }),
      count: spikes.length,
      persists: spikes.length > 1 || !worst.recovered || worst.ratio >= CERTAIN,
      blocking: false,
    },
  ];
}

const NONE: Spike = { at: -1, peak: -1, ratio: 0, recovered: true };

/** All spikes in order. Each value takes time linear in the window at most. */
function spikesIn(all: Float64Array, { z, by, window }: Numbers): readonly Spike[] {
  const values = all.length > SPIKE_POINTS ? all.subarray(-SPIKE_POINTS) : all;
  const shift = all.length - values.length;
  const from = Math.max(100, Math.ceil(0.05 * values.length));
  const longest = Math.max(50, Math.ceil(0.02 * values.length));
  const before = createWindow(window);
  const spikes: Spike[] = [];
  let high: { at: number; log: number }[] = [];
  let calm: number[] = [];
  const close = (): void => {
    const usual = before.median();
    const left = calm.length < CALM ? Infinity : median(calm) - usual;
    const found = spikeOf(high, usual, shift, left);
    if (found !== undefined) spikes.push(found);
    for (const one of [...(found === undefined ? high.map(({ log }) => log) : []), ...calm]) {
      before.add(one);
    }
    high = [];
    calm = [];
  };
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i] ?? NaN;
    if (!(value > 0)) continue;
    const log = Math.log(value);
    if (i >= from && before.isHigh(log, Math.log1p(by), z)) {
      high.push({ at: i, log });
      calm = [];
    } else if (high.length > 0) calm.push(log);
    else before.add(log);
    const first = high[0];
    if (first === undefined) continue;
    if (i - first.at >= longest) {
      // Too long for a spike: the loss has a new level, to which later values are compared.
      for (const one of [...high.map(({ log: level }) => level), ...calm]) before.add(one);
      high = [];
      calm = [];
    } else if (calm.length >= CALM) close();
  }
  if (high.length > 0) close();
  return spikes;
}

function spikeOf(
  high: readonly { readonly at: number; readonly log: number }[],
  usual: number,
  shift: number,
  left: number,
): Spike | undefined {
  const first = high[0];
  const dense = high.some(
    (one, i) => i + 1 >= NEEDED && one.at - (high[i + 1 - NEEDED]?.at ?? 0) < OF_LAST,
  );
  if (first === undefined || !dense) return undefined;
  const peak = high.reduce((a, b) => (b.log > a.log ? b : a));
  const height = peak.log - usual;
  const recovered = left <= LEFT * height;
  const ratio = Math.exp(height);
  // A jump that does not come back counts only at the end of the log, and only if it is large.
  if (!recovered && (left !== Infinity || ratio < CERTAIN)) return undefined;
  return { at: first.at + shift, peak: peak.at + shift, ratio, recovered };
}

interface Window {
  add(value: number): void;
  median(): number;
  /** Whether a value is above the median by `least` and by `z` scaled median distances. */
  isHigh(value: number, least: number, z: number): boolean;
}

/** A window over the last `size` values, kept both in order of time and sorted. */
function createWindow(size: number): Window {
  const queue: number[] = [];
  const sorted: number[] = [];
  const indexOf = (value: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return {
    add(value) {
      queue.push(value);
      sorted.splice(indexOf(value), 0, value);
      if (queue.length > size) sorted.splice(indexOf(queue.shift() ?? 0), 1);
    },
    median: () => sortedMedian(sorted),
    isHigh(value, least, z) {
      const middle = sortedMedian(sorted);
      if (sorted.length < size / 2 || value - middle < least) return false;
      return value - middle > z * NORMAL * medianDistance(sorted, middle);
    },
  };
}

/** The median distance of sorted values from `middle`, found outwards from it without sorting. */
function medianDistance(sorted: readonly number[], middle: number): number {
  let above = sorted.findIndex((one) => one >= middle);
  let below = above - 1;
  let distance = 0;
  for (let taken = 0; taken <= sorted.length >> 1; taken += 1) {
    const up = (sorted[above] ?? Infinity) - middle;
    const down = middle - (sorted[below] ?? -Infinity);
    if (up <= down) above += 1;
    else below -= 1;
    distance = Math.min(up, down);
  }
  return distance;
}
