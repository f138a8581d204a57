// Rule: the run was ended by its limit. That a de-risking run took longer than its target is
// said as a note and is no flag.
import { DE_RISK_TARGET_MS } from "../../limits.ts";
import { spanText } from "../../model/time.ts";
import { deathFinding } from "./death.ts";
import type { Rule } from "./rule.ts";

export const overLimit: Rule = (input) => {
  const { outcome, startedAtMs, endedAtMs, long } = input;
  if (outcome === undefined) return [];
  if (outcome.cause.kind === "over-limit") {
    return [deathFinding(input, `ended by its limit of ${spanText(outcome.cause.limitMs)}`)];
  }
  if (long || outcome.ending !== "done" || endedAtMs === undefined) return [];
  const tookMs = endedAtMs - startedAtMs;
  if (tookMs <= DE_RISK_TARGET_MS) return [];
  const target = spanText(DE_RISK_TARGET_MS);
  return [
    {
      tier: "note",
      message: `took ${spanText(tookMs)}, over the ${target} that a de-risking run aims for`,
      count: 1,
      blocking: false,
    },
  ];
};
