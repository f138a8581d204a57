// Runs, or groups of runs that differ in their seed, side by side: what was asked, with what code
// and environment, and what they measured. How it is printed is cli/compare.ts.
import { canonicalMetric } from "../domain/metric-key.ts";
import type { RunRecord } from "../domain/run.ts";
import { spanText } from "../base/time.ts";
import { differenceOf, measureGroup } from "./comparisons.ts";
import { holm, type Difference } from "./compare-means.ts";
import { toNumber, type Decimal } from "../base/decimal.ts";
import { argsWithoutSeed, runSeed, settingOf } from "./groups.ts";
import { runState, type ReportRun } from "./input.ts";
import { summarize } from "./statistics.ts";

export interface ComparedGroup {
  /** As it was asked for. */
  readonly name: string;
  readonly runs: readonly ReportRun[];
  /** `numpy==2.1.0` of each run whose environment was kept beside it, in the order of the runs. */
  readonly packages?: readonly (readonly string[])[];
}

export interface ComparedFact {
  readonly what: string;
  /** For each group its distinct values, in the order of its runs. */
  readonly values: readonly (readonly string[])[];
  readonly differs: boolean;
}

export interface ComparedMetric {
  readonly metric: string;
  readonly groups: readonly {
    /** Literal last tokens, in the order of the runs. */
    readonly tokens: readonly string[];
    /** Of how many logged values each is the last. */
    readonly counts: readonly number[];
    /** From three runs on, like the deviation (n − 1) and the 95 % t-interval. */
    readonly mean?: number;
    readonly deviation?: number;
    readonly interval?: readonly [number, number];
    /** Runs without a finite value, or that did not end well. */
    readonly without: readonly string[];
    /** This group less the first; none for the first. */
    readonly difference?: ComparedDifference;
  }[];
}

export interface ComparedDifference {
  readonly mean: number;
  readonly test: Difference["kind"];
  readonly interval?: readonly [number, number];
  /** Two-sided, and corrected by Holm's method over all differences of this comparison. */
  readonly p?: number;
  readonly corrected?: number;
}

export interface ComparedRuns {
  readonly groups: readonly string[];
  readonly facts: readonly ComparedFact[];
  readonly metrics: readonly ComparedMetric[];
  /** Groups whose runs differ in more than their seed: no mean, no test. */
  readonly mixed: readonly string[];
}

/** Two or more groups side by side; differences are to the first. */
export function compareRuns(groups: readonly ComparedGroup[]): ComparedRuns {
  return {
    groups: groups.map((group) => group.name),
    facts: [...factsOf(groups), ...packageFacts(groups)],
    metrics: metricsOf(groups),
    mixed: groups.filter(isMixed).map(({ name }) => name),
  };
}

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

/** A row for each package that is not the same in all groups. */
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
  const set = Object.entries(record?.env ?? {}).map(([name, value]) => `${name}=${value}`);
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
  return FACTS.flatMap(([what, say]) => {
    const values = groups.map(({ runs }) => [
      ...new Set(runs.map((run) => say(run) ?? "").filter((value) => value !== "")),
    ]);
    if (values.every((of) => of.length === 0)) return [];
    const said = new Set(values.map((of) => of.join("\n")));
    return [{ what, values, differs: said.size > 1 }];
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
    // Runs of several settings are no several measurements of one.
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
        ...(difference && { difference: told(difference, corrected[at]) }),
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

function told(difference: Difference, corrected: number | undefined): ComparedDifference {
  const head = { mean: toNumber(difference.mean), test: difference.kind };
  if (difference.kind === "observed") return head;
  const { low, high, p } = difference;
  return { ...head, interval: [low, high], p, ...(corrected === undefined ? {} : { corrected }) };
}

function countOf(run: ReportRun, key: string): number {
  return run.reading.series.find(({ summary }) => summary.key === key)?.summary.count ?? 0;
}
