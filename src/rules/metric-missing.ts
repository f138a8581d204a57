// Rule: a metric that a criterion or the plan's `metrics` names was never logged. Runs without any
// metric are left to no-metrics.ts, and runs that failed to the rules about their ending.
import { canonicalMetric, sameMetric } from "../domain/metric-key.ts";
import { comparedNames, touchesCriterion } from "../logs/criterion-metrics.ts";
import { nearestKey } from "../logs/nearest-key.ts";
import { rule, type RuleInput } from "./rule.ts";

export const metricMissing = rule({
  name: "metric-missing",
  tier: "A",
  says: "A metric that a criterion or `metrics` names was never logged; the nearest name is told.",
  silent: "Runs that logged nothing at all or did not end well: their ending says why.",
  numbers: {},
  find(input) {
    const { reading, plan, outcome, verb } = input;
    if (outcome?.ending !== "done" || reading.series.length === 0) return [];
    if (verb !== "run" && verb !== "eval") return [];
    const logged = reading.series.map((series) => series.summary.key);
    const has = new Set(logged.map(canonicalMetric));
    return promised(input)
      .filter((key) => !has.has(canonicalMetric(key)) && !isOfAnotherRun(key, has))
      .map((key) => {
        const nearest = nearestKey(key, logged);
        const meant = nearest === undefined ? listed(logged) : `; is it ${nearest}?`;
        return {
          metric: key,
          message: `${key} was promised and never logged${meant}`,
          count: 1,
          blocking: touchesCriterion(plan, key),
        };
      });
  },
});

/** The metrics in `metrics` as written, then those that criteria compare, each once. */
function promised({ plan }: RuleInput): readonly string[] {
  const keys = plan.metrics.map((metric) => metric.key);
  for (const name of comparedNames(plan)) {
    const ofAnotherRun = plan.baseline !== undefined && name.startsWith(`${plan.baseline}.`);
    const known = name.startsWith("baseline.") || ofAnotherRun;
    if (!known && !keys.some((key) => sameMetric(key, name))) keys.push(name);
  }
  return keys;
}

/** `lr-3.val/loss` where `val/loss` is logged: the criterion is about the run `lr-3`. */
function isOfAnotherRun(name: string, logged: ReadonlySet<string>): boolean {
  const parts = name.split(".");
  if (canonicalMetric(`${parts[0] ?? ""}.x`).includes("/")) return false;
  return parts.some((_, i) => i > 0 && logged.has(canonicalMetric(parts.slice(i).join("."))));
}

/** Logged names listed where none is near the missing one. */
const LISTED = 5;

function listed(keys: readonly string[]): string {
  const more = keys.length > LISTED ? ` and ${keys.length - LISTED} more` : "";
  return `; logged are ${keys.slice(0, LISTED).join(", ")}${more}`;
}
