// `nightlab rules`: what every run is checked for: when each rule reports a finding, when it stays
// silent, and the numbers that users can change. The texts are in rules/rule-book.ts.
import { RULES, STOPPING } from "../domain/finding.ts";
import { RULE_BOOK } from "../rules/rule-book.ts";
import type { Rule } from "../rules/rule.ts";
import type { CommandResult } from "./command-result.ts";

const TIERS = {
  A: "A, always a flag",
  B: "B, a flag when it lasts",
  C: "C, in the report only",
} as const;

const HOW = `In a journal's frontmatter, or in nightlab.yaml for all of a lab's journals:
  rules: { spike: off, overfitting: { by: 10% } }
A rule stops a run only where you write so (those marked "may stop a run"):
  stop on: [not-finite, diverged]
`;

/** Describes one rule, or all of them. Exit code 2: no rule has that name; the text lists them. */
export function rules(
  name: string | undefined,
  options: { readonly json: boolean },
): CommandResult {
  const wanted = RULES.filter((rule) => name === undefined || rule === name);
  if (wanted.length === 0) {
    const text = `No rule is called ${JSON.stringify(name)}; there are ${RULES.join(", ")}.\n`;
    return { text, exitCode: 2 };
  }
  const all = wanted.map((rule) => RULE_BOOK[rule]);
  if (options.json) return { text: `${JSON.stringify(all.map(asData), null, 2)}\n`, exitCode: 0 };
  const texts = all.map(asText);
  return { text: [...texts, HOW].join("\n"), exitCode: 0 };
}

function asData({ name, tier, says, silent, numbers }: Rule) {
  return { name, tier, says, silent, numbers, mayStop: STOPPING.has(name) };
}

function asText({ name, tier, says, silent, numbers }: Rule): string {
  const stops = STOPPING.has(name) ? "; may stop a run" : "";
  const lines = Object.entries(numbers).map(
    ([key, { value, why }]) => `    ${key}: ${value}  ${why}`,
  );
  return [
    `${name} (${TIERS[tier]}${stops})`,
    `  ${says}`,
    `  Silent: ${silent}`,
    ...lines,
    "",
  ].join("\n");
}
