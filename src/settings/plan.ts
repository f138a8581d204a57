// Reads the plan in a journal's frontmatter: claim, criteria, metrics, scripts, each value checked.
// journal/read/frontmatter.ts finds the frontmatter; criteria/ gives the criteria their meaning.
import type { Plan, PromisedMetric, StartKey } from "../domain/journal.ts";
import type { SourcePosition, Problem, Read } from "../base/problem.ts";
import { ownPattern } from "../logs/formats/own-pattern.ts";
import { readCriterion } from "../criteria/expression.ts";
import { nearest } from "../base/nearest.ts";
import { readRules, readStopOn, ruleParts } from "./rule-values.ts";
import { brief, checkRunName, checkRunner, checkScript, checkTimeout } from "./written-values.ts";
import type { Checked } from "./written-values.ts";
import { readYamlMap } from "../base/yaml-map.ts";
import type { YamlEntry, YamlFault, YamlValue } from "../base/yaml-map.ts";
import { defined } from "../base/defined.ts";

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

/** All keys that say how a script starts: none is usable where no frontmatter can be read. */
export const START_KEYS: readonly StartKey[] = ["script", "eval", "runner", "timeout", "stop on"];

const isStartKey = (key: string): key is Key & StartKey => START_KEYS.some((one) => one === key);

/** Whether a word is a key of the plan. */
export const isPlanKey = (word: string): boolean => KEYS.some((key) => key === word);

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The plan as read so far, with its faults. */
interface Reader {
  readonly plan: Mutable<Plan>;
  readonly faults: YamlFault[];
  readonly isOption: (entry: YamlEntry) => boolean;
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
 * Reads frontmatter. A key with a problem is left out of the plan and the others count; only a
 * criterion that cannot be judged stays in it, and one that says how scripts start is named in
 * `unusable`. Never throws.
 *
 * @param yaml the text between the `---` lines
 * @param placeOf turns an offset in `yaml` into its position in the journal
 * @param isOption whether another key is an option of commands, which has no default in the plan
 */
export function readPlan(
  yaml: string,
  placeOf: (offset: number) => SourcePosition,
  isOption: (entry: YamlEntry) => boolean,
): Read<Plan> {
  const { entries, faults } = readYamlMap(yaml);
  const lines: Record<string, number> = {};
  const reader: Reader = { plan: { ...EMPTY_PLAN, lines }, faults: [...faults], isOption };
  if (entries.length === 0 && faults.length > 0) reader.plan.unusable = START_KEYS;
  for (const entry of entries) {
    if (KEYS.some((key) => key === entry.key)) lines[entry.key] ??= placeOf(entry.offset).line;
    readEntry(reader, entry);
  }
  const problems = reader.faults.map(({ message, fix, offset }): Problem => ({
    message,
    ...defined({ fix }),
    place: placeOf(offset),
  }));
  return { value: reader.plan, problems };
}

/** What a plan lacks to be testable, one line each; empty if it lacks nothing. */
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

const addUnusable = ({ plan }: Reader, key: StartKey): void => {
  plan.unusable = [...(plan.unusable ?? []), key];
};

function readEntry(reader: Reader, entry: YamlEntry): void {
  const key = KEYS.find((one) => one === (entry.key === "stop-on" ? "stop on" : entry.key));
  if (key !== undefined) {
    const { kind } = entry.value;
    const known = reader.faults.length;
    if (kind !== "empty" && kind !== "unreadable") readKey(reader, key, entry.value);
    const isUsable =
      kind !== "unreadable" && reader.faults.slice(known).every(({ idle }) => idle === true);
    if (!isUsable && isStartKey(key)) addUnusable(reader, key);
    return;
  }
  const shown = brief(entry.key);
  if (reader.isOption(entry)) {
    const message = `\`${shown}\` is an option of commands, and has no effect in the frontmatter`;
    reader.faults.push({ message, fix: optionFix(entry), offset: entry.offset });
    return;
  }
  // Anything else is the person's own, or of another program: Obsidian, Hugo, Jupytext.
  const near = nearest(entry.key, KEYS);
  if (near === undefined || near.charAt(0) !== entry.key.charAt(0).toLowerCase()) return;
  if (isStartKey(near)) addUnusable(reader, near);
  const message = `\`${shown}\` is no key of the plan`;
  reader.faults.push({ message, fix: `did you mean \`${near}\`?`, offset: entry.offset });
}

/**
 * The fix for an option of commands: `key=value` where the value is simple, else a fenced block.
 */
function optionFix({ key, value }: YamlEntry): string {
  const isSimple = value.kind === "text" && /^[\w.:+-]{1,40}$/.test(value.text);
  const what = isSimple ? `\`${key}=${value.text}\` behind` : "it in the fenced block of";
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

/** Sets what was read; a value that could not be read (undefined) leaves the plan as it was. */
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

/** A criterion as written, also if it cannot be judged: its verdict then reports the same. */
function criterionOf(
  key: "success" | "failure",
  text: string | undefined,
  offset: number,
  faults: YamlFault[],
): string | undefined {
  const [problem] = text === undefined ? [] : readCriterion(text).problems;
  if (problem === undefined) return text;
  const why = problem.message.charAt(0).toLowerCase() + problem.message.slice(1);
  const message = `\`${key}: ${brief(text ?? "")}\` cannot be judged: ${why}`;
  faults.push({ message, ...defined({ fix: problem.fix }), offset });
  return text;
}

/** A pattern as written: unlike in other texts, white space counts. */
function patternOf(value: YamlValue, faults: YamlFault[]): string | undefined {
  const pattern = value.kind === "text" ? value.text.trim() : undefined;
  const own = pattern === undefined ? undefined : ownPattern(pattern);
  if (own?.kind === "pattern") return pattern;
  const message = `\`metrics_pattern\` cannot be used: it ${own?.why ?? "takes one text"}`;
  const fix = "write it in single quotes: `metrics_pattern: 'at (?<step>\\d+) loss (?<loss>\\S+)'`";
  faults.push({ message, fix, offset: value.offset });
  return undefined;
}

/** A text with its white space folded; undefined, with a fault, for a list or map. */
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

/** Metrics as `[a, b]`, `a, b`, `{ a: max }`, or a list that mixes names and `a: min`. */
function readMetrics(value: YamlValue, faults: YamlFault[]): readonly PromisedMetric[] {
  const found = metricsIn(value, faults);
  const byKey = new Map(found.map((metric) => [metric.key, metric]));
  return [...byKey.values()];
}

function metricsIn(value: YamlValue, faults: YamlFault[]): readonly PromisedMetric[] {
  switch (value.kind) {
    case "text":
      return value.text
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "")
        .map((key) => ({ key }));
    case "list":
      return value.items.flatMap((item) =>
        item.kind === "text" ? [{ key: item.text.trim() }] : metricsIn(item, faults),
      );
    case "map":
      return value.entries.map(({ key, value: way }) => {
        const direction = way.kind === "text" ? DIRECTIONS.get(way.text.toLowerCase()) : undefined;
        if (direction === undefined && way.kind !== "empty") {
          const fix = `write \`${brief(key)}: max\` or \`${brief(key)}: min\``;
          const message = `\`${brief(key)}\` has a direction that is neither max nor min`;
          faults.push({ message, fix, offset: way.offset });
        }
        return { key, ...defined({ direction }) };
      });
    case "empty":
    case "unreadable":
      return [];
  }
}

const DIRECTIONS: ReadonlyMap<string, "min" | "max"> = new Map([
  ...["max", "maximise", "maximize", "higher"].map((word) => [word, "max"] as const),
  ...["min", "minimise", "minimize", "lower"].map((word) => [word, "min"] as const),
]);

/** Names of runs, as a list or separated by commas or spaces. */
function readEvidence(value: YamlValue, faults: YamlFault[]): readonly string[] {
  const texts = value.kind === "list" ? value.items : [value];
  return texts.flatMap((item) => {
    if (item.kind !== "text") {
      const fix = "write `evidence: [full, lr-sweep]`";
      faults.push({ message: "`evidence` takes names of runs", fix, offset: item.offset });
      return [];
    }
    const names = item.text.split(/[,\s]+/).filter((name) => name !== "");
    return names.flatMap((name) => {
      const result = checkRunName(name);
      if (result.ok) return [result.value];
      faults.push({ ...result.fault, offset: item.offset });
      return [];
    });
  });
}
