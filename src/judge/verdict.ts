// Judges a criterion on the runs that are evidence: MET, NOT MET, INCONCLUSIVE or NOT EVALUABLE.
// Numbers stay logged tokens and exact fractions; the words are report/page/verdict-text.ts.
import type { Finding } from "../domain/finding.ts";
import { sameMetric } from "../domain/metric-key.ts";
import { problemText } from "../base/problem.ts";
import { changedAfterResult } from "./criteria-history.ts";
import { directionIn, evaluate, holds, type Direction } from "./evaluate.ts";
import { evidenceOf, unfit, type Evidence, type Obstacle } from "./evidence.ts";
import { metricTerms, termMetrics, type Criterion } from "../criteria/criterion.ts";
import { readCriterion } from "../criteria/expression.ts";
import { judgeComparison, type JudgedComparison, type MeasuredRun } from "./judge.ts";
import { runSeed, settingCount } from "./groups.ts";
import { ignoredBy, meansRun, type ReportInput, type ReportRun } from "./input.ts";
import { defined } from "../base/defined.ts";

export type VerdictWord = "MET" | "NOT MET" | "INCONCLUSIVE" | "NOT EVALUABLE";

export interface Verdict {
  readonly which: "success" | "failure";
  /** The criterion as written. */
  readonly text: string;
  /** 1-based line of the journal. */
  readonly line?: number;
  /** The text was changed after the first run with a result started. */
  readonly changed: boolean;
  readonly word: VerdictWord;
  /** The runs that are evidence. */
  readonly runs: readonly ReportRun[];
  /** How many of them meet the criterion by themselves. */
  readonly passing: number;
  /** Why it is NOT EVALUABLE; empty for the other words. */
  readonly obstacles: readonly Obstacle[];
  /** Findings that make it NOT EVALUABLE, with their runs. */
  readonly blocking: readonly { readonly run: ReportRun; readonly finding: Finding }[];
  readonly judged: readonly JudgedComparison[];
}

/** The verdicts on the plan's `success` and `failure` criteria, where it has them. */
export function verdictsOf(input: ReportInput): readonly Verdict[] {
  const evidence = evidenceOf(input);
  const { plan } = input.journal;
  const verdicts: Verdict[] = [];
  for (const which of ["success", "failure"] as const) {
    const text = plan[which];
    if (text !== undefined) verdicts.push(verdictOf(input, evidence, which, text));
  }
  return verdicts;
}

function verdictOf(
  input: ReportInput,
  evidence: Evidence,
  which: "success" | "failure",
  text: string,
): Verdict {
  const head = verdictHead(input, evidence, which, text);
  const read = readCriterion(text);
  if (read.value === undefined) {
    const obstacles = read.problems.map((problem) => ({ text: problemText(problem) }));
    return notEvaluable(head, obstacles);
  }
  const criterion = read.value;
  const unfitText = unfitEvidence(input, evidence, criterion);
  if (unfitText !== undefined) return notEvaluable(head, [{ text: unfitText }]);
  const needsBaseline = metricTerms(criterion).some((term) => term.baseline);
  const baseline = needsBaseline ? baselineOf(input) : {};
  const partners = baseline.run === undefined ? [] : partnersOf(evidence.runs, baseline);
  if (partners === undefined) {
    const means = `\`baseline: ${input.journal.plan.baseline ?? ""}\` means ${baseline.group?.length ?? 0} runs, whose seeds are not those of the evidence; write the folder of one`;
    return notEvaluable(head, [{ text: means }]);
  }
  const blocking = blockingFindings(criterion, evidence.runs, [...new Set(partners)]);
  const obstacles = [...evidence.obstacles, ...(baseline.obstacles ?? [])];
  if (obstacles.length + blocking.length > 0) return notEvaluable(head, obstacles, blocking);

  const judged = judgeAll(input, criterion, which, evidence.runs, partners);
  if (judged.obstacles.length > 0) return notEvaluable(head, judged.obstacles);
  const passing = evidence.runs.filter((_, i) =>
    judged.comparisons.every((one) => one.perRun[i]?.passes === true),
  ).length;
  const word = wordOfAll(judged.comparisons);
  return { ...head, word, passing, obstacles: [], blocking: [], judged: judged.comparisons };
}

/** The fields of a verdict that do not depend on whether the criterion can be judged. */
type VerdictHead = Pick<Verdict, "which" | "text" | "line" | "changed" | "runs">;

function verdictHead(
  input: ReportInput,
  evidence: Evidence,
  which: "success" | "failure",
  text: string,
): VerdictHead {
  const line = input.journal.plan.lines[which];
  const changed = changedAfterResult(input, which);
  return { which, text, changed, runs: evidence.runs, ...defined({ line }) };
}

function notEvaluable(
  head: VerdictHead,
  obstacles: readonly Obstacle[],
  blocking: Verdict["blocking"] = [],
): Verdict {
  return { ...head, word: "NOT EVALUABLE", passing: 0, obstacles, blocking, judged: [] };
}

/** Why the criterion cannot be judged on this number of runs and settings; undefined if it can. */
function unfitEvidence(
  input: ReportInput,
  { runs, obstacles }: Evidence,
  criterion: Criterion,
): string | undefined {
  if (runs.length === 0 && obstacles.length === 0) {
    const none = "no run is evidence yet: none has a written time limit of over two minutes";
    return input.runs.length === 0 ? "no run has been made yet" : none;
  }
  if (!metricTerms(criterion).some((term) => term.overSeeds)) return undefined;
  const settings = settingCount(runs);
  if (settings > 1) {
    return `it asks for a mean over seeds, and the evidence is of ${settings} settings`;
  }
  if (runs.length >= 3) return undefined;
  const count = runs.length === 1 ? "one run is" : `${runs.length} runs are`;
  return `it asks for a mean over seeds, which needs three runs, and ${count} evidence`;
}

/** NOT MET if any comparison is, MET if all are. */
function wordOfAll(judged: readonly JudgedComparison[]): JudgedComparison["word"] {
  if (judged.some((one) => one.word === "NOT MET")) return "NOT MET";
  return judged.every((one) => one.word === "MET") ? "MET" : "INCONCLUSIVE";
}

/** The baseline that a criterion compares with, or why there is none. */
interface Against {
  readonly run?: ReportRun;
  readonly group?: readonly ReportRun[];
  readonly obstacles?: readonly Obstacle[];
}

/**
 * The baseline run for each of these runs: the only one, or of several the one with the same seed.
 * Undefined where some run has no partner.
 */
function partnersOf(
  runs: readonly ReportRun[],
  { run: only, group }: Against,
): readonly ReportRun[] | undefined {
  if (group === undefined || group.length < 2) {
    return only === undefined ? undefined : runs.map(() => only);
  }
  const partners = runs.flatMap((run) => {
    const seed = runSeed(run);
    const same = group.filter((one) => seed !== undefined && runSeed(one) === seed);
    return same.length === 1 ? same : [];
  });
  return partners.length === runs.length ? partners : undefined;
}

function baselineOf(input: ReportInput): Against {
  const { baseline } = input;
  if (baseline === undefined) {
    return { obstacles: [{ text: "it compares with a baseline, and `baseline:` names no run" }] };
  }
  switch (baseline.kind) {
    case "run": {
      const { run, group } = baseline;
      const obstacles = unfit(group ?? [run]);
      return obstacles.length > 0 ? { obstacles } : { run, ...(group && { group }) };
    }
    case "unknown": {
      const count = baseline.candidates.length;
      const text =
        count === 0
          ? `\`baseline: ${baseline.target}\` names a run that is not there`
          : `\`baseline: ${baseline.target}\` could mean ${count} runs; write the folder of one`;
      return { obstacles: [{ text }] };
    }
  }
}

/** Blocking findings about how a run ended or about a metric that the criterion reads of it. */
function blockingFindings(
  criterion: Criterion,
  runs: readonly ReportRun[],
  baseline: readonly ReportRun[],
): Verdict["blocking"] {
  const terms = metricTerms(criterion);
  const blockingIn = (run: ReportRun, ofBaseline: boolean): Verdict["blocking"] =>
    run.findings
      .filter((finding) => {
        if (!finding.blocking) return false;
        const { metric } = finding;
        if (metric === undefined) return true;
        return terms.some((one) => one.baseline === ofBaseline && sameMetric(one.name, metric));
      })
      .map((finding) => ({ run, finding }));
  return [
    ...runs.flatMap((run) => blockingIn(run, false)),
    ...baseline.flatMap((run) => blockingIn(run, true)),
  ];
}

/** Each comparison of the criterion judged, or the reasons why they cannot be. */
function judgeAll(
  input: ReportInput,
  criterion: Criterion,
  which: "success" | "failure",
  runs: readonly ReportRun[],
  partners: readonly ReportRun[],
): { comparisons: readonly JudgedComparison[]; obstacles: readonly Obstacle[] } {
  const obstacles: Obstacle[] = [];
  const promised = (name: string): Direction | undefined =>
    input.journal.plan.metrics.find((metric) => sameMetric(metric.key, name))?.direction;
  const others = (name: string): ReportRun | undefined => {
    const fitting = input.runs.filter(
      (run) => meansRun(name, run) && ignoredBy(input, run) === undefined,
    );
    return fitting.length === 1 && unfit(fitting).length === 0 ? fitting[0] : undefined;
  };
  const comparisons = criterion.comparisons.map((comparison) => {
    const leftNames = termMetrics(comparison.left).map((term) => term.name);
    const better = directionIn(comparison, leftNames, promised, which);
    const perRun: MeasuredRun[] = [];
    for (const [i, run] of runs.entries()) {
      const baseline = partners[i];
      const scope = { run, better, others, ...defined({ baseline }) };
      const left = evaluate(comparison.left, scope);
      const right = evaluate(comparison.right, scope);
      for (const side of [left, right]) {
        if (side.kind === "worth" && side.worth.value.kind === "finite") continue;
        obstacles.push(side.kind === "missing" ? missingText(side.missing) : notFinite(run));
      }
      if (left.kind === "missing" || right.kind === "missing") continue;
      const passes = holds(comparison.operator, left.worth.value, right.worth.value);
      perRun.push({ run, left: left.worth, right: right.worth, passes });
    }
    return obstacles.length > 0
      ? { comparison, word: "INCONCLUSIVE" as const, perRun }
      : judgeComparison(comparison, perRun);
  });
  return { comparisons, obstacles: distinct(obstacles) };
}

function missingText(missing: {
  readonly run: ReportRun | undefined;
  readonly term: { readonly name: string };
  readonly reason: string;
}): Obstacle {
  const text = `has no value of \`${missing.term.name}\`: ${missing.reason}`;
  return missing.run === undefined ? { text: `it ${text}` } : { run: missing.run, text };
}

function notFinite(run: ReportRun): Obstacle {
  return { run, text: "gives a value that is not finite" };
}

function distinct(obstacles: readonly Obstacle[]): readonly Obstacle[] {
  const seen = new Set<string>();
  return obstacles.filter((one) => {
    const key = `${one.run?.path ?? ""}\n${one.text}`;
    return !seen.has(key) && seen.add(key).size > 0;
  });
}
