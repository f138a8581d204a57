// A finding is what a rule says about a run, with its evidence.
// The rules are in observe/rules/; who shows a finding decides by its tier.
import type { LogPlace } from "./sample.ts";

export const RULES = [
  "not-finite",
  "failed-exit",
  "hidden-crash",
  "gpu-out-of-memory",
  "host-out-of-memory",
  "no-metrics",
  "metric-missing",
  "over-limit",
] as const;
export type RuleName = (typeof RULES)[number];

export interface Finding {
  readonly rule: RuleName;
  /** A: always `[WEIRD]`; B: when it persists; C: report only; note: said, but no flag. */
  readonly tier: "A" | "B" | "C" | "note";
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
