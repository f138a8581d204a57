// Every rule under its name, with the numbers in force for one plan.
// What each one says is in rules/; the order in which they are shown is RULES'.
import type { RuleName } from "../model/finding.ts";
import type { Plan } from "../model/journal.ts";
import { chanceLevel } from "./rules/chance-level.ts";
import { cpuFallback } from "./rules/cpu-fallback.ts";
import { deadMetric } from "./rules/dead-metric.ts";
import { disagrees } from "./rules/disagrees.ts";
import { diskFull } from "./rules/disk-full.ts";
import { diverged } from "./rules/diverged.ts";
import { endedEarly } from "./rules/ended-early.ts";
import { failedExit } from "./rules/failed-exit.ts";
import { gpuIdle } from "./rules/gpu-idle.ts";
import { gpuOutOfMemory } from "./rules/gpu-out-of-memory.ts";
import { hiddenCrash } from "./rules/hidden-crash.ts";
import { hostOutOfMemory } from "./rules/host-out-of-memory.ts";
import { identicalRuns } from "./rules/identical-runs.ts";
import { maskedNan } from "./rules/masked-nan.ts";
import { memoryCreeps } from "./rules/memory-creeps.ts";
import { metricMissing } from "./rules/metric-missing.ts";
import { noMetrics } from "./rules/no-metrics.ts";
import { notFinite } from "./rules/not-finite.ts";
import { notLearning } from "./rules/not-learning.ts";
import { oscillates } from "./rules/oscillates.ts";
import { outOfRange } from "./rules/out-of-range.ts";
import { overfitting } from "./rules/overfitting.ts";
import { overLimit } from "./rules/over-limit.ts";
import type { Rule } from "./rules/rule.ts";
import { slower } from "./rules/slower.ts";
import { spike } from "./rules/spike.ts";
import { stalled } from "./rules/stalled.ts";
import { stepsGoBack } from "./rules/steps-go-back.ts";
import { timeGoesBack } from "./rules/time-goes-back.ts";
import { tooGood } from "./rules/too-good.ts";
import { warningFlood } from "./rules/warning-flood.ts";

export const RULE_BOOK: Readonly<Record<RuleName, Rule>> = {
  "not-finite": notFinite,
  "masked-nan": maskedNan,
  "failed-exit": failedExit,
  "hidden-crash": hiddenCrash,
  "gpu-out-of-memory": gpuOutOfMemory,
  "host-out-of-memory": hostOutOfMemory,
  "disk-full": diskFull,
  "no-metrics": noMetrics,
  "metric-missing": metricMissing,
  "out-of-range": outOfRange,
  diverged,
  "over-limit": overLimit,
  stalled,
  "identical-runs": identicalRuns,
  "cpu-fallback": cpuFallback,
  spike,
  disagrees,
  "steps-go-back": stepsGoBack,
  "too-good": tooGood,
  "chance-level": chanceLevel,
  "not-learning": notLearning,
  overfitting,
  "dead-metric": deadMetric,
  slower,
  "gpu-idle": gpuIdle,
  "time-goes-back": timeGoesBack,
  "memory-creeps": memoryCreeps,
  "ended-early": endedEarly,
  oscillates,
  "warning-flood": warningFlood,
};

/** The numbers of a rule: its own, and those that the person wrote instead. */
export function numbersOf(name: RuleName, plan: Plan): Readonly<Record<string, number>> {
  const { numbers } = RULE_BOOK[name];
  const own = Object.entries(numbers).map(([key, { value }]) => [key, value] as const);
  return { ...Object.fromEntries(own), ...plan.rules?.[name]?.numbers };
}
