// A criterion as a value: comparisons between terms of metrics and numbers. Reading it from text is
// expression.ts, computing a term judge/evaluate.ts, judging a criterion judge/verdict.ts.

/** Which value of a metric's series a term means. */
export const AGGREGATIONS = ["last", "best", "min", "max"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==";

/** A number as a criterion has it. */
export interface NumberTerm {
  readonly kind: "number";
  readonly token: string;
}

export type Term =
  | NumberTerm
  | MetricTerm
  | { readonly kind: "negated"; readonly term: Term }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: Term;
      readonly right: Term;
    };

/** A metric in a criterion: `best(val/loss)`, `baseline.val/loss`. */
export interface MetricTerm {
  readonly kind: "metric";
  /** The metric as written, without `baseline.`. */
  readonly name: string;
  /** The baseline's value is meant, not the run's own. */
  readonly baseline: boolean;
  /** Which value of the series counts; `last` where none is written. */
  readonly aggregation: Aggregation;
  /** `mean(…)`: only the mean over seeds may decide, so three runs are needed. */
  readonly overSeeds?: true;
  /** UTF-16 offset in the criterion's text. */
  readonly offset: number;
}

export interface Comparison {
  readonly operator: ComparisonOperator;
  readonly left: Term;
  readonly right: Term;
}

/** All comparisons must hold. */
export interface Criterion {
  readonly text: string;
  readonly comparisons: readonly Comparison[];
}

/** All metric terms of a criterion in written order. */
export function metricTerms(criterion: Criterion): readonly MetricTerm[] {
  return criterion.comparisons.flatMap((one) => [
    ...termMetrics(one.left),
    ...termMetrics(one.right),
  ]);
}

/** All metric terms in a term, itself included, in written order. */
export function termMetrics(term: Term): readonly MetricTerm[] {
  switch (term.kind) {
    case "number":
      return [];
    case "metric":
      return [term];
    case "negated":
      return termMetrics(term.term);
    case "arithmetic":
      return [...termMetrics(term.left), ...termMetrics(term.right)];
  }
}

/** All number terms in a term, itself included, in written order. */
export function numberTerms(term: Term): readonly NumberTerm[] {
  switch (term.kind) {
    case "number":
      return [term];
    case "metric":
      return [];
    case "negated":
      return numberTerms(term.term);
    case "arithmetic":
      return [...numberTerms(term.left), ...numberTerms(term.right)];
  }
}

/** The term with each metric term replaced by what `change` gives for it. */
export function mapMetrics(term: Term, change: (metric: MetricTerm) => MetricTerm): Term {
  switch (term.kind) {
    case "number":
      return term;
    case "metric":
      return change(term);
    case "negated":
      return { ...term, term: mapMetrics(term.term, change) };
    case "arithmetic": {
      const [left, right] = [mapMetrics(term.left, change), mapMetrics(term.right, change)];
      return { ...term, left, right };
    }
  }
}
