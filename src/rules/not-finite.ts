// Rule: a logged metric is NaN or infinite. Only metrics count: healthy logs print `nan` where
// nothing is measured yet.
import type { Series } from "../domain/sample.ts";
import { isPromised, touchesCriterion } from "../logs/criterion-metrics.ts";
import { rule, type Found, type RuleInput } from "./rule.ts";

export const notFinite = rule({
  name: "not-finite",
  tier: "A",
  says: "A logged metric is NaN or infinite.",
  silent: "Lines that log no metric: many print nan where nothing is measured yet.",
  numbers: {},
  find: (input) => input.reading.series.flatMap((series) => foundIn(series, input)),
});

function foundIn(series: Series, { plan, silence }: RuleInput): readonly Found[] {
  const { key, notFinite: first, notFiniteCount, count, last } = series.summary;
  if (first === undefined) return [];
  const recovered = Number.isFinite(last.value);
  const at = first.step === undefined ? "" : ` at ${stepName(series)} ${first.step}`;
  // While the run goes on the count keeps changing, so the message leaves it out.
  const more = silence === undefined ? further(notFiniteCount, count, recovered) : "";
  return [
    {
      metric: key,
      message: `${key} is ${words(first.value)}${at}${more}`,
      evidence: { file: first.file, line: first.line, offset: first.offset },
      token: first.token,
      count: notFiniteCount,
      blocking: touchesCriterion(plan, key) || (!recovered && isPromised(plan, key)),
    },
  ];
}

const stepName = (series: Series): string =>
  series.stepKey === "sample" ? "step" : series.stepKey;

const words = (value: number): string =>
  Number.isNaN(value) ? "NaN" : value > 0 ? "infinite" : "minus infinite";

function further(notFiniteCount: number, count: number, recovered: boolean): string {
  const last = recovered ? "finite again at the end" : "not finite at the end either";
  if (count === 1) return ", its only value";
  if (notFiniteCount === count) return `, like all its ${count} values`;
  if (notFiniteCount === 1) return recovered ? ", once" : ", its last value";
  return `, ${notFiniteCount} of ${count} values, ${last}`;
}
