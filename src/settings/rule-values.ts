// Reads settings of rules: `rules: { spike: off, overfitting: { by: 10% } }` in a journal or in
// nightlab.yaml, and `stop on: [not-finite]`. rules/rule-book.ts lists the rules and their numbers.
import { RULES, STOPPING, type RuleName, type RuleSettings } from "../domain/finding.ts";
import type { RuleSetting } from "../domain/finding.ts";
import type { Plan } from "../domain/journal.ts";
import { RULE_BOOK } from "../rules/rule-book.ts";
import { nearest } from "../base/nearest.ts";
import { brief } from "./written-values.ts";
import type { YamlEntry, YamlFault, YamlValue } from "../base/yaml-map.ts";

const OFF: ReadonlySet<string> = new Set(["off", "false", "no"]);
const ON: ReadonlySet<string> = new Set(["on", "true", "yes"]);

/**
 * Reads `{ no-metrics: off, overfitting: { by: 10% } }`; invalid entries are left out, with faults.
 */
export function readRules(value: YamlValue, faults: YamlFault[]): RuleSettings {
  if (value.kind === "empty" || value.kind === "unreadable") return {};
  if (value.kind !== "map") {
    const fix = "write `rules: { no-metrics: off }`";
    faults.push({ message: "`rules` takes rules and `off`", fix, offset: value.offset });
    return {};
  }
  const settings: { [R in RuleName]?: RuleSetting } = {};
  for (const { key, offset, value: way } of value.entries) {
    const rule = ruleNamed(key, offset, faults);
    const setting = rule === undefined ? undefined : settingOf(rule, way, faults);
    if (rule !== undefined && setting !== undefined) settings[rule] = setting;
  }
  return settings;
}

function ruleNamed(name: string, offset: number, faults: YamlFault[]): RuleName | undefined {
  const rule = RULES.find((one) => one === name);
  if (rule !== undefined) return rule;
  const near = nearest(name, RULES);
  const fix =
    near === undefined ? `the rules are ${RULES.join(", ")}` : `did you mean \`${near}\`?`;
  faults.push({ message: `\`${brief(name)}\` is no rule`, fix, offset });
  return undefined;
}

function settingOf(rule: RuleName, way: YamlValue, faults: YamlFault[]): RuleSetting | undefined {
  if (way.kind === "map") {
    const numbers = way.entries.flatMap((entry) => numberOf(rule, entry, faults));
    return { numbers: Object.fromEntries(numbers) };
  }
  const word = way.kind === "text" ? way.text.toLowerCase() : "";
  if (OFF.has(word)) return { on: false, numbers: {} };
  if (ON.has(word)) return { on: true, numbers: {} };
  const [name] = Object.keys(RULE_BOOK[rule].numbers);
  const or = name === undefined ? "" : `, or a number of it: \`${rule}: { ${name}: … }\``;
  const message = `the rule \`${rule}\` can only be \`off\` or \`on\`${name === undefined ? "" : ", or have numbers"}`;
  faults.push({ message, fix: `write \`${rule}: off\`${or}`, offset: way.offset });
  return undefined;
}

function numberOf(
  rule: RuleName,
  { key, offset, value }: YamlEntry,
  faults: YamlFault[],
): readonly (readonly [string, number])[] {
  const names = Object.keys(RULE_BOOK[rule].numbers);
  if (!names.includes(key)) {
    const near = nearest(key, names);
    const there =
      names.length === 0
        ? `it can only be switched off: \`${rule}: off\``
        : `its numbers are ${names.join(", ")}`;
    const fix = near === undefined ? there : `did you mean \`${near}\`?`;
    faults.push({ message: `the rule \`${rule}\` has no number \`${brief(key)}\``, fix, offset });
    return [];
  }
  const number = value.kind === "text" ? numberIn(value.text) : undefined;
  if (number !== undefined) return [[key, number]];
  const message = `\`${key}\` of the rule \`${rule}\` is no number above 0`;
  faults.push({ message, fix: `write \`${key}: 0.1\` or \`${key}: 10%\``, offset: value.offset });
  return [];
}

/** A number above 0, as `0.1`, `1e-3` or `10%`. */
function numberIn(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{0,15})?(?:e[+-]?\d{1,3})?)\s?(%?)$/i.exec(text);
  const number = Number(match?.[1]) / (match?.[2] === "%" ? 100 : 1);
  return match !== null && Number.isFinite(number) && number > 0 ? number : undefined;
}

/** Rules that may stop a run, as `[not-finite, diverged]` or separated by commas or spaces. */
export function readStopOn(value: YamlValue, faults: YamlFault[]): readonly RuleName[] {
  const texts = value.kind === "list" ? value.items : [value];
  const named = texts.flatMap((item): readonly RuleName[] => {
    if (item.kind === "empty" || item.kind === "unreadable") return [];
    if (item.kind !== "text") {
      const fix = "write `stop on: [not-finite, diverged]`";
      faults.push({ message: "`stop on` takes names of rules", fix, offset: item.offset });
      return [];
    }
    const names = item.text.split(/[,\s]+/).filter((name) => name !== "");
    return names.flatMap((name) => {
      const rule = ruleNamed(name, item.offset, faults);
      if (rule === undefined || STOPPING.has(rule)) return rule ?? [];
      const message = `\`${rule}\` cannot stop a run: it is known only when the run has ended`;
      const fix = `those that can are ${[...STOPPING].join(", ")}`;
      faults.push({ message, fix, offset: item.offset, idle: true });
      return [];
    });
  });
  return [...new Set(named)];
}

/**
 * Splits settings as a plan stores them: the rules that are off, and the settings of the others.
 */
export function ruleParts(settings: RuleSettings): Pick<Plan, "rulesOff" | "rules"> {
  const rulesOff = RULES.filter((rule) => settings[rule]?.on === false);
  const rest = Object.entries(settings).filter(([, setting]) => setting.on !== false);
  return { rulesOff, ...(rest.length === 0 ? {} : { rules: Object.fromEntries(rest) }) };
}

/** The plan with the lab's settings for rules that the journal does not set. */
export function withLabRules(plan: Plan, lab: RuleSettings | undefined): Plan {
  if (lab === undefined) return plan;
  const parts = ruleParts(lab);
  const off = parts.rulesOff.filter((rule) => plan.rules?.[rule as RuleName] === undefined);
  const rules = { ...parts.rules, ...plan.rules };
  return {
    ...plan,
    rulesOff: [...new Set([...plan.rulesOff, ...off])],
    ...(Object.keys(rules).length === 0 ? {} : { rules }),
  };
}
