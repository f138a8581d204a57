// The value of a criterion's term in one run, and the logged samples that it is computed from.
// Whether a criterion is met over all runs that are evidence is verdict.ts.
import { canonicalMetric, sameMetric } from "../domain/metric-key.ts";
import type { MetricSummary, Sample } from "../domain/sample.ts";
import { arithmetic, compareDecimals, parseDecimal, type Decimal } from "../base/decimal.ts";
import type { Comparison, ComparisonOperator, MetricTerm, Term } from "../criteria/criterion.ts";
import type { ReportRun } from "./input.ts";
import { nearestKey } from "../logs/nearest-key.ts";

/** Whether small or large values of a metric are better. */
export type Direction = "min" | "max";

export const ZERO: Decimal = { kind: "finite", numerator: 0n, denominator: 1n };

/** A logged sample that a term reads, and the run that logged it. */
export interface Operand {
  readonly run: ReportRun;
  readonly term: MetricTerm;
  readonly sample: Sample;
}

/** The value of a term, with what it was computed from. */
export interface Worth {
  readonly value: Decimal;
  /** In the order in which the term names them. */
  readonly operands: readonly Operand[];
}

/** Why a term has no value. */
export interface Missing {
  readonly run: ReportRun | undefined;
  readonly term: MetricTerm;
  /** A clause without a full stop. */
  readonly reason: string;
}

/** A term's value, or the first reason why it has none. */
export type Evaluated =
  | { readonly kind: "worth"; readonly worth: Worth }
  | { readonly kind: "missing"; readonly missing: Missing };

/** What the names in a term refer to. */
export interface Scope {
  readonly run: ReportRun;
  readonly baseline?: ReportRun;
  /** The run that a name in front of a dot means: `lr-3.val/loss`. */
  readonly others?: (name: string) => ReportRun | undefined;
  /** Whether `best(…)` is the smallest or largest value; undefined where that is not known. */
  readonly better: (name: string) => Direction | undefined;
}

/** The value of a term in one run. */
export function evaluate(term: Term, scope: Scope): Evaluated {
  switch (term.kind) {
    case "number":
      return worth(parseDecimal(term.token) ?? { kind: "nan" }, []);
    case "metric":
      return evaluateMetric(term, scope);
    case "negated": {
      const inner = evaluate(term.term, scope);
      if (inner.kind === "missing") return inner;
      return worth(arithmetic("-", ZERO, inner.worth.value), inner.worth.operands);
    }
    case "arithmetic": {
      const left = evaluate(term.left, scope);
      if (left.kind === "missing") return left;
      const right = evaluate(term.right, scope);
      if (right.kind === "missing") return right;
      return worth(arithmetic(term.operator, left.worth.value, right.worth.value), [
        ...left.worth.operands,
        ...right.worth.operands,
      ]);
    }
  }
}

/** The metric that a name means: one spelled the same, else one with the same canonical name. */
export function findMetric(run: ReportRun, name: string): MetricSummary | undefined {
  const summaries = run.reading.series.map((series) => series.summary);
  return (
    summaries.find((one) => one.key === name) ?? summaries.find((one) => sameMetric(one.key, name))
  );
}

/** Whether `left operator right` holds; with NaN no comparison holds. */
export function holds(operator: ComparisonOperator, left: Decimal, right: Decimal): boolean {
  const order = compareDecimals(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "==":
      return order === 0;
  }
}

/**
 * Whether small or large values of a metric are better: as the plan promises, else as the
 * comparison asks. `best(loss) <= 0.5` wants small values as a success criterion, large ones as a
 * failure one.
 */
export function directionIn(
  comparison: Comparison,
  leftNames: readonly string[],
  promised: (name: string) => Direction | undefined,
  which: "success" | "failure" = "success",
): (name: string) => Direction | undefined {
  return (name) => {
    const fromPlan = promised(name);
    if (fromPlan !== undefined || comparison.operator === "==") return fromPlan;
    // A failure criterion describes a bad result: what it asks to be large is better small.
    const wantsSmall = comparison.operator.startsWith("<") === (which === "success");
    const onLeft = leftNames.some((left) => canonicalMetric(left) === canonicalMetric(name));
    return wantsSmall === onLeft ? "min" : "max";
  };
}

function evaluateMetric(term: MetricTerm, scope: Scope): Evaluated {
  const run = term.baseline ? scope.baseline : scope.run;
  if (run === undefined) return missing(run, term, "there is no baseline run to compare with");
  const found = findMetric(run, term.name);
  const other = found === undefined && !term.baseline ? otherRun(term, scope) : undefined;
  if (other !== undefined) return other;
  if (found === undefined) return missing(run, term, neverLogged(term.name, run));
  const sample = pick(found, term, scope);
  if (typeof sample === "string") return missing(run, term, sample);
  const value = parseDecimal(sample.token);
  if (value === undefined) {
    return missing(run, term, `its token ${sample.token} is no number that can be compared`);
  }
  return worth(value, [{ run, term, sample }]);
}

/** `lr-3.val/loss`, where this run logs no metric of that name and a run `lr-3` exists. */
function otherRun(term: MetricTerm, scope: Scope): Evaluated | undefined {
  for (let at = term.name.indexOf("."); at > 0; at = term.name.indexOf(".", at + 1)) {
    const run = scope.others?.(term.name.slice(0, at));
    if (run === undefined) continue;
    const { others: _, ...rest } = scope;
    const read = evaluateMetric({ ...term, name: term.name.slice(at + 1) }, { ...rest, run });
    // Operands keep the term as the criterion has it: the page looks them up by it.
    if (read.kind === "missing") return read;
    const operands = read.worth.operands.map((one) => ({ ...one, term }));
    return worth(read.worth.value, operands);
  }
  return undefined;
}

function pick(found: MetricSummary, term: MetricTerm, scope: Scope): Sample | string {
  const nothing = "it has no finite value";
  switch (term.aggregation) {
    case "last":
      return found.last;
    case "min":
      return found.min ?? nothing;
    case "max":
      return found.max ?? nothing;
    case "best":
      switch (scope.better(term.name)) {
        case "min":
          return found.min ?? nothing;
        case "max":
          return found.max ?? nothing;
        case undefined:
          return "nothing says which value of it is best; write min(…) or max(…)";
      }
  }
}

function neverLogged(name: string, run: ReportRun): string {
  const near = nearestKey(
    name,
    run.reading.series.map((series) => series.summary.key),
  );
  return near === undefined
    ? "it was never logged"
    : `it was never logged; the nearest name in the log is \`${near}\``;
}

function worth(value: Decimal, operands: readonly Operand[]): Evaluated {
  return { kind: "worth", worth: { value, operands } };
}

function missing(run: ReportRun | undefined, term: MetricTerm, reason: string): Evaluated {
  return { kind: "missing", missing: { run, term, reason } };
}
