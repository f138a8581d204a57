// Compares each group of runs with the baseline: for each metric the difference of the means,
// tested if both sides have three runs. The words for it are report/page/section-compare.ts.
import { canonicalMetric, sameMetric } from "../domain/metric-key.ts";
import { termMetrics, type Aggregation, type MetricTerm } from "../criteria/criterion.ts";
import { holm, pairedDifference, welchDifference, type Difference } from "./compare-means.ts";
import type { Decimal } from "../base/decimal.ts";
import { directionIn, evaluate, type Direction, type Operand } from "./evaluate.ts";
import { readCriterion } from "../criteria/expression.ts";
import { groupsOf, runSeed, settingOf, type RunGroup } from "./groups.ts";
import { ignoredBy, runState, type ReportInput, type ReportRun } from "./input.ts";
import { defined } from "../base/defined.ts";

/** A table of differences or of a sweep in REPORT.md has at most this many rows. */
export const REPORT_COMPARISONS = 60;

/** A metric, and which value of its series counts. */
export interface Measure {
  readonly name: string;
  readonly aggregation: Aggregation;
  /** Whether small or large values are better, where that is known. */
  readonly better?: Direction;
}

/** One measure over the runs of a group that ended well and logged it. */
export interface Measurement {
  readonly operands: readonly Operand[];
  readonly values: readonly Decimal[];
  /** Runs of the group that have no value: not ended well, or without a finite value. */
  readonly without: readonly ReportRun[];
}

export interface GroupComparison {
  readonly measure: Measure;
  readonly group: RunGroup;
  readonly baseline: RunGroup;
  readonly left: Measurement;
  readonly right: Measurement;
  /** Group minus baseline. */
  readonly difference: Difference;
  /** The p-value corrected by Holm's method over all tests of the page; absent if untested. */
  readonly adjusted?: number;
  /** The sign of a difference that the test shows (corrected p below 0.05); 0 if it shows none. */
  readonly sign: -1 | 0 | 1;
}

interface Planned {
  readonly journal: Pick<ReportInput["journal"], "plan">;
}

/** What the page measures of each group: the terms of the criteria, then the promised metrics. */
export function measuresOf({ journal: { plan } }: Planned): readonly Measure[] {
  const found = new Map<string, Measure>();
  const promised = (name: string): Direction | undefined =>
    plan.metrics.find((metric) => sameMetric(metric.key, name))?.direction;
  const add = (name: string, aggregation: Aggregation, better: Direction | undefined): void => {
    const key = `${aggregation} ${canonicalMetric(name)}`;
    const known = found.get(key);
    if (known?.better !== undefined) return;
    found.set(key, { name: known?.name ?? name, aggregation, ...(better && { better }) });
  };
  for (const which of ["success", "failure"] as const) {
    const text = plan[which];
    const criterion = text === undefined ? undefined : readCriterion(text).value;
    for (const comparison of criterion?.comparisons ?? []) {
      const left = termMetrics(comparison.left).map((term) => term.name);
      const better = directionIn(comparison, left, promised, which);
      for (const term of [...termMetrics(comparison.left), ...termMetrics(comparison.right)]) {
        if (!term.baseline) add(term.name, term.aggregation, better(term.name));
      }
    }
  }
  for (const metric of plan.metrics) add(metric.key, "last", metric.direction);
  const measures = [...found.values()];
  // If the criterion wants one value of a metric (its best) small, the others are better small too.
  return measures.slice(0, REPORT_COMPARISONS).map((one) => {
    const same = measures.find((other) => other.better && sameMetric(other.name, one.name));
    return same?.better === undefined ? one : { ...one, better: same.better };
  });
}

/** One measure over these runs; runs without a finite value, or not ended well, are `without`. */
export function measureGroup(measure: Measure, runs: readonly ReportRun[]): Measurement {
  const operands: Operand[] = [];
  const values: Decimal[] = [];
  const without: ReportRun[] = [];
  const { name, aggregation } = measure;
  const term: MetricTerm = { kind: "metric", name, aggregation, baseline: false, offset: 0 };
  for (const run of runs) {
    const worth = evaluate(term, { run, better: () => measure.better });
    const operand = worth.kind === "worth" ? worth.worth.operands[0] : undefined;
    const sound = ["done", "by hand"].includes(runState(run));
    if (!sound || worth.kind !== "worth" || operand === undefined) without.push(run);
    else if (worth.worth.value.kind !== "finite") without.push(run);
    else {
      operands.push(operand);
      values.push(worth.worth.value);
    }
  }
  return { operands, values, without };
}

/** Each group compared with the baseline's group; none unless `baseline:` names a run. */
export function comparisonsOf(input: ReportInput): readonly GroupComparison[] {
  const { baseline } = input;
  if (baseline?.kind !== "run") return [];
  const against = baselineGroup(input, baseline.run, baseline.group);
  const own = new Set(against.runs.map(settingOf));
  const counted = input.runs.filter((run) => ignoredBy(input, run) === undefined);
  const groups = groupsOf(counted).filter(
    (group) => !group.runs.some((run) => own.has(settingOf(run))),
  );
  const found = measuresOf(input).flatMap((measure) =>
    groups.flatMap((group) => {
      const left = measureGroup(measure, group.runs);
      const right = measureGroup(measure, against.runs);
      if (left.values.length === 0 || right.values.length === 0) return [];
      const difference = differenceOf(left, right);
      return [{ measure, group, baseline: against, left, right, difference }];
    }),
  );
  const shown = found.slice(0, REPORT_COMPARISONS);
  const tested = shown.filter((one) => one.difference.kind !== "observed");
  const adjusted = holm(tested.map(({ difference }) => ("p" in difference ? difference.p : 1)));
  return shown.map((one) => {
    const at = tested.indexOf(one);
    const p = at < 0 ? undefined : adjusted[at];
    return { ...one, ...defined({ adjusted: p }), sign: signOf(one.difference, p) };
  });
}

function baselineGroup(
  input: ReportInput,
  run: ReportRun,
  named: readonly ReportRun[] | undefined,
): RunGroup {
  const here = input.runs.filter(
    (one) => settingOf(one) === settingOf(run) && ignoredBy(input, one) === undefined,
  );
  const runs = named ?? (here.some((one) => one.path === run.path) ? here : [run]);
  const [group] = groupsOf(runs);
  return group ?? { name: run.name, args: [], script: undefined, runs: [run] };
}

/**
 * The difference left − right: paired if both sides have the same seeds once each, else Welch's.
 */
export function differenceOf(left: Measurement, right: Measurement): Difference {
  const seeds = (side: Measurement): ReadonlyMap<string, Decimal> => {
    const found = new Map<string, Decimal>();
    side.operands.forEach(({ run }, i) => {
      const seed = runSeed(run);
      const value = side.values[i];
      if (seed !== undefined && value !== undefined) found.set(seed, value);
    });
    return found;
  };
  const [a, b] = [seeds(left), seeds(right)];
  const shared = [...a].flatMap(([seed, value]) => {
    const other = b.get(seed);
    return other === undefined ? [] : [[value, other] as const];
  });
  const whole = shared.length === left.values.length && shared.length === right.values.length;
  return whole ? pairedDifference(shared) : welchDifference(left.values, right.values);
}

function signOf(difference: Difference, adjusted: number | undefined): -1 | 0 | 1 {
  if (difference.kind === "observed" || adjusted === undefined || adjusted >= 0.05) return 0;
  return difference.low > 0 ? 1 : difference.high < 0 ? -1 : 0;
}
