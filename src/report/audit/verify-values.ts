// Verifies a page before it is saved, from the tree that it is made of: each source is in its log's
// line, each literal in what a person or run.json says, and each derived value follows from its
// inputs once more, by another method where one exists. The page's text is not read for it.
import type { ComparisonOperator, Term } from "../../criteria/criterion.ts";
import { readCriterion } from "../../criteria/expression.ts";
import { arithmetic, compareDecimals, parseDecimal, toNumber } from "../../base/decimal.ts";
import type { Decimal } from "../../base/decimal.ts";
import { argsWithoutSeed } from "../../judge/groups.ts";
import { ignoredBy, type ReportInput, type ReportRun } from "../../judge/input.ts";
import type { ReportTree } from "../page/page.ts";
import { pathOf, textOf, valuesIn, wordOf } from "../page/values.ts";
import type { Derived, Literal, Source, Value } from "../page/values.ts";
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

/** Why a page is not saved. */
export interface Refusal {
  /** The value as the page has it. */
  readonly said: string;
  /** What is wrong with it, in words without a full stop. */
  readonly message: string;
}

/** What is wrong with a source, given its log's line as it is on disk; undefined where nothing is. */
export type SourceTrouble = (source: Source) => string | undefined;

/** Reasons not to save a page; none for a sound one. */
export function valueRefusals(
  tree: ReportTree,
  input: ReportInput,
  troubleOf: SourceTrouble,
): readonly Refusal[] {
  const runs = [...input.runs, ...baselineRuns(input)];
  const known = new Set(runs.flatMap(placesOf));
  const seen = new Set<Value>();
  const refusals: Refusal[] = [];
  const visit = (value: Value): void => {
    if (seen.has(value)) return;
    seen.add(value);
    const message = troubleIn(value);
    if (message !== undefined) refusals.push({ said: saidBy(value), message });
    if (value.kind !== "derived") return;
    for (const inputs of value.of) inputs.forEach(visit);
    if (isSource(value.value)) visit(value.value);
  };
  const troubleIn = (value: Value): string | undefined => {
    switch (value.kind) {
      case "literal":
        return literalTrouble(value, input, runs);
      case "source":
        return known.has(placeOf(value))
          ? (numberTrouble(value, tree.sources) ?? troubleOf(value))
          : `nothing of the kind was read from ${pathOf(value)}:${value.line}`;
      case "derived":
        return derivedTrouble(value);
    }
  };
  for (const { text } of tree.blocks) valuesIn(text).forEach(visit);
  return refusals;
}

function baselineRuns({ baseline }: ReportInput): readonly ReportRun[] {
  return baseline?.kind === "run" ? [baseline.run, ...(baseline.group ?? [])] : [];
}

/** Everything that was read from a run's logs and may be a source of the page. */
function placesOf({ path: run, reading, findings }: ReportRun): readonly string[] {
  const samples = reading.series.flatMap(({ summary: { first, last, min, max, notFinite } }) =>
    [first, last, min, max, notFinite].flatMap((one) => one ?? []),
  );
  const flags = findings.flatMap(({ evidence, metric: key, token }) =>
    evidence === undefined || key === undefined || token === undefined
      ? []
      : [{ ...evidence, key, token }],
  );
  return [...samples, ...flags].map((one) => placeOf({ ...one, run }));
}

/** A key of a source: equal for two that are one logged value. */
export function placeOf({
  run,
  file,
  line,
  offset,
  key,
  token,
}: Omit<Source, "kind" | "as">): string {
  return JSON.stringify([run, file, line, offset, key, token]);
}

/** The number of a source leads to an entry of the list that is the same logged value. */
function numberTrouble(source: Source, entries: readonly Source[]): string | undefined {
  const { number } = source;
  if (number === undefined) return undefined;
  const entry = entries[number - 1];
  // A line may say a value twice: redraws of a bar have one line, and an offset each.
  const { offset } = source;
  return entry?.number === number && placeOf({ ...entry, offset }) === placeOf(source)
    ? undefined
    : `entry ${number} of the list of sources is another value`;
}

function literalTrouble(
  { token, of }: Literal,
  input: ReportInput,
  runs: readonly ReportRun[],
): string | undefined {
  if ("criterion" in of) {
    const text = input.journal.plan[of.criterion] ?? "";
    const { comparisons = [] } = readCriterion(text).value ?? {};
    const tokens = comparisons.flatMap(({ left, right }) => [left, right].flatMap(numbersIn));
    return tokens.includes(token) ? undefined : `the criterion says no such number: ${text}`;
  }
  const run = runs.find(({ path }) => path === of.run);
  const said = run === undefined ? undefined : saidOfRun(run, of.says, input);
  return said === token ? undefined : `${of.run} says ${said ?? "nothing of the kind"}`;
}

function saidOfRun(
  run: ReportRun,
  says: "state" | "ignored" | "setting",
  input: ReportInput,
): string | undefined {
  switch (says) {
    case "state":
      return run.record === undefined ? "by hand" : (run.record.ending ?? "running");
    case "ignored":
      return ignoredBy(input, run) === undefined ? undefined : "ignored";
    case "setting":
      return argsWithoutSeed(run).join("\n");
  }
}

/** The numbers of a term, in the order in which it has them. */
function numbersIn(term: Term): readonly string[] {
  switch (term.kind) {
    case "number":
      return [term.token];
    case "metric":
      return [];
    case "negated":
      return numbersIn(term.term);
    case "arithmetic":
      return [...numbersIn(term.left), ...numbersIn(term.right)];
  }
}

/** What is wrong with a derived value, given that its inputs are right. */
function derivedTrouble(derived: Derived): string | undefined {
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

function isSource(value: Derived["value"]): value is Source {
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

function saidBy(value: Value): string {
  if (value.kind !== "source") return textOf([value]);
  return `${value.key} ${value.token}`;
}

function againText(again: Again): string {
  if (typeof again === "string") return again;
  if (typeof again === "bigint") return String(again);
  const numbers = Array.isArray(again) ? again : [toNumber(again as Decimal)];
  return numbers.map((one: number) => String(Number(one.toPrecision(6)))).join(" to ");
}
