// Asks every rule that is not switched off, and gives what they found in one fixed order.
// What each rule says is in rules/; where it is shown is decided by the journal and the report.
import { type Finding, RULES, type RuleName } from "../domain/finding.ts";
import { evenSample } from "../logs/series/even-sample.ts";
import { numbersOf, RULE_BOOK } from "./rule-book.ts";
import type { RuleInput } from "./rule.ts";

/** Findings of one (run, rule): more say nothing new. */
export const FINDINGS_PER_RULE = 20;

/** Rules that lay a run beside earlier ones: they need only digests, and may be asked later. */
const COMPARING: readonly RuleName[] = ["identical-runs", "disagrees", "too-good", "slower"];

/**
 * What the rules say of a run: in the order of RULES, one finding for each rule and metric, at
 * most FINDINGS_PER_RULE of one rule. The same input gives the same findings; after the end they
 * carry its time, whenever they are asked for.
 */
export function findings(input: RuleInput): readonly Finding[] {
  return ask(input, RULES);
}

/**
 * Findings that were made without earlier runs, with those that the comparison adds. `input` may
 * lack the values of its series.
 */
export function withComparisons(found: readonly Finding[], input: RuleInput): readonly Finding[] {
  if (input.earlier === undefined || input.earlier.length === 0) return found;
  const added = ask(input, COMPARING);
  return RULES.flatMap((rule) =>
    oncePerMetric([...found, ...added].filter((one) => one.rule === rule)),
  );
}

function ask(input: RuleInput, names: readonly RuleName[]): readonly Finding[] {
  const atMs = Math.min(input.nowMs, input.endedAtMs ?? input.nowMs);
  const even = { ...input, reading: evenSample(input.reading) };
  return names
    .filter((name) => !input.plan.rulesOff.includes(name))
    .flatMap((name) => {
      const rule = RULE_BOOK[name];
      const found = rule
        .find(rule.extremes === true ? input : even, numbersOf(name, input.plan))
        .map((one): Finding => ({ rule: name, tier: rule.tier, atMs, ...one }));
      return oncePerMetric(found).slice(0, FINDINGS_PER_RULE);
    });
}

function oncePerMetric(found: readonly Finding[]): readonly Finding[] {
  const seen = new Set<string>();
  return found.filter(({ metric = "" }) => !seen.has(metric) && seen.add(metric));
}
