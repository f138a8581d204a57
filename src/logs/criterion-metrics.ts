// Finds which metrics a plan's criteria name, as far as rules need it.
// Criteria are parsed in criteria/ and judged in judge/; here only names are compared.
import { canonicalMetric } from "../domain/metric-key.ts";
import type { Plan } from "../domain/journal.ts";

/** Characters looked at of a criterion, which is one line. */
const CRITERION_CHARS = 2_000;
/** A name in an expression is a run of these characters; operators are between spaces. */
const NAME = /[\p{L}\p{N}_./@-]+/gu;

/** Canonical forms of every name in `success` and `failure`, without numbers. */
function criterionNames(plan: Plan): ReadonlySet<string> {
  const names = new Set<string>();
  for (const criterion of [plan.success, plan.failure]) {
    for (const [name] of (criterion ?? "").slice(0, CRITERION_CHARS).matchAll(NAME)) {
      if (/\p{L}/u.test(name)) names.add(canonicalMetric(name));
    }
  }
  return names;
}

/** Names right before a comparison, as written: `val/loss` in `last(val/loss) <= 0.3`. */
export function comparedNames(plan: Plan): readonly string[] {
  const names: string[] = [];
  for (const criterion of [plan.success, plan.failure]) {
    const text = (criterion ?? "").slice(0, CRITERION_CHARS);
    let last: string | undefined;
    for (const [token] of text.matchAll(
      /[\p{L}\p{N}_./@-]+|[<>=!]=?|[^\s\p{L}\p{N}_./@()<>=!-]+/gu,
    )) {
      if (/^[<>=!]/.test(token)) {
        if (last !== undefined) names.push(last);
        last = undefined;
      } else last = /^\p{L}/u.test(token) && !token.includes("@") ? token : undefined;
    }
  }
  return names;
}

/**
 * Whether a fault of this metric leaves the verdict open: a criterion names it, or there is no
 * criterion and the plan promises it.
 */
export function touchesCriterion(plan: Plan, key: string): boolean {
  const canonical = canonicalMetric(key);
  const names = criterionNames(plan);
  if (names.size > 0) return names.has(canonical);
  return isPromised(plan, key);
}

/** Whether the plan's `metrics` name it, in any spelling. */
export function isPromised(plan: Plan, key: string): boolean {
  const canonical = canonicalMetric(key);
  return plan.metrics.some((metric) => canonicalMetric(metric.key) === canonical);
}
