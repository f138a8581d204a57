// A finding is what a rule reports about a run, with its evidence.
// The rules are in rules/; a finding's tier decides where it is shown.
import type { LogPlace } from "./sample.ts";

/** In the order in which they are evaluated and shown. */
export const RULES = [
  "not-finite",
  "masked-nan",
  "failed-exit",
  "hidden-crash",
  "gpu-out-of-memory",
  "host-out-of-memory",
  "disk-full",
  "no-metrics",
  "metric-missing",
  "out-of-range",
  "diverged",
  "over-limit",
  "stalled",
  "identical-runs",
  "cpu-fallback",
  "spike",
  "disagrees",
  "steps-go-back",
  "too-good",
  "chance-level",
  "not-learning",
  "overfitting",
  "dead-metric",
  "slower",
  "gpu-idle",
  "time-goes-back",
  "memory-creeps",
  "ended-early",
  "oscillates",
  "warning-flood",
] as const;
export type RuleName = (typeof RULES)[number];

/** Rules that can fire while a run is running, so that `stop on` may name them. */
export const STOPPING: ReadonlySet<RuleName> = new Set([
  "not-finite",
  "masked-nan",
  "disk-full",
  "no-metrics",
  "out-of-range",
  "diverged",
  "stalled",
  "cpu-fallback",
  "spike",
  "steps-go-back",
  "not-learning",
  "overfitting",
  "dead-metric",
  "slower",
  "gpu-idle",
  "time-goes-back",
  "memory-creeps",
]);

/** What the user wrote about one rule: on or off, and thresholds that replace the rule's own. */
export interface RuleSetting {
  readonly on?: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}
export type RuleSettings = { readonly [R in RuleName]?: RuleSetting };

/** A rule's report about one run. */
export interface Finding {
  readonly rule: RuleName;
  /** A: always `[WEIRD]`; B: if it persists; C: in the report only; note: shown, but no flag. */
  readonly tier: "A" | "B" | "C" | "note";
  /** Tier B only: it holds at the run's end or came again, so it is a flag. */
  readonly persists?: boolean;
  readonly metric?: string;
  /** When it was found, ms since 1970 (UTC). */
  readonly atMs: number;
  /** One line in plain words, without its evidence: `val/loss is NaN at step 412`. */
  readonly message: string;
  /** Where it shows; absent for what no log shows (an exit code). */
  readonly evidence?: LogPlace;
  /** The token as logged, where a value is the evidence. */
  readonly token?: string;
  /** How often it was found. */
  readonly count: number;
  /** It affects the ending or a criterion's metric: the run gives no verdict and is no de-risk. */
  readonly blocking: boolean;
}

/** Whether a finding is a flag, shown as `[WEIRD]`. */
export function isFlag({ tier, persists }: Finding): boolean {
  return tier === "A" || (tier === "B" && persists === true);
}
