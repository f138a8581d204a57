// Rule: the training loss stays at the level of an untrained model. A loss that starts low and
// stays low is fine-tuning at its optimum, so the level matters, and whether weights were loaded.
import type { Series } from "../domain/sample.ts";
import { classesOf } from "./class-count.ts";
import { seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { finite, median } from "../base/robust-statistics.ts";
import { shown } from "../logs/series/series-place.ts";
import { rule, type RuleInput } from "./rule.ts";

/** Common numbers of classes and vocabulary sizes K: the loss of guessing is ln K. */
const USUAL_CLASSES = [
  2, 3, 4, 5, 8, 10, 20, 50, 100, 200, 256, 365, 1_000, 10_000, 30_522, 32_000, 50_257, 50_304,
  128_256, 151_936,
];
/** Mean squared error of guessing the mean of a target that was scaled to variance 1. */
const SCALED_VARIANCE = [0.9, 1.1] as const;

export const notLearning = rule({
  name: "not-learning",
  tier: "B",
  says: "The last fifth of the training loss is less than 1 % better than the first, at the level of a model that knows nothing.",
  silent: "Fewer than 20 values, loaded weights, a resumed run, a good score, rewards and players.",
  numbers: {
    by: { value: 0.01, why: "Better by less over a whole run is no learning." },
    values: { value: 20, why: "The usual rule of 10 fires on 62 % of healthy runs." },
    near: { value: 0.03, why: "Distance from the loss of guessing." },
    score: { value: 0.7, why: "An accuracy that high was learnt, now or before." },
  },
  find(input, numbers) {
    if (isContinued(input) || hasScore(input, numbers.score)) return [];
    const losses = seriesOfRole(input.reading, "loss").filter(
      ({ summary }) => splitOf(summary.key) === "train" || splitOf(summary.key) === "none",
    );
    const [series] = losses.filter(({ values }) => values.length >= numbers.values);
    if (series === undefined || !isFlat(series, numbers.by)) return [];
    const level = median(series.values);
    if (!isUntrained(level, classesOf(input), numbers.near)) return [];
    const { key, last } = series.summary;
    return [
      {
        metric: key,
        message: `${key} stays around ${shown(level)} over ${series.summary.count} values`,
        evidence: { file: last.file, line: last.line, offset: last.offset },
        token: last.token,
        count: 1,
        persists: true,
        blocking: false,
      },
    ];
  },
});

function isFlat({ values }: Series, by: number): boolean {
  const fifth = Math.floor(values.length / 5);
  const first = median(values.subarray(0, fifth));
  const last = median(values.subarray(values.length - fifth));
  // A loss that fell in between and rose again is left to diverged.ts.
  const middle = median(values.subarray(2 * fifth, 3 * fifth));
  return last > (1 - by) * first && middle > (1 - 2 * by) * first;
}

function isUntrained(level: number, classes: number | undefined, near: number): boolean {
  const known = classes === undefined ? USUAL_CLASSES : [classes];
  if (known.some((k) => Math.abs(level - Math.log(k)) <= near * Math.log(k))) return true;
  return level >= SCALED_VARIANCE[0] && level <= SCALED_VARIANCE[1];
}

const WARM =
  /fine-?_?tun|pretrain|pre-train|resume|restore|init[-_]?from|checkpoint|ckpt|lora|adapter/i;

/** Whether the run began with trained weights: a checkpoint, an argument or a late first step. */
function isContinued({ reading, args = [] }: RuleInput): boolean {
  if ((reading.lineFacts ?? []).some(({ restored }) => restored)) return true;
  if (args.some((arg) => WARM.test(arg))) return true;
  return reading.series.some(
    ({ stepKey, steps }) =>
      stepKey !== "sample" &&
      (steps[0] ?? 0) >= 1_000 &&
      steps.length > 1 &&
      (steps[0] ?? 0) > 3 * ((steps[1] ?? 0) - (steps[0] ?? 0)),
  );
}

function hasScore({ reading }: RuleInput, score: number): boolean {
  return seriesOfRole(reading, "share").some(({ values }) => {
    const all = finite(values);
    const best = Math.max(...all);
    return (best > 1 ? best / 100 : best) >= score;
  });
}
