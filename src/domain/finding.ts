// A finding is what a rule says about a run, with its evidence.
// The rules are in rules/; who shows a finding decides by its tier.
import type { LogPlace } from "./sample.ts";

/** In the order in which they are asked and shown. */
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

/** Rules that can speak while a run goes on, so that `stop on` may name them. */
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

/** What a person wrote of one rule: whether it speaks, and numbers of it that are theirs. */
export interface RuleSetting {
  readonly on?: boolean;
  readonly numbers: Readonly<Record<string, number>>;
}
export type RuleSettings = { readonly [R in RuleName]?: RuleSetting };

export interface Finding {
  readonly rule: RuleName;
  /** A: always `[WEIRD]`; B: when it persists; C: report only; note: said, but no flag. */
  readonly tier: "A" | "B" | "C" | "note";
  /** Of tier B: it holds at the end, or came again: it is a flag. */
  readonly persists?: boolean;
  readonly metric?: string;
  /** When it was found, ms since 1970 (UTC). */
  readonly atMs: number;
  /** One line, plain words, without the place: `val/loss is NaN at step 412`. */
  readonly message: string;
  /** Where it can be seen; absent for facts that no log shows (an exit code). */
  readonly evidence?: LogPlace;
  /** The literal token, where a value is the evidence. */
  readonly token?: string;
  /** How often. */
  readonly count: number;
  /** Touches the run's ending or a criterion's metric: no verdict, no long run on it. */
  readonly blocking: boolean;
}

/** Whether a receipt shows it as `[WEIRD]`. */
export function isFlag({ tier, persists }: Finding): boolean {
  return tier === "A" || (tier === "B" && persists === true);
}
