// Asks every rule that is not switched off, and gives what they found in one fixed order.
// What each rule says is in rules/; where it is shown is decided by the journal and the report.
import { FINDINGS_PER_RULE } from "../limits.ts";
import { type Finding, RULES, type RuleName } from "../model/finding.ts";
import { failedExit } from "./rules/failed-exit.ts";
import { gpuOutOfMemory } from "./rules/gpu-out-of-memory.ts";
import { hiddenCrash } from "./rules/hidden-crash.ts";
import { hostOutOfMemory } from "./rules/host-out-of-memory.ts";
import { metricMissing } from "./rules/metric-missing.ts";
import { noMetrics } from "./rules/no-metrics.ts";
import { notFinite } from "./rules/not-finite.ts";
import { overLimit } from "./rules/over-limit.ts";
import type { Rule, RuleInput } from "./rules/rule.ts";

const ASKED: Readonly<Record<RuleName, Rule>> = {
  "not-finite": notFinite,
  "failed-exit": failedExit,
  "hidden-crash": hiddenCrash,
  "gpu-out-of-memory": gpuOutOfMemory,
  "host-out-of-memory": hostOutOfMemory,
  "no-metrics": noMetrics,
  "metric-missing": metricMissing,
  "over-limit": overLimit,
};

/**
 * What the rules say of a run: in the order of RULES, one finding for each rule and metric, at
 * most FINDINGS_PER_RULE of one rule. The same input gives the same findings; after the end they
 * carry its time, whenever they are asked for.
 */
export function findings(input: RuleInput): readonly Finding[] {
  const atMs = Math.min(input.nowMs, input.endedAtMs ?? input.nowMs);
  return RULES.filter((rule) => !input.plan.rulesOff.includes(rule)).flatMap((rule) =>
    ASKED[rule](input)
      .slice(0, FINDINGS_PER_RULE)
      .map((found) => Object.assign({ rule, atMs }, found)),
  );
}
