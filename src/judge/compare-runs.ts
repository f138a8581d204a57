// Compares runs, or groups of runs that differ only in their seed: arguments, code, environment and
// metrics. Printing it is cli/compare.ts; the groups of the report are comparisons.ts.
import { canonicalMetric } from "../domain/metric-key.ts";
import type { RunRecord } from "../domain/run.ts";
import { spanText } from "../base/time.ts";
import { differenceOf, measureGroup } from "./comparisons.ts";
import { holm, type Difference } from "./compare-means.ts";
import { toNumber, type Decimal } from "../base/decimal.ts";
import { argsWithoutSeed, runSeed, settingOf } from "./groups.ts";
import { runState, type ReportRun } from "./input.ts";
import { summarize } from "./statistics.ts";
import { defined } from "../base/defined.ts";

export interface ComparedGroup {
  /** As the person wrote it. */
  readonly name: string;
  readonly runs: readonly ReportRun[];
  /** `numpy==2.1.0` and so on, for each run that has its environment recorded, in their order. */
  readonly packages?: readonly (readonly string[])[];
}

export interface ComparedFact {
  /** What the row is about: `seed`, `commit`. */
  readonly what: string;
  /** For each group its distinct values, in the order of its runs. */
  readonly values: readonly (readonly string[])[];
  readonly differs: boolean;
}

export interface ComparedMetric {
  readonly metric: string;
  readonly groups: readonly {
    /** The last tokens as logged, in the order of the runs. */
    readonly tokens: readonly string[];
    /** How many values each run logged. */
    readonly counts: readonly number[];
    /** From three runs on, like the standard deviation (n − 1) and the 95 % t-interval. */
    readonly mean?: number;
    readonly deviation?: number;
    readonly interval?: readonly [number, number];
    /** Folders of runs without a finite value, or that did not end well. */
    readonly without: readonly string[];
    /** This group minus the first; absent for the first. */
    readonly difference?: ComparedDifference;
  }[];
}

export interface ComparedDifference {
  readonly mean: number;
  readonly test: Difference["kind"];
  readonly interval?: readonly [number, number];
  /** Two-sided p-value. */
  readonly p?: number;
  /** The p-value corrected by Holm's method over all differences of this comparison. */
  readonly corrected?: number;
}

export interface ComparedRuns {
  readonly groups: readonly string[];
  readonly facts: readonly ComparedFact[];
  readonly metrics: readonly ComparedMetric[];
  /** Groups whose runs differ in more than their seed: these get no mean and no test. */
  readonly mixed: readonly string[];
}

/** Two or more groups side by side; each difference is to the first group. */
export function compareRuns(groups: readonly ComparedGroup[]): ComparedRuns {
  return {
    groups: groups.map((group) => group.name),
    facts: [...factsOf(groups), ...packageFacts(groups)],
    metrics: metricsOf(groups),
    mixed: groups.filter(isMixed).map(({ name }) => name),
  };
}

/** The rows of the comparison: a name, and a run's value if it has one. */
const FACTS: readonly (readonly [string, (run: ReportRun) => string | undefined])[] = [
  ["run", (run) => run.folder],
  ["id", (run) => run.record?.id],
  ["state", (run) => runState(run)],
  ["started", (run) => run.record?.startedAt],
  ["took", (run) => secondsText(run.record)],
  ["arguments", (run) => argsWithoutSeed(run).join(" ")],
  ["seed", runSeed],
  ["variables", (run) => variablesText(run.record)],
  ["because", (run) => run.record?.because],
  ["script", (run) => run.record?.script],
  ["scripts' hash", (run) => run.record?.codeHash?.slice(0, 12)],
  ["commit", (run) => run.record?.git?.commit.slice(0, 12)],
  ["uncommitted changes", (run) => dirtyText(run.record)],
  ["changed while queued", (run) => run.record?.changedSinceQueued?.join(", ")],
  ["runner", (run) => run.record?.runner],
  ["interpreter", (run) => run.record?.interpreter],
  ["Python", (run) => run.record?.environment?.python],
  ["hash of dependencies", (run) => run.record?.environment?.metadataHash?.slice(0, 12)],
  ["hash of lock", (run) => run.record?.environment?.lockHash?.slice(0, 12)],
  ["machine", (run) => run.record?.host],
  ["GPU", (run) => run.record?.gpus.map((gpu) => `${gpu.name} (${gpu.driver})`).join(", ")],
];

function isMixed({ runs }: ComparedGroup): boolean {
  return new Set(runs.map(settingOf)).size > 1;
}

/** A row for each package whose version is not the same in all groups. */
function packageFacts(groups: readonly ComparedGroup[]): readonly ComparedFact[] {
  if (groups.some(({ packages = [] }) => packages.flat().length === 0)) return [];
  const versions = groups.map(({ packages = [] }) => {
    const found = new Map<string, Set<string>>();
    for (const line of packages.flat()) {
      const [name = "", version = ""] = line.split("==");
      found.set(name, (found.get(name) ?? new Set()).add(version));
    }
    return found;
  });
  const names = [...new Set(versions.flatMap((of) => [...of.keys()]))].toSorted();
  return names.flatMap((name) => {
    const values = versions.map((of) => [...(of.get(name) ?? [])]);
    const differs = new Set(values.map((of) => of.join("\n"))).size > 1;
    return differs ? [{ what: `package ${name}`, values, differs }] : [];
  });
}

function variablesText(record: RunRecord | undefined): string | undefined {
  const written = Object.entries(record?.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const set = [...written, ...(record?.privateEnv ?? [])];
  return set.length === 0 ? undefined : set.join(" ");
}

function secondsText(record: RunRecord | undefined): string | undefined {
  return record?.seconds === undefined ? undefined : spanText(record.seconds * 1000);
}

function dirtyText(record: RunRecord | undefined): string | undefined {
  if (record?.git === undefined) return undefined;
  return record.git.dirty ? "yes" : "no";
}

function factsOf(groups: readonly ComparedGroup[]): readonly ComparedFact[] {
  return FACTS.flatMap(([what, valueOf]) => {
    const values = groups.map(({ runs }) => [
      ...new Set(runs.map((run) => valueOf(run) ?? "").filter((value) => value !== "")),
    ]);
    if (values.every((of) => of.length === 0)) return [];
    const distinct = new Set(values.map((of) => of.join("\n")));
    return [{ what, values, differs: distinct.size > 1 }];
  });
}

function metricsOf(groups: readonly ComparedGroup[]): readonly ComparedMetric[] {
  const keys = new Map<string, string>();
  for (const { summary } of groups.flatMap(({ runs }) =>
    runs.flatMap((run) => run.reading.series),
  )) {
    const canonical = canonicalMetric(summary.key);
    if (!keys.has(canonical)) keys.set(canonical, summary.key);
  }
  const measured = [...keys.values()].map((name) => {
    const of = groups.map(({ runs }) => measureGroup({ name, aggregation: "last" }, runs));
    // Runs of several settings are not several measurements of one quantity.
    const mixed = groups.map(isMixed);
    const first = of[0];
    const differences = of.map((one, i) =>
      i === 0 ||
      first === undefined ||
      mixed[0] === true ||
      mixed[i] === true ||
      one.values.length === 0 ||
      first.values.length === 0
        ? undefined
        : differenceOf(one, first),
    );
    return { name, of, differences, mixed };
  });
  const tested = measured.flatMap(({ differences }) =>
    differences.flatMap((one) => (one !== undefined && one.kind !== "observed" ? [one] : [])),
  );
  const corrected = holm(tested.map((one) => one.p));
  return measured.map(({ name, of, differences, mixed }) => ({
    metric: name,
    groups: of.map((one, i) => {
      const difference = differences[i];
      const at = tested.findIndex((other) => other === difference);
      return {
        tokens: one.operands.map(({ sample }) => sample.token),
        counts: one.operands.map(({ run, sample }) => countOf(run, sample.key)),
        ...(mixed[i] === true ? {} : estimates(one.values)),
        without: one.without.map((run) => run.folder),
        ...(difference && { difference: comparedDifference(difference, corrected[at]) }),
      };
    }),
  }));
}

function estimates(
  values: readonly Decimal[],
): Pick<ComparedMetric["groups"][number], "mean" | "deviation" | "interval"> {
  if (values.length < 3) return {};
  const summary = summarize(values);
  if (summary.kind !== "several") return {};
  const { mean, deviation, low, high } = summary;
  return { mean: toNumber(mean), deviation, interval: [low, high] };
}

function comparedDifference(
  difference: Difference,
  corrected: number | undefined,
): ComparedDifference {
  const head = { mean: toNumber(difference.mean), test: difference.kind };
  if (difference.kind === "observed") return head;
  const { low, high, p } = difference;
  return { ...head, interval: [low, high], p, ...defined({ corrected }) };
}

function countOf(run: ReportRun, key: string): number {
  return run.reading.series.find(({ summary }) => summary.key === key)?.summary.count ?? 0;
}
