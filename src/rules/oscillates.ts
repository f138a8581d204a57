// Rule: at its end a validation loss swings by a fifth of its size and no longer falls.
import { seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { finite } from "../base/robust-statistics.ts";
import { percent } from "../logs/series/series-place.ts";
import { rule } from "./rule.ts";

/** Values at the end that are looked at. */
const VALUES = 6;

export const oscillates = rule({
  name: "oscillates",
  tier: "C",
  says: "The last 6 values of a validation loss vary by over 20 % and do not fall.",
  silent: "Rewards and losses of two players; training losses, which are noisy by nature.",
  numbers: {
    by: { value: 0.2, why: "Standard deviation as a share of the mean." },
    slope: { value: 0.01, why: "Rise from value to value, as a share of the mean." },
  },
  find: ({ reading }, { by, slope }) =>
    seriesOfRole(reading, "loss").flatMap(({ values, summary }) => {
      if (splitOf(summary.key) !== "val") return [];
      const last = finite(values).slice(-VALUES);
      const mean = last.reduce((sum, value) => sum + value, 0) / last.length;
      if (last.length < VALUES || mean <= 0) return [];
      const squares = last.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const deviation = Math.sqrt(squares / (VALUES - 1)) / mean;
      if (deviation <= by || slopeOf(last) / mean < slope) return [];
      const { key, last: end } = summary;
      const message = `the last ${VALUES} values of ${key} vary by ${percent(deviation)} and do not fall`;
      const evidence = { file: end.file, line: end.line, offset: end.offset };
      return [{ metric: key, message, evidence, count: VALUES, blocking: false }];
    }),
});

/** The slope of the least-squares line through values at x = 0, 1, 2… */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let [above, below] = [0, 0];
  for (const [x, value] of values.entries()) {
    above += (x - middle) * value;
    below += (x - middle) ** 2;
  }
  return above / below;
}
