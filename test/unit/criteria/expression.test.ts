import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import { metricTerms } from "../../../src/criteria/criterion.ts";
import { readCriterion } from "../../../src/criteria/expression.ts";

const problem = (text: string): string => {
  const { value, problems } = readCriterion(text);
  assert.equal(value, undefined, text);
  const [first] = problems;
  return `${first?.place.column}: ${first?.message}; ${first?.fix ?? ""}`;
};

test("a name is a maximal run, so a slash or a dash inside it is no operator", () => {
  const { value } = readCriterion("val/loss-ema@5 <= 0.98 * baseline.val/loss");
  assert.ok(value !== undefined);
  assert.deepEqual(
    metricTerms(value).map(({ name, baseline, aggregation }) => ({ name, baseline, aggregation })),
    [
      { name: "val/loss-ema@5", baseline: false, aggregation: "last" },
      { name: "val/loss", baseline: true, aggregation: "last" },
    ],
  );
  assert.equal(value.comparisons[0]?.operator, "<=");
});

/** The metrics of a criterion. */
const termsOf = (text: string): readonly string[] => {
  const { value } = readCriterion(text);
  assert.ok(value !== undefined, text);
  return metricTerms(value).map(({ name, baseline, aggregation }) =>
    [baseline ? "baseline" : "", aggregation, name].join(" ").trim(),
  );
};

test("names with brackets stand as they are, others in quotes", () => {
  assert.deepEqual(termsOf("metrics/mAP50(B) >= 0.5"), ["last metrics/mAP50(B)"]);
  assert.deepEqual(termsOf("best(metrics/mAP50-95(M)) >= 0.5"), ["best metrics/mAP50-95(M)"]);
  assert.deepEqual(termsOf('best("R^2") > baseline."R^2"'), ["best R^2", "baseline last R^2"]);
  assert.deepEqual(termsOf("`top-5 acc (%)` >= 93"), ["last top-5 acc (%)"]);
  assert.deepEqual(termsOf('"mean" < 2 and "and" > 1'), ["last mean", "last and"]);
  assert.match(problem("foo(acc) < 1"), /`foo\(…\)` is not known/);
});

test("operators between spaces compute, by the usual precedence", () => {
  const { value } = readCriterion("a - b / 2 > (a + 1) * -0.5");
  assert.deepEqual(value?.comparisons[0]?.left, {
    kind: "arithmetic",
    operator: "-",
    left: { kind: "metric", name: "a", baseline: false, aggregation: "last", offset: 0 },
    right: {
      kind: "arithmetic",
      operator: "/",
      left: { kind: "metric", name: "b", baseline: false, aggregation: "last", offset: 4 },
      right: { kind: "number", token: "2" },
    },
  });
});

const name = (text: string, offset: number): object => {
  return { kind: "metric", name: text, baseline: false, aggregation: "last", offset };
};

test("a minus before a name is the negative of it", () => {
  const { value } = readCriterion("-val/acc > -0.1 -loss");
  const [comparison] = value?.comparisons ?? [];
  assert.deepEqual(comparison?.left, { kind: "negated", term: name("val/acc", 1) });
  assert.deepEqual(comparison.right, {
    kind: "arithmetic",
    operator: "-",
    left: { kind: "number", token: "-0.1" },
    right: name("loss", 17),
  });
});

test("words say which value counts", () => {
  const { value } = readCriterion("best(val_acc) >= 0.9 and min(loss) < max(baseline.loss)");
  assert.ok(value !== undefined);
  assert.deepEqual(
    metricTerms(value).map((term) => term.aggregation),
    ["best", "min", "max"],
  );
});

test("groups may hold comparisons, and typographic signs are read", () => {
  assert.equal(readCriterion("(a ≤ 1) and ((b) ≥ 2e+1)").value?.comparisons.length, 2);
  assert.equal(readCriterion("((a < 1) and (b < 2)) and c == 3").value?.comparisons.length, 3);
});

test("numbers keep their token", () => {
  for (const token of ["0.98", ".5", "1e-4", "2.5E+3", "-0.1"]) {
    const right = readCriterion(`a < ${token}`).value?.comparisons[0]?.right;
    assert.deepEqual(right, { kind: "number", token });
  }
});

test("each mistake is told with its place and how to mend it", () => {
  assert.match(problem("val/loss"), /^9: The criterion compares nothing; write it like/);
  assert.match(problem("a < "), /^5: The criterion ends too early/);
  assert.match(problem("0 < a < 1"), /^7: Two comparisons in a row; join them with `and`/);
  assert.match(problem("a = 1"), /^3: `=` compares nothing; write `==`/);
  assert.match(problem("a < 2 %"), /^7: `%` is not known/);
  assert.match(problem("a dropped < 1"), /^3: `dropped` is not expected here/);
  assert.match(problem("average(a) < 1"), /^1: `average\(…\)` is not known; there are last\(\)/);
  assert.match(problem("last(1) < 1"), /^6: `last\(…\)` wants one metric/);
  assert.match(problem("(a < 1"), /A closing `\)` is missing/);
  assert.match(problem("baseline. < 1"), /^1: `baseline\.` names no metric/);
  assert.match(problem(""), /^1: The criterion ends too early/);
  assert.match(problem("a < 1e5000"), /too large or too small/);
  assert.match(problem(`${"(".repeat(100)}a${")".repeat(100)} < 1`), /nested too deeply/);
  assert.match(problem("a".repeat(3000)), /too long/);
});

test("reading never throws, whatever is written", () => {
  const piece = fc.constantFrom(
    "a",
    "val/loss",
    "(",
    ")",
    "<=",
    "==",
    "-",
    "*",
    "and",
    "1e-3",
    " ",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((all) => all.join(" ")),
      ),
      (text) => {
        const { value, problems } = readCriterion(text);
        assert.equal(problems.length, value === undefined ? 1 : 0);
      },
    ),
    { numRuns: 500, verbose: true },
  );
});

const terms = (text: string): unknown =>
  readCriterion(text).value?.comparisons.map(({ left }) =>
    left.kind === "metric" ? [left.name, left.aggregation, left.overSeeds] : left,
  );

test("a mean is over seeds, of the last value or of the one that is picked", () => {
  assert.deepEqual(terms("mean(val/loss) < 1"), [["val/loss", "last", true]]);
  assert.deepEqual(terms("mean(best(val/acc)) > 0.9"), [["val/acc", "best", true]]);
  assert.match(problem("mean(2) < 1"), /`mean\(…\)` wants one metric/);
  assert.match(problem("mean(mean(a)) < 1"), /`mean\(…\)` wants one metric/);
});
