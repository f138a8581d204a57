// The edges at which rules begin to speak: one step to each side.
import assert from "node:assert/strict";
import { test } from "node:test";
import { PLAN } from "../logs/reading.ts";
import { each, says, wave } from "./says.ts";

const CLASSES = { args: ["--num-classes", "10"] };

test("a loss of equal odds is chance only where no accuracy says that something was learnt", () => {
  const loss = each(10, () => `"val/loss": 2.303`);
  assert.match(says("chance-level", loss, CLASSES)[0]?.message ?? "", /chance among 10 classes$/);
  assert.deepEqual(says("chance-level", loss), [], "nobody says how many classes there are");
  const learnt = loss.map((one) => `${one}, "val/acc": 0.55`);
  assert.deepEqual(says("chance-level", learnt, CLASSES), []);
});

const guesses = (acc: number): number =>
  says(
    "chance-level",
    each(10, () => `"val/acc": ${acc}`),
    CLASSES,
  ).length;

test("chance is told in percent as well", () => {
  assert.deepEqual([10.1, 0.101, 14, 0.14].map(guesses), [1, 1, 0, 0]);
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

test("a spike is told by its highest value, not by where it began", () => {
  const heights = new Map([1.3, 1.5, 2, 1.4, 1.3].map((by, i) => [250 + i, by]));
  const loss = each(400, (i) => {
    const value = (heights.get(i) ?? 1) * (2 + 0.02 * wave(i));
    return `"train/loss": ${value.toFixed(5)}`;
  });
  const [finding] = says("spike", loss);
  assert.match(finding?.message ?? "", /^train\/loss ×(?:1\.9|2\.0)\d? at step 252$/);
});

const stands = (acc: number): boolean =>
  says(
    "not-learning",
    each(60, (i) => `"train/loss": ${(2.303 + 0.01 * wave(i)).toFixed(4)}, "val/acc": ${acc}`),
  ).length > 0;

test("a good score is no want of learning, as a share and in percent", () => {
  assert.deepEqual([0.69, 0.7, 1.5, 69, 70].map(stands), [true, false, true, true, false]);
});

const flips = (...values: readonly number[]): readonly string[] =>
  says(
    "out-of-range",
    values.map((value) => `"acc": ${value}`),
  ).map(({ message }) => message);

test("a unit changes with two values on each side, in either direction", () => {
  const [up, ...more] = flips(0.8, 0.81, 81, 82);
  assert.match(up ?? "", /changes its unit at step 2/);
  assert.deepEqual(more, []);
  assert.match(flips(80, 81, 0.81, 0.82)[0] ?? "", /changes its unit at step 2/);
  assert.deepEqual(flips(0.8, 0.81, 81), [], "one value may be a slip");
  assert.deepEqual(flips(0.01, 0.02, 1, 1), [], "no percentage is told from a share of 1");
});

const slow = (by: number, count: number): boolean =>
  says(
    "slower",
    each(200, (i) => `"step_time": ${i >= 40 && i < 40 + count ? by : 1}`),
  ).length > 0;

test("steps are slower by more than a quarter, for most of thirty of them", () => {
  assert.ok(!slow(1.25, 30), "by just a quarter");
  assert.ok(slow(1.26, 30));
  assert.ok(!slow(1.26, 12), "an evaluation");
});

const earlierRun = (i: number, changes: object = {}) => ({
  folder: `2025-02-0${i}T09-00-00-a`,
  verb: "run",
  script: "train.py",
  args: [],
  done: true,
  startedAtMs: 0,
  metrics: [{ key: "val/loss", count: 6, last: 1, min: 1 + 0.01 * i }],
  ...changes,
});

test("a leap is told beyond four earlier runs that are done and of its kind", () => {
  const digest = earlierRun(9, { metrics: [{ key: "val/loss", count: 6, last: 0.5, min: 0.5 }] });
  const leaps = (earlier: readonly ReturnType<typeof earlierRun>[]): number =>
    says("too-good", [`"val/loss": 0.5`], { digest, earlier }).length;
  const four = [1, 2, 3, 4].map((i) => earlierRun(i));
  assert.equal(leaps(four), 1);
  assert.equal(leaps(four.slice(1)), 0);
  assert.equal(leaps([...four.slice(1), earlierRun(1, { verb: "eval" })]), 0);
  assert.equal(leaps([...four.slice(1), earlierRun(1, { done: false })]), 0);
});
