// Rule: a result is too good to be true: a perfect score, validation far above training, or a leap
// beyond every earlier run. Often the data leaks or the target is among the inputs.
import type { MetricDigest } from "../domain/digest.ts";
import type { Series } from "../domain/sample.ts";
import { betterWay, roleIn, roleOf, seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { finite } from "../base/robust-statistics.ts";
import { shown } from "../logs/series/series-place.ts";
import { outsideSpread } from "./prediction-interval.ts";
import { foundAtLast, rule, type Found, type RuleInput } from "./rule.ts";

export const tooGood = rule({
  name: "too-good",
  tier: "B",
  says: "Held-out accuracy ≥ .999 or loss ≤ 1e-4, validation 5 points above training for 3 evaluations, or a leap beyond all earlier runs.",
  silent: "Training values: a model may learn its data by heart.",
  numbers: {
    accuracy: { value: 0.999, why: "No benchmark that is still worked on is solved so far." },
    loss: { value: 1e-4, why: "Label noise alone keeps real data above it." },
    points: { value: 0.05, why: "Dropout and augmentation explain less." },
    sigmas: { value: 5, why: "Beyond the best of the earlier runs, in their deviations." },
    chance: { value: 1e-3, why: "Of a run like the others being so far out, where they are few." },
    runs: { value: 4, why: "Fewest earlier runs whose deviation says anything." },
  },
  find: (input, numbers) => {
    const heldOut = input.reading.series.filter(({ summary: { key } }) => {
      const split = splitOf(key);
      return split === "val" || split === "test";
    });
    return [
      ...heldOut.flatMap((series) => perfect(series, input, numbers)),
      ...heldOut.flatMap((series) => aboveTraining(series, input, numbers.points)),
      ...leaps(input, numbers),
    ];
  },
});

interface Numbers {
  readonly accuracy: number;
  readonly loss: number;
  readonly sigmas: number;
  readonly runs: number;
  readonly chance: number;
}

function perfect({ summary }: Series, input: RuleInput, numbers: Numbers): readonly Found[] {
  const { key, last } = summary;
  const role = roleIn(input.reading, key);
  const isPercent = (summary.max?.value ?? 0) > 1;
  const share = isPercent ? last.value / 100 : last.value;
  const good =
    (role === "share" && share >= numbers.accuracy) ||
    (role === "loss" && last.value >= 0 && last.value <= numbers.loss);
  return good
    ? [foundAtLast(input, key, `${key} ends at ${last.token}: too good to be true?`)]
    : [];
}

/** Validation must be above training for this many evaluations in a row. */
const EVALUATIONS = 3;

function aboveTraining(val: Series, input: RuleInput, points: number): readonly Found[] {
  const { key } = val.summary;
  if (roleOf(key) !== "share" || splitOf(key) !== "val") return [];
  const name = bareName(key);
  const train = seriesOfRole(input.reading, "share").find(
    ({ summary }) => splitOf(summary.key) === "train" && bareName(summary.key) === name,
  );
  if (train === undefined || val.values.length < 2 * EVALUATIONS) return [];
  const [scale, trainScale] = [scaleOf(val), scaleOf(train)];
  // A percentage and a share of one cannot be compared: which is which is a guess near 1.
  if (scale !== trainScale) return [];
  const trained = finite(train.values.subarray(-Math.max(3, train.values.length >> 3)));
  const late = finite(val.values.subarray(-EVALUATIONS));
  const least = Math.max(...trained) + points * scale;
  if (trained.length === 0 || late.length < EVALUATIONS || late.some((one) => one <= least))
    return [];
  return [
    foundAtLast(
      input,
      key,
      `${key} is over ${shown(100 * points)} points above ${train.summary.key}`,
    ),
  ];
}

/** 100 for a series in percent, else 1. */
const scaleOf = ({ summary }: Series): number => ((summary.max?.value ?? 0) > 1 ? 100 : 1);

const bareName = (key: string): string =>
  key
    .toLowerCase()
    .replaceAll(/(?:^|[^a-z])(?:train|training|val|valid|validation|eval)(?:[^a-z]|$)/g, "");

function leaps(
  { digest, earlier = [], plan, reading }: RuleInput,
  numbers: Numbers,
): readonly Found[] {
  if (digest?.done !== true) return [];
  return digest.metrics.flatMap((metric) => {
    const way = betterWay(plan, metric.key);
    if (way === undefined || splitOf(metric.key) === "train") return [];
    const best = (one: MetricDigest): number | undefined => (way === "min" ? one.min : one.max);
    const own = best(metric);
    const others = earlier
      .filter(({ done, verb }) => done && verb === digest.verb)
      .flatMap(({ metrics }) => {
        const twin = metrics.find(({ key }) => key === metric.key);
        return (twin === undefined ? undefined : best(twin)) ?? [];
      });
    if (own === undefined || others.length < numbers.runs) return [];
    const mean = others.reduce((sum, other) => sum + other, 0) / others.length;
    const squares = others.reduce((sum, other) => sum + (other - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (others.length - 1));
    const record = way === "min" ? Math.min(...others) : Math.max(...others);
    const ahead = way === "min" ? record - own : own - record;
    const least = Math.max(numbers.sigmas * deviation, 0.02 * Math.abs(record));
    if (ahead <= least || !outsideSpread(own, others, numbers.chance)) return [];
    const message = `${metric.key} reaches ${shown(own)}; the best of ${others.length} earlier runs was ${shown(record)}`;
    return [foundAtLast({ plan, reading }, metric.key, message)];
  });
}
