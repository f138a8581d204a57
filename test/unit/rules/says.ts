// What one rule says of a run given as the objects that it logged, for the tests of rules.
import type { Finding, RuleName } from "../../../src/domain/finding.ts";
import { findings } from "../../../src/rules/findings.ts";
import type { RuleInput } from "../../../src/rules/rule.ts";
import { metric, readLines, ruleInput } from "../logs/reading.ts";

export const DONE: Partial<RuleInput> = {
  outcome: { ending: "done", cause: { kind: "success" }, exitCode: 0 },
  endedAtMs: 1_000,
};

/** What one rule says of lines `{"step": i, …}` of a run that is done. */
export function says(
  rule: RuleName,
  objects: readonly string[],
  changes: Partial<RuleInput> = {},
): readonly Finding[] {
  const lines = objects.map((object, i) => metric(`{"step": ${i}, ${object}}`));
  const input = ruleInput({ reading: readLines(...lines), ...DONE, ...changes });
  return findings(input).filter((finding) => finding.rule === rule);
}

export const each = (n: number, of: (i: number) => string): string[] =>
  Array.from({ length: n }, (_, i) => of(i));

/** Noise that is the same in each test: from -1 to 1. */
export const wave = (i: number): number => Math.sin(i * 12.9898) * Math.cos(i * 78.233);
