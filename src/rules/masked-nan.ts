// Rule: the loss is exactly 0 while its gradient or an evaluated loss is NaN: something replaced
// the NaN by 0, and the run goes on without learning.
import type { Series } from "../domain/sample.ts";
import { touchesCriterion } from "../logs/criterion-metrics.ts";
import { roleOf, seriesOfRole, splitOf } from "../logs/metric-role.ts";
import { atStep, logPlaceAt } from "../logs/series/series-place.ts";
import { rule, type Found } from "./rule.ts";
import { defined } from "../base/defined.ts";

export const maskedNan = rule({
  name: "masked-nan",
  tier: "A",
  says: "The loss is exactly 0 while the gradient norm or an evaluated loss is NaN.",
  silent: "Losses that reach 0 while all else is finite.",
  extremes: true,
  numbers: {},
  find({ reading, plan }) {
    const partners = reading.series.filter(({ summary: { key, notFiniteCount } }) => {
      const role = roleOf(key);
      return (
        notFiniteCount > 0 && (role === "norm" || (role === "loss" && splitOf(key) !== "train"))
      );
    });
    if (partners.length === 0) return [];
    return seriesOfRole(reading, "loss").flatMap((loss): readonly Found[] => {
      const zero = loss.values.indexOf(0);
      if (zero === -1) return [];
      const partner = partners.find((one) => one !== loss && isNanFrom(one, loss.lines[zero] ?? 0));
      if (partner === undefined) return [];
      const { key } = loss.summary;
      const evidence = logPlaceAt(loss, zero);
      return [
        {
          metric: key,
          message: `${key} is exactly 0${atStep(loss, zero)} while ${partner.summary.key} is NaN`,
          ...defined({ evidence }),
          count: loss.values.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0),
          blocking: touchesCriterion(plan, key),
        },
      ];
    });
  },
});

/** Whether a NaN was logged from the line before `line` on: evaluations are rare, so any counts. */
function isNanFrom(series: Series, line: number): boolean {
  const last = series.lines.length - 1;
  for (let i = last; i >= 0 && (series.lines[i] ?? 0) >= line - 1; i -= 1) {
    if (Number.isNaN(series.values[i])) return true;
  }
  return false;
}
