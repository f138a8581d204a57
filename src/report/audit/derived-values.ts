// Works a derived value of a page out a second time from its inputs, and tells whether it is the
// same: exact numbers to the last digit, estimates to the digits that are shown.
import type { ComparisonOperator, Term } from "../../criteria/criterion.ts";
import { arithmetic, compareDecimals, parseDecimal, toNumber } from "../../base/decimal.ts";
import type { Decimal } from "../../base/decimal.ts";
import { wordOf, type Derived, type Source, type Value } from "../page/values.ts";
import {
  bcaAgain,
  boundAgain,
  deviationAgain,
  differenceIntervalAgain,
  holmAgain,
  meanIntervalAgain,
  medianAgain,
  pAgain,
} from "./cross-check.ts";

/** What is wrong with a derived value, given that its inputs are right. */
export function derivedTrouble(derived: Derived): string | undefined {
  const again = workedOut(derived);
  const { value, of } = derived;
  const inputs = of.flat().map(exactOf);
  const isRight =
    typeof again === "string" || typeof again === "bigint"
      ? value === again
      : Array.isArray(again)
        ? agree(doublesOf(value), again, inputs, slackOf(derived))
        : isSource(value)
          ? isSame(exactOf(value), again as Decimal)
          : typeof value === "object" && "kind" in value && isSame(value, again as Decimal);
  return isRight ? undefined : `its inputs give ${againText(again)}`;
}

/** A word, a count, an exact number; an estimate or an interval as its doubles. */
type Again = string | bigint | Decimal | readonly number[];

/** A derived value worked out a second time. */
function workedOut(derived: Derived): Again {
  const [first = [], second = [], third = []] = derived.of;
  const exact = first.map(exactOf);
  const a = exact.map(toNumber);
  const b = second.map(exactOf).map(toNumber);
  switch (derived.how) {
    case "count":
      return BigInt(first.length);
    case "kinds":
      return BigInt(new Set(first.map(wordOf)).size);
    case "term":
      return termAgain(derived.term, [...exact]);
    case "mean":
      return meanAgain(exact);
    case "difference":
      return arithmetic("-", meanAgain(exact), meanAgain(second.map(exactOf)));
    case "deviation":
      return [deviationAgain(a)];
    case "median":
      return [medianAgain(a)];
    case "t interval":
      return meanIntervalAgain(a);
    case "BCa interval":
      return bcaAgain(a);
    case "interval":
      return differenceIntervalAgain(a, b, derived.test);
    case "p":
      return [pAgain(a, b, derived.test)];
    case "Holm":
      return [holmAgain(first.flatMap(estimateOf), derived.index)];
    case "bound":
      return [boundAgain(a, derived.side) + (b[0] ?? 0)];
    case "direction":
      return directionAgain(first.flatMap(estimateOf), second.flatMap(estimateOf));
    case "smallest":
    case "largest":
      return extremeOf(exact, derived.how === "smallest" ? -1 : 1);
    case "met":
      return metAgain(derived.operator, exact[0], second.map(exactOf)[0]);
    case "passing":
      return BigInt(
        first.filter((_, i) => derived.of.every((one) => one[i] && wordOf(one[i]) === "yes"))
          .length,
      );
    case "word":
      return third.length === 0
        ? wordOfEach(first.map(wordOf))
        : wordOfMean(derived.operator, second.map(exactOf), third);
    case "verdict": {
      const words = first.map(wordOf);
      if (words.includes("NOT MET")) return "NOT MET";
      return words.every((one) => one === "MET") ? "MET" : "INCONCLUSIVE";
    }
  }
}

/** An exact mean, by way of the distances from the first value. */
function meanAgain(values: readonly Decimal[]): Decimal {
  const [first = NAN] = values;
  const count: Decimal = { kind: "finite", numerator: BigInt(values.length), denominator: 1n };
  const distances = values.map((value) => arithmetic("-", value, first));
  const sum = distances.reduce((a, b) => arithmetic("+", a, b), arithmetic("-", first, first));
  return arithmetic("+", first, arithmetic("/", sum, count));
}

const NAN: Decimal = { kind: "nan" };
const ZERO: Decimal = { kind: "finite", numerator: 0n, denominator: 1n };

/** A term over its numbers and metrics, which are taken from `leaves` in its order. */
function termAgain(term: Term, leaves: Decimal[]): Decimal {
  switch (term.kind) {
    case "number":
    case "metric":
      return leaves.shift() ?? NAN;
    case "negated":
      return arithmetic("-", ZERO, termAgain(term.term, leaves));
    case "arithmetic": {
      const left = termAgain(term.left, leaves);
      return arithmetic(term.operator, left, termAgain(term.right, leaves));
    }
  }
}

function extremeOf(values: readonly Decimal[], sign: -1 | 1): Decimal {
  const [first = NAN, ...others] = values;
  return others.reduce((a, b) => (compareDecimals(b, a) === sign ? b : a), first);
}

function metAgain(operator: ComparisonOperator, left?: Decimal, right?: Decimal): string {
  if (left === undefined || right === undefined) return "nothing";
  return holdsAgain(operator, left, right) ? "yes" : "no";
}

function holdsAgain(operator: ComparisonOperator, left: Decimal, right: Decimal): boolean {
  const order = compareDecimals(left, right);
  return order !== undefined && operator.includes("<=>".charAt(order + 1));
}

function wordOfEach(mets: readonly (string | undefined)[]): string {
  const passing = mets.filter((one) => one === "yes").length;
  return passing === mets.length ? "MET" : passing === 0 ? "NOT MET" : "INCONCLUSIVE";
}

/** The mean decides, and its bound must agree; equal margins have no spread and need none. */
function wordOfMean(
  operator: ComparisonOperator,
  margins: readonly Decimal[],
  [mean, bound]: readonly Value[],
): string {
  if (mean === undefined || bound === undefined) return "nothing";
  const passes = holdsAgain(operator, exactOf(mean), ZERO);
  const [end = Number.NaN] = estimateOf(bound);
  const agrees =
    Number.isFinite(end) && operator.includes("<=>".charAt(Math.sign(end) + 1)) === passes;
  const isEqual = margins.every((one) => isSame(one, exactOf(mean)));
  return isEqual || agrees ? (passes ? "MET" : "NOT MET") : "INCONCLUSIVE";
}

function directionAgain(
  [low = Number.NaN, high = Number.NaN]: readonly number[],
  [p = 1]: readonly number[],
): string {
  return p < 0.05 && low > 0 ? "higher" : p < 0.05 && high < 0 ? "lower" : "no difference shown";
}

/** The exact number of a value; NaN for a word or an estimate. */
function exactOf(value: Value): Decimal {
  if (value.kind !== "derived") return parseDecimal(value.token) ?? NAN;
  if (isSource(value.value)) return exactOf(value.value);
  return typeof value.value === "object" && "kind" in value.value ? value.value : NAN;
}

/** The double of an estimate, or both of an interval. */
function estimateOf(value: Value): readonly number[] {
  return value.kind === "derived" ? doublesOf(value.value) : [];
}

function doublesOf(value: Derived["value"]): readonly number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && "length" in value ? value : [];
}

/** Whether a derived value is one of its inputs. */
export function isSource(value: Derived["value"]): value is Source {
  return typeof value === "object" && "kind" in value && value.kind === "source";
}

function isSame(a: Decimal, b: Decimal): boolean {
  return a.kind === "nan" ? b.kind === "nan" : compareDecimals(a, b) === 0;
}

/** Pages show four digits of an estimate, so that any other that is shown is further off. */
const NEAR = 2e-5;
/** Of an interval each end is as near as this share of its width, by the accuracy of quantiles. */
const NEAR_OF_WIDTH = 2e-7;
/** Doubles lose this share of the size of their operands where these nearly cancel. */
const LOST = 1e-12;
/** Beyond these sums and shares of doubles lose all digits. */
const LARGE = 1e300;
const SMALL = 1e-320;

function agree(
  said: readonly number[],
  again: readonly number[],
  inputs: readonly Decimal[],
  slack: number,
): boolean {
  if (said.length !== again.length) return false;
  const isBeyond = inputs.some((one) => !(Math.abs(toNumber(one)) < LARGE));
  const width = Math.abs((again[1] ?? 0) - (again[1] === undefined ? 0 : (again[0] ?? 0)));
  return said.every((one, i) => {
    const other = again[i] ?? Number.NaN;
    if (!Number.isFinite(one) || !Number.isFinite(other)) {
      // Of inputs at the end of their range doubles hold no estimate.
      return Number.isFinite(one) === Number.isFinite(other) || isBeyond;
    }
    const near = NEAR * Math.max(Math.abs(one), Math.abs(other)) + NEAR_OF_WIDTH * width;
    return Math.abs(one - other) <= near + slack + SMALL;
  });
}

/** What two ways of working out an estimate may differ by where its inputs nearly cancel. */
function slackOf(derived: Derived): number {
  const [a = [], b = []] = derived.of.map((side) => side.map(exactOf).map(toNumber));
  if (derived.how === "p") {
    const { test } = derived;
    return pAgain(a, b, test) - pAgain(a, b, test, LOST);
  }
  if (derived.how === "Holm") return 0;
  return LOST * Math.max(0, ...[...a, ...b].map(Math.abs).filter(Number.isFinite));
}

function againText(again: Again): string {
  if (typeof again === "string") return again;
  if (typeof again === "bigint") return String(again);
  const numbers = Array.isArray(again) ? again : [toNumber(again as Decimal)];
  return numbers.map((one: number) => String(Number(one.toPrecision(6)))).join(" to ");
}
