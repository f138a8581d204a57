// A criterion as a value: comparisons between terms over metrics and numbers.
// It is read by expression.ts, worked out by evaluate.ts and judged by verdict.ts.

export const AGGREGATIONS = ["last", "best", "min", "max"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];
export type ComparisonOperator = "<" | "<=" | ">" | ">=" | "==";

export type Term =
  | { readonly kind: "number"; readonly token: string }
  | MetricTerm
  | { readonly kind: "negated"; readonly term: Term }
  | {
      readonly kind: "arithmetic";
      readonly operator: "+" | "-" | "*" | "/";
      readonly left: Term;
      readonly right: Term;
    };

export interface MetricTerm {
  readonly kind: "metric";
  /** As written, without `baseline.`. */
  readonly name: string;
  readonly baseline: boolean;
  /** Which value of the series counts; `last` where none is written. */
  readonly aggregation: Aggregation;
  /** `mean(…)`: only the mean over seeds may decide, so that three runs are needed. */
  readonly overSeeds?: true;
  /** UTF-16 offset in the criterion. */
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

/** Every metric term of a criterion in written order. */
export function metricTerms(criterion: Criterion): readonly MetricTerm[] {
  return criterion.comparisons.flatMap((one) => [
    ...termMetrics(one.left),
    ...termMetrics(one.right),
  ]);
}

/** Every metric term below a term in written order. */
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

/** A term with other metric terms in the places of its own. */
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
