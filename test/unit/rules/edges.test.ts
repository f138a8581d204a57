// The edges at which rules begin to speak: one step to each side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAN } from "../logs/reading.ts";
import { each, says } from "./says.ts";

const CLASSES = { args: ["--num-classes", "10"] };

test("a loss of equal odds is chance only where no accuracy says that something was learnt", () => {
  const loss = each(10, () => `"val/loss": 2.303`);
  assert.match(says("chance-level", loss, CLASSES)[0]?.message ?? "", /chance among 10 classes$/);
  assert.deepEqual(says("chance-level", loss), [], "nobody says how many classes there are");
  const learnt = loss.map((one) => `${one}, "val/acc": 0.55`);
  assert.deepEqual(says("chance-level", learnt, CLASSES), []);
});

/** Validation that falls to 1 and ends at `late`, while training goes on falling. */
const rising = (early: readonly number[], late: readonly number[]) =>
  [...early, ...late].map((val, i) => `"train/loss": ${2 / (1 + i)}, "val/loss": ${val}`);
const EARLY = [3, 2, 1, 1, 1];
const BY_HALF = { plan: { ...PLAN, rules: { overfitting: { numbers: { by: 0.5 } } } } };

const overfits = (late: readonly number[], early = EARLY): boolean =>
  says("overfitting", rising(early, late), BY_HALF).length > 0;

test("overfitting begins where validation is above its best by just as much as is asked for", () => {
  assert.ok(overfits([1.5, 1.5, 1.5]), "by half: as much as is asked for");
  assert.ok(!overfits([1.49, 1.5, 1.5]), "one of the last three is nearer");
  assert.ok(!overfits([1.5, 1.5]), "the best is among the last three");
  assert.ok(overfits([1.5, 1.5, 1.5], [1, 1, 1]), "six evaluations, twice as many as must be late");
  assert.ok(!overfits([1.5, 1.5, 1.5], [1, 1]), "five are too few");
});
