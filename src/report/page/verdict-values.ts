// The numbers and words of a verdict as values: each says what it follows from, down to the log.
// The sentences around them are verdict-text.ts.
import { arithmetic } from "../../base/decimal.ts";
import {
  numberTerms,
  type Comparison,
  type NumberTerm,
  type Term,
} from "../../criteria/criterion.ts";
import type { Worth } from "../../judge/evaluate.ts";
import type { JudgedComparison, MeasuredRun } from "../../judge/judge.ts";
import type { Verdict } from "../../judge/verdict.ts";
import { sourceOf } from "./sources.ts";
import type { Derived, Literal, Value } from "./values.ts";

/** A criterion by its name, with its numbers in the order in which it has them. */
export interface Asked {
  readonly which: Verdict["which"];
  readonly numbers: readonly Term[];
}

/** What a verdict is on. */
export function askedBy({ which, judged }: Verdict): Asked {
  const numbers = judged.flatMap(({ comparison: { left, right } }) =>
    [left, right].flatMap(numberTerms),
  );
  return { which, numbers };
}

/** A number as the criterion has it. */
export function criterionToken(term: NumberTerm, { which, numbers }: Asked): Literal {
  return {
    kind: "literal",
    token: term.token,
    of: { criterion: which, at: numbers.indexOf(term) },
  };
}

/** The value of one side of a comparison in one run. */
export function sideValue(term: Term, { value, operands }: Worth, asked: Asked): Value {
  const left = operands.map(({ run, sample }) => sourceOf(run, sample));
  const leaves = (inner: Term): readonly Value[] => {
    switch (inner.kind) {
      case "number":
        return [criterionToken(inner, asked)];
      case "metric": {
        const source = left.shift();
        return source === undefined ? [] : [source];
      }
      case "negated":
        return leaves(inner.term);
      case "arithmetic":
        return [...leaves(inner.left), ...leaves(inner.right)];
    }
  };
  const of = leaves(term);
  const [only] = of;
  return only !== undefined && (term.kind === "number" || term.kind === "metric")
    ? only
    : { kind: "derived", how: "term", term, of: [of], value };
}

/** Whether one run meets a comparison: `yes` or `no`. */
export function metOf(
  { left, right, operator }: Comparison,
  one: MeasuredRun,
  asked: Asked,
): Derived {
  const of = [[sideValue(left, one.left, asked)], [sideValue(right, one.right, asked)]];
  return { kind: "derived", how: "met", operator, of, value: one.passes ? "yes" : "no" };
}

/** How many runs meet the whole criterion. */
export function passingOf(verdict: Verdict): Derived {
  const of = metsOf(verdict.judged, askedBy(verdict));
  return { kind: "derived", how: "passing", of, value: BigInt(verdict.passing) };
}

const metsOf = (judged: readonly JudgedComparison[], asked: Asked): Derived["of"] =>
  judged.map(({ comparison, perRun }) => perRun.map((one) => metOf(comparison, one, asked)));

/** The mean of left − right over the runs, its bound, and what both follow from. */
export interface Margins {
  readonly margins: readonly Derived[];
  readonly mean: Derived;
  readonly bound: Derived;
}

/** The margins of a comparison that is judged by its mean; undefined for any other. */
export function marginsOf(
  { comparison, perRun, margin }: JudgedComparison,
  asked: Asked,
): Margins | undefined {
  if (margin === undefined) return undefined;
  const margins = perRun.map(({ left, right }): Derived => {
    const of = [
      [sideValue(comparison.left, left, asked)],
      [sideValue(comparison.right, right, asked)],
    ];
    const value = arithmetic("-", left.value, right.value);
    return { kind: "derived", how: "difference", of, value };
  });
  const side = comparison.operator.startsWith("<") === margin.meanPasses ? "below" : "above";
  return {
    margins,
    mean: { kind: "derived", how: "mean", of: [margins], value: margin.mean },
    bound: { kind: "derived", how: "bound", side, of: [margins], value: margin.bound },
  };
}

/** The word of a verdict, which follows from the words on its comparisons. */
export function verdictWord(verdict: Verdict): Derived | string {
  const { word, judged } = verdict;
  const asked = askedBy(verdict);
  if (word === "NOT EVALUABLE") return word;
  const words = judged.map((one): Derived => {
    const { comparison } = one;
    const { margins, mean, bound } = marginsOf(one, asked) ?? {};
    const mets = one.perRun.map((measured) => metOf(comparison, measured, asked));
    const of = mean && bound && margins ? [mets, margins, [mean, bound]] : [mets];
    return { kind: "derived", how: "word", operator: comparison.operator, of, value: one.word };
  });
  return { kind: "derived", how: "verdict", of: [words], value: word };
}
