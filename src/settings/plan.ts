// The plan in a journal's frontmatter: claim, criteria, metrics, scripts, each value checked.
// Where the frontmatter stands is found in journal/; what the criteria mean, in report/.
import type { Plan } from "../domain/journal.ts";
import type { SourcePosition, Problem, Read } from "../base/problem.ts";
import { ownPattern } from "../logs/formats/own-pattern.ts";
import { readCriterion } from "../criteria/expression.ts";
import { nearest } from "../base/nearest.ts";
import { readEvidence, readMetrics } from "./plan-values.ts";
import { readRules, readStopOn, ruleParts } from "./rule-values.ts";
import { brief, checkRunner, checkScript, checkTimeout } from "./written-values.ts";
import type { Checked } from "./written-values.ts";
import { readYamlMap } from "../base/yaml-map.ts";
import type { YamlEntry, YamlFault, YamlValue } from "../base/yaml-map.ts";

const KEYS = [
  "hypothesis",
  "success",
  "failure",
  "metrics",
  "metrics_pattern",
  "baseline",
  "evidence",
  "script",
  "eval",
  "runner",
  "timeout",
  "rules",
  "stop on",
] as const;
type Key = (typeof KEYS)[number];

/** What is a key of commands: an option that the plan has no default for, or a reserved word. */
export type OfCommands = (key: string) => "option" | "reserved" | undefined;

/** Properties that note-taking programs and people keep in frontmatter; none of nightlab's. */
const FOREIGN = new Set(
  (
    "title date tags tag aliases alias cssclasses cssclass author authors created updated modified " +
    "status description id project type lang publish draft permalink links url up related"
  ).split(" "),
);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Reader {
  readonly plan: Mutable<Plan>;
  readonly faults: YamlFault[];
  readonly ofCommands: OfCommands;
}

/** The plan of a journal without frontmatter. */
export const EMPTY_PLAN: Plan = {
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

/**
 * Reads frontmatter, the text between its `---` lines. `placeOf` turns an offset of that text into
 * its place in the journal. A key with a problem is left out of the plan; the others count, and so
 * does a criterion that cannot be judged.
 */
export function readPlan(
  yaml: string,
  placeOf: (offset: number) => SourcePosition,
  ofCommands: OfCommands,
): Read<Plan> {
  const { entries, faults } = readYamlMap(yaml);
  const lines: Record<string, number> = {};
  const reader: Reader = { plan: { ...EMPTY_PLAN, lines }, faults: [...faults], ofCommands };
  for (const entry of entries) {
    if (KEYS.some((key) => key === entry.key)) lines[entry.key] ??= placeOf(entry.offset).line;
    readEntry(reader, entry);
  }
  const problems = reader.faults.map(({ message, fix, offset }): Problem => ({
    message,
    ...(fix === undefined ? {} : { fix }),
    place: placeOf(offset),
  }));
  return { value: reader.plan, problems };
}

/** What a plan lacks to be testable, one line each; empty when nothing is missing. */
export function planGaps(plan: Plan): string[] {
  const gaps: string[] = [];
  if (plan.hypothesis === undefined) {
    gaps.push(
      "the frontmatter names no `hypothesis`: one claim that the runs can show to be wrong",
    );
  }
  const missing = (["success", "failure"] as const).filter((key) => plan[key] === undefined);
  if (missing.length > 0) {
    const names = missing.map((key) => `\`${key}\``).join(" and ");
    const lost =
      missing.length > 1 ? "without criteria there is no verdict" : `no verdict on ${missing[0]}`;
    gaps.push(`the frontmatter names no ${names}: ${lost}`);
  }
  return gaps;
}

function readEntry(reader: Reader, entry: YamlEntry): void {
  const key = KEYS.find((one) => one === (entry.key === "stop-on" ? "stop on" : entry.key));
  if (key !== undefined) {
    if (entry.value.kind !== "empty" && entry.value.kind !== "unreadable") {
      readKey(reader, key, entry.value);
    }
    return;
  }
  if (FOREIGN.has(entry.key.toLowerCase())) return;
  const shown = brief(entry.key);
  const ofCommands = reader.ofCommands(entry.key);
  if (ofCommands === "option") {
    const message = `\`${shown}\` is an option of commands, and has no effect in the frontmatter`;
    reader.faults.push({ message, fix: atCommands(entry), offset: entry.offset });
    return;
  }
  if (ofCommands === "reserved") {
    const message = `\`${shown}\` in the frontmatter has no effect in this version`;
    reader.faults.push({ message, offset: entry.offset });
    return;
  }
  const near = nearest(entry.key, KEYS);
  const fix = near === undefined ? `the keys are ${KEYS.join(", ")}` : `did you mean \`${near}\`?`;
  reader.faults.push({ message: `\`${shown}\` is no key of the plan`, fix, offset: entry.offset });
}

/** What a command takes on its line is written so; the rest needs a fenced block. */
function atCommands({ key, value }: YamlEntry): string {
  const line = value.kind === "text" && /^[\w.:+-]{1,40}$/.test(value.text);
  const what = line ? `\`${key}=${value.text}\` behind` : "it in the fenced block of";
  return `write ${what} each command that is to have it`;
}

function readKey({ plan, faults }: Reader, key: Key, value: YamlValue): void {
  const text = (): string | undefined => oneText(key, value, faults);
  const take = <T>(check: (written: string) => Checked<T>): T | undefined =>
    checked(text(), value.offset, check, faults);
  switch (key) {
    case "hypothesis":
      return assign(plan, { hypothesis: claimOf(value, faults) });
    case "success":
    case "failure":
      return assign(plan, { [key]: criterionOf(key, text(), value.offset, faults) });
    case "baseline":
      return assign(plan, { [key]: text() });
    case "metrics":
      return assign(plan, { metrics: readMetrics(value, faults) });
    case "metrics_pattern":
      return assign(plan, { metricsPattern: patternOf(value, faults) });
    case "evidence":
      return assign(plan, { evidence: readEvidence(value, faults) });
    case "script":
      return assign(plan, { script: take(checkScript) });
    case "eval":
      return assign(plan, { evalScript: take(checkScript) });
    case "runner":
      return assign(plan, { runner: take(checkRunner) });
    case "timeout":
      return assign(plan, { timeoutMs: take(checkTimeout) });
    case "rules":
      return assign(plan, ruleParts(readRules(value, faults)));
    case "stop on":
      return assign(plan, { stopOn: readStopOn(value, faults) });
  }
}

/** Takes over what is there; a value that could not be read leaves the plan as it was. */
function assign(
  plan: Mutable<Plan>,
  read: { readonly [K in keyof Plan]?: Plan[K] | undefined },
): void {
  Object.assign(
    plan,
    Object.fromEntries(Object.entries(read).filter(([, value]) => value !== undefined)),
  );
}

function claimOf(value: YamlValue, faults: YamlFault[]): string | undefined {
  if (value.kind === "text") return folded(value.text);
  const message = "one experiment, one claim: `hypothesis` holds several";
  const fix = "keep one, and make an experiment for each of the others";
  faults.push({ message, fix, offset: value.offset });
  return undefined;
}

/** A criterion as written, also where it cannot be read: then its verdict says the same. */
function criterionOf(
  key: "success" | "failure",
  text: string | undefined,
  offset: number,
  faults: YamlFault[],
): string | undefined {
  const [problem] = text === undefined ? [] : readCriterion(text).problems;
  if (problem === undefined) return text;
  const said = problem.message.charAt(0).toLowerCase() + problem.message.slice(1);
  const message = `\`${key}: ${brief(text ?? "")}\` cannot be judged: ${said}`;
  faults.push({ message, ...(problem.fix === undefined ? {} : { fix: problem.fix }), offset });
  return text;
}

/** As written: white space in a pattern means something. */
function patternOf(value: YamlValue, faults: YamlFault[]): string | undefined {
  const pattern = value.kind === "text" ? value.text.trim() : undefined;
  const own = pattern === undefined ? undefined : ownPattern(pattern);
  if (own?.kind === "pattern") return pattern;
  const message = `\`metrics_pattern\` cannot be used: it ${own?.why ?? "takes one text"}`;
  const fix = "write it in single quotes: `metrics_pattern: 'at (?<step>\\d+) loss (?<loss>\\S+)'`";
  faults.push({ message, fix, offset: value.offset });
  return undefined;
}

function oneText(key: string, value: YamlValue, faults: YamlFault[]): string | undefined {
  if (value.kind === "text") return folded(value.text);
  const fix = `write \`${key}:\` with one text behind it`;
  faults.push({ message: `\`${key}\` takes one text`, fix, offset: value.offset });
  return undefined;
}

const folded = (text: string): string | undefined => {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line === "" ? undefined : line;
};

function checked<T>(
  text: string | undefined,
  offset: number,
  check: (text: string) => Checked<T>,
  faults: YamlFault[],
): T | undefined {
  if (text === undefined) return undefined;
  const result = check(text);
  if (result.ok) return result.value;
  faults.push({ ...result.fault, offset });
  return undefined;
}
