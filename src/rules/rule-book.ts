// Every rule under its name, and the numbers in force for one plan.
// What each rule looks for is in its own file; the order of findings is that of RULES.
import type { RuleName } from "../domain/finding.ts";
import type { Plan } from "../domain/journal.ts";
import { chanceLevel } from "./chance-level.ts";
import { cpuFallback } from "./cpu-fallback.ts";
import { deadMetric } from "./dead-metric.ts";
import { disagrees } from "./disagrees.ts";
import { diskFull } from "./disk-full.ts";
import { diverged } from "./diverged.ts";
import { endedEarly } from "./ended-early.ts";
import { failedExit } from "./failed-exit.ts";
import { gpuIdle } from "./gpu-idle.ts";
import { gpuOutOfMemory } from "./gpu-out-of-memory.ts";
import { hiddenCrash } from "./hidden-crash.ts";
import { hostOutOfMemory } from "./host-out-of-memory.ts";
import { identicalRuns } from "./identical-runs.ts";
import { maskedNan } from "./masked-nan.ts";
import { memoryCreeps } from "./memory-creeps.ts";
import { metricMissing } from "./metric-missing.ts";
import { noMetrics } from "./no-metrics.ts";
import { notFinite } from "./not-finite.ts";
import { notLearning } from "./not-learning.ts";
import { oscillates } from "./oscillates.ts";
import { outOfRange } from "./out-of-range.ts";
import { overfitting } from "./overfitting.ts";
import { overLimit } from "./over-limit.ts";
import type { Rule } from "./rule.ts";
import { slower } from "./slower.ts";
import { spike } from "./spike.ts";
import { stalled } from "./stalled.ts";
import { stepsGoBack } from "./steps-go-back.ts";
import { timeGoesBack } from "./time-goes-back.ts";
import { tooGood } from "./too-good.ts";
import { warningFlood } from "./warning-flood.ts";

/** Every rule under its name. */
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

/** The numbers of a rule: its defaults, overridden by those in the plan. */
export function numbersOf(name: RuleName, plan: Plan): Readonly<Record<string, number>> {
  const { numbers } = RULE_BOOK[name];
  const own = Object.entries(numbers).map(([key, { value }]) => [key, value] as const);
  return { ...Object.fromEntries(own), ...plan.rules?.[name]?.numbers };
}
