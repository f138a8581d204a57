// Runs every rule that is not switched off and gives their findings in one fixed order. What each
// rule looks for is in its own file; where findings are shown is left to receipt and report.
import { type Finding, RULES, type RuleName } from "../domain/finding.ts";
import { evenSample } from "../logs/series/even-sample.ts";
import { lastAttempt } from "../logs/series/last-attempt.ts";
import { numbersOf, RULE_BOOK } from "./rule-book.ts";
import type { RuleInput } from "./rule.ts";

/** Findings of one rule on one run: more say nothing new. */
export const FINDINGS_PER_RULE = 20;

/** Rules that compare a run with earlier ones: they need only digests, so they can run later. */
const COMPARING: readonly RuleName[] = ["identical-runs", "disagrees", "too-good", "slower"];

/**
 * The findings on a run: in the order of RULES, one for each rule and metric, and at most
 * FINDINGS_PER_RULE of one rule. Once the run has ended they carry the time of its end, so that the
 * same input gives the same findings whenever this is called.
 */
export function findings(input: RuleInput): readonly Finding[] {
  return runRules(input, RULES);
}

/**
 * Findings made without earlier runs, together with those that comparing with `input.earlier` adds.
 * The series in `input` may lack their values.
 */
export function withComparisons(found: readonly Finding[], input: RuleInput): readonly Finding[] {
  if (input.earlier === undefined || input.earlier.length === 0) return found;
  const added = runRules(input, COMPARING);
  return RULES.flatMap((rule) =>
    oncePerMetric([...found, ...added].filter((one) => one.rule === rule)),
  );
}

function runRules(input: RuleInput, names: readonly RuleName[]): readonly Finding[] {
  const atMs = Math.min(input.nowMs, input.endedAtMs ?? input.nowMs);
  const even = evenSample(input.reading);
  const last = lastAttempt(even);
  const extremes = lastAttempt(input.reading);
  return names
    .filter((name) => !input.plan.rulesOff.includes(name))
    .flatMap((name) => {
      const rule = RULE_BOOK[name];
      const seen = rule.attempts === true ? even : rule.extremes === true ? extremes : last;
      const found = rule
        .find({ ...input, reading: seen }, numbersOf(name, input.plan))
        .map((one): Finding => ({ rule: name, tier: rule.tier, atMs, ...one }));
      return oncePerMetric(found).slice(0, FINDINGS_PER_RULE);
    });
}

function oncePerMetric(found: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return found.filter(({ metric = "" }) => !seen.has(metric) && seen.add(metric));
}
