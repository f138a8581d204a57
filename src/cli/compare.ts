// `nightlab compare RUN RUN…`: arguments, code, environment and metrics of runs side by side.
// judge/compare-runs.ts compares them and decides which differences may be tested.
import { resolve } from "node:path";
import { findNamedRuns, type NamedRuns } from "../effects/run-store/named-runs.ts";
import { compareRuns, type ComparedMetric, type ComparedRuns } from "../judge/compare-runs.ts";
import { groupLabel, groupsOf } from "../judge/groups.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { columns } from "./columns.ts";
import { experimentOf, findLab } from "./lab-world.ts";
import { defined } from "../base/defined.ts";

export type CompareFormat = "text" | "json" | "csv";

/**
 * Compares runs, or groups of runs that differ only in their seed. A single word compares the
 * settings of a sweep. Exit code 0: compared. 2: a word names no run, or there is only one group.
 */
export async function compare(
  words: readonly string[],
  { cwd, format }: { readonly cwd: string; readonly format: CompareFormat },
): Promise<CommandResult> {
  const experiment = await experimentOf(resolve(cwd));
  const labDir = findLab(cwd);
  const named = await findNamedRuns(words, {
    cwd,
    ...defined({ experiment, labDir }),
  });
  const absent = named.filter(({ runs }) => runs.length === 0).map(({ name }) => name);
  if (absent.length > 0) {
    return refused(
      `Cannot compare: no run is called ${absent.join(", ")}.\n` +
        "Give ids, names or folders of runs: of this experiment, or of the lab from inside of it.",
    );
  }
  const [only] = named;
  const groups = named.length === 1 && only !== undefined ? settingsOf(only) : named;
  if (groups.length < 2) {
    const runs = only?.runs.length === 1 ? "1 run" : `${only?.runs.length} runs`;
    return refused(
      `Cannot compare: ${words[0]} is one setting, with ${runs}. ` +
        `Name another beside it: \`nightlab compare ${words[0]} OTHER\`.`,
    );
  }
  const compared = compareRuns(groups);
  const text = { text: asText, json: asJson, csv: asCsv }[format](compared);
  return { text, exitCode: 0 };
}

/** The runs that one word names, grouped by setting; runs of a group differ only in their seed. */
function settingsOf({ runs, packages }: NamedRuns): readonly NamedRuns[] {
  return groupsOf(runs).map((group, _, all) => ({
    name: groupLabel(group, all),
    runs: group.runs,
    packages: group.runs.map((run) => packages[runs.indexOf(run)] ?? []),
  }));
}

function asJson(compared: ComparedRuns): string {
  return `${JSON.stringify(compared, null, 2)}\n`;
}

function asText(compared: ComparedRuns): string {
  const facts = compared.facts
    .filter(({ differs }) => differs)
    .map(({ what, values }) => [what, ...values.map((of) => factText(what, of))]);
  const metrics = compared.metrics.flatMap(metricRows);
  const lines = columns([["", ...compared.groups], ...facts, [""], ...metrics]);
  const same = compared.facts.filter(({ differs }) => !differs);
  const alike = same.map(({ what, values }) => `  ${what}: ${factText(what, values[0] ?? [])}`);
  const notes = ["A metric is the last logged value."];
  for (const name of compared.mixed) {
    notes.push(`${name} names runs of several settings: they have no mean and are not tested.`);
  }
  const differences = compared.metrics.flatMap(({ groups }) =>
    groups.flatMap(({ difference }) => difference ?? []),
  );
  if (differences.length > 0) {
    notes.push(`Differences are to ${compared.groups[0]}, group less that.`);
  }
  if (differences.some(({ test }) => test === "observed")) {
    notes.push(
      "With fewer than three runs on a side, or no spread between them, a difference is observed, not tested.",
    );
  }
  if (differences.some(({ corrected }) => corrected !== undefined)) {
    notes.push("Each p is corrected by Holm's method for all that are tested here.");
  }
  const rest = alike.length === 0 ? [] : ["", "The same in all:", ...alike];
  return `${[...lines, ...rest].join("\n")}\n\n${notes.join("\n")}\n`;
}

/** Up to two values; of more only the first, the last and the count, to keep rows readable. */
function factText(what: string, values: readonly string[]): string {
  if (what === "run" && values.length > 1) return `${values.length} runs`;
  return values.length < 3
    ? values.join("; ")
    : `${values[0]} … ${values.at(-1)} (${values.length})`;
}

/** A metric's rows: the values, then mean with interval and differences where there are any. */
function metricRows({ metric, groups }: ComparedMetric): readonly (readonly string[])[] {
  const values = groups.map(({ tokens, without }) => {
    const left = without.length === 0 ? "" : ` (${without.length} without)`;
    return tokens.length === 0 ? `none${left}` : `${tokens.join(", ")}${left}`;
  });
  const rows = [[metric, ...values]];
  if (groups.some(({ mean }) => mean !== undefined)) {
    const means = groups.map(({ mean, deviation, interval }) =>
      mean === undefined ? "" : `${short(mean)}, SD ${short(deviation)}, ${intervalText(interval)}`,
    );
    rows.push(["  mean", ...means]);
  }
  if (groups.some(({ difference }) => difference !== undefined)) {
    rows.push(["  difference", ...groups.map(({ difference }) => differenceText(difference))]);
  }
  return rows;
}

function differenceText(difference: ComparedMetric["groups"][number]["difference"]): string {
  if (difference === undefined) return "";
  const { mean, test, interval, corrected } = difference;
  if (test === "observed") return `${short(mean)}, not tested`;
  const how = test === "welch" ? "Welch" : "paired";
  return `${short(mean)}, ${intervalText(interval)}, ${how}, p ≈ ${short(corrected)}`;
}

function intervalText(interval: readonly [number, number] | undefined): string {
  return interval === undefined ? "" : `95 % ${short(interval[0])} to ${short(interval[1])}`;
}

function short(value: number | undefined): string {
  return value === undefined ? "" : String(Number(value.toPrecision(6)));
}

/** CSV in long form: one row per fact or value, for spreadsheets. */
function asCsv(compared: ComparedRuns): string {
  const rows: string[][] = [["kind", "what", "group", "value", "run"]];
  for (const { what, values } of compared.facts) {
    values.forEach((of, i) => {
      for (const value of of) rows.push(["fact", what, compared.groups[i] ?? "", value, ""]);
    });
  }
  for (const { metric, groups } of compared.metrics) {
    groups.forEach(({ tokens, mean, deviation, interval, difference }, i) => {
      const group = compared.groups[i] ?? "";
      const add = (kind: string, value: string | number | undefined, of = ""): void => {
        if (value !== undefined) rows.push([kind, metric, group, String(value), of]);
      };
      tokens.forEach((token, j) => add("last", token, String(j + 1)));
      add("mean", mean);
      add("SD", deviation);
      add("low", interval?.[0]);
      add("high", interval?.[1]);
      add("difference", difference?.mean);
      add("difference low", difference?.interval?.[0]);
      add("difference high", difference?.interval?.[1]);
      add("p", difference?.p);
      add("p corrected", difference?.corrected);
    });
  }
  return `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;
}

/** A CSV field, quoted where RFC 4180 requires it. */
function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
