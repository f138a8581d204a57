// Rule: the run ends where guessing among K classes would: at accuracy 1/K, or at a loss of ln K.
import type { Series } from "../domain/sample.ts";
import { classesOf } from "./class-count.ts";
import { seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { median } from "../base/robust-statistics.ts";
import { shown } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";

export const chanceLevel = rule({
  name: "chance-level",
  tier: "B",
  says: "The last accuracy is that of guessing among the classes, or the loss that of equal odds.",
  silent: "An unknown number of classes, unless loss and accuracy agree on one.",
  numbers: {
    classes: {
      value: 0,
      why: "How many classes there are; 0: from the log, the arguments, or both metrics.",
    },
    examples: { value: 1000, why: "Evaluated examples, for the binomial 95 % around 1/K." },
    by: { value: 0.02, why: "Distance of the loss from ln K." },
  },
  find(input, numbers) {
    if (input.outcome === undefined) return [];
    const known = numbers.classes > 1 ? numbers.classes : classesOf(input);
    const losses = seriesOfRole(input.reading, "loss").filter(isLong);
    const shares = seriesOfRole(input.reading, "share").filter(isLong);
    const found: Found[] = [];
    for (const share of shares) {
      const loss = losses.find(
        ({ summary }) => splitOf(summary.key) === splitOf(share.summary.key),
      );
      const classes = known ?? agreed(share, loss ?? losses[0], numbers);
      if (classes === undefined || !isGuess(share, classes, numbers.examples)) continue;
      const value = shown(endOf(share));
      found.push(
        finding(
          share,
          `${share.summary.key} ends around ${value}: chance among ${classes} classes`,
        ),
      );
    }
    if (found.length > 0 || known === undefined || shares.length > 0) return found.slice(0, 2);
    for (const loss of losses) {
      if (!isNear(endOf(loss), Math.log(known), numbers.by)) continue;
      const value = shown(endOf(loss));
      found.push(
        finding(loss, `${loss.summary.key} ends around ${value}: chance among ${known} classes`),
      );
    }
    return found.slice(0, 2);
  },
});

const isLong = ({ values }: Series): boolean => values.length >= 3;
const endOf = ({ values }: Series): number =>
  median(values.subarray(-Math.max(3, Math.ceil(0.05 * values.length))));
const isNear = (value: number, wanted: number, by: number): boolean =>
  Math.abs(value - wanted) <= by * wanted;

/** The final accuracy as a share: a series that exceeds 1 is in percent. */
function asShare(series: Series): number {
  return (series.summary.max?.value ?? 0) > 1 ? endOf(series) / 100 : endOf(series);
}

function isGuess(series: Series, classes: number, examples: number): boolean {
  const chance = 1 / classes;
  const half = 1.96 * Math.sqrt((chance * (1 - chance)) / examples);
  return Math.abs(asShare(series) - chance) <= half;
}

/** A loss that fell by more than 3 % learnt something: that it ends near ln K is chance. */
function hasFallen(loss: Series): boolean {
  const early = median(loss.values.subarray(0, Math.max(3, loss.values.length >> 2)));
  return endOf(loss) < 0.97 * early;
}

/** No value is far below chance: one that is would mean more classes. */
function hasNoWorse({ summary }: Series, classes: number): boolean {
  const scale = (summary.max?.value ?? 0) > 1 ? 100 : 1;
  return (summary.min?.value ?? 0) >= (0.6 * scale) / classes;
}

/** The number of classes for which both accuracy and loss are at chance level, if there is one. */
function agreed(
  share: Series,
  loss: Series | undefined,
  numbers: { readonly by: number; readonly examples: number },
): number | undefined {
  if (loss === undefined || hasFallen(loss)) return undefined;
  const classes = Math.round(Math.exp(endOf(loss)));
  const fits = [classes - 1, classes, classes + 1].filter(
    (k) =>
      k > 1 &&
      isNear(endOf(loss), Math.log(k), numbers.by) &&
      isGuess(share, k, numbers.examples) &&
      hasNoWorse(share, k),
  );
  return fits.toSorted(
    (a, b) => Math.abs(1 / a - asShare(share)) - Math.abs(1 / b - asShare(share)),
  )[0];
}

function finding({ summary }: Series, message: string): Found {
  const { key, last } = summary;
  return {
    metric: key,
    message,
    evidence: { file: last.file, line: last.line, offset: last.offset },
    token: last.token,
    count: 1,
    persists: true,
    blocking: false,
  };
}
