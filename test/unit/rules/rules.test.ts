// What each rule must not mistake for a fault, and the edges at which it begins to speak.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isFlag, RULES, STOPPING } from "../../../src/domain/finding.ts";
import { findings } from "../../../src/rules/findings.ts";
import { RULE_BOOK } from "../../../src/rules/rule-book.ts";
import { metric, readLines, ruleInput } from "../logs/reading.ts";
import { DONE, each, says, wave } from "./says.ts";

const lossHighAt = (isHigh: (i: number) => boolean) =>
  each(400, (i) => `"train/loss": ${((isHigh(i) ? 1.5 : 1) * (2 + 0.02 * wave(i))).toFixed(5)}`);

const valAndTrain = (val: (i: number) => number, train: (i: number) => number) =>
  each(20, (i) => `"train/loss": ${train(i).toFixed(4)}, "val/loss": ${val(i).toFixed(4)}`);

const halving = (i: number): number => 2 / (1 + i);

const turning = (i: number): number => (i < 8 ? 2 - i * 0.1 : 1.3 + (i - 8) * 0.05);

const flatLoss = (level: number, more = "") =>
  each(60, (i) => `"train/loss": ${(level + 0.01 * wave(i)).toFixed(4)}${more}`);

const scoreAndLoss = (acc: number, loss: number) =>
  each(10, () => `"val/acc": ${acc}, "val/loss": ${loss}`);

const stamped = (stamp: string): string => `2025-10-26 ${stamp} | INFO | metric {"loss": 0.5}`;

const fall = (...stamps: readonly string[]) =>
  findings(ruleInput({ reading: readLines(...stamps.map(stamped)), ...DONE })).filter(
    ({ rule }) => rule === "time-goes-back",
  );

const fallingTo = (to: number) => [
  ...Array(50).keys(),
  ...each(20, (i) => String(to + i)).map(Number),
];
const run = (steps: readonly number[]) =>
  findings(
    ruleInput({
      reading: readLines(...steps.map((i) => metric(`{"step": ${i}, "loss": 1}`))),
      ...DONE,
    }),
  ).filter(({ rule }) => rule === "steps-go-back");

const isStalled = (silentMs: number, cpu: number, limitMs = 7_200_000) => {
  const nowMs = 10_000_000;
  const sinceMs = nowMs - silentMs;
  const system = each(40, String).map((_, i) => ({
    cpu,
    rss: 1e9,
    processes: 2,
    atMs: sinceMs + (silentMs * i) / 39,
  }));
  const silence = { sinceMs, longestMs: 5_000 };
  return findings(ruleInput({ nowMs, limitMs, silence, system })).some(
    ({ rule }) => rule === "stalled",
  );
};

const digestOf = (folder: string, seed: string) => ({
  folder,
  seed,
  verb: "run",
  script: "train.py",
  args: [],
  done: true,
  startedAtMs: 0,
  metrics: [{ key: "loss", count: 6, last: 1.6, hash: "ab" }],
});

const limitNotes = (done: number) => {
  const lines = [`step:${done}/1000 loss`, metric(`{"step": ${done}, "loss": 1}`)];
  return findings(ruleInput({ reading: readLines(...lines), nowMs: 100_000 }))
    .filter(({ rule }) => rule === "over-limit")
    .map(({ tier, message }) => `${tier}: ${message}`);
};

test("every rule has a tier, a sentence, and a reason for each of its numbers", () => {
  for (const name of RULES) {
    const rule = RULE_BOOK[name];
    assert.equal(rule.name, name);
    assert.ok(rule.says.length > 20 && rule.silent.length > 10, name);
    for (const { why, value } of Object.values(rule.numbers)) {
      assert.ok(why.length > 10 && Number.isFinite(value), name);
    }
  }
  assert.equal(RULES.length, 30);
  assert.ok([...STOPPING].every((name) => RULES.includes(name)));
});

test("a loss of exactly 0 is masked only while something else is NaN", () => {
  const zero = each(20, (i) => `"loss": ${i < 10 ? 1 : 0}, "grad_norm": ${i < 10 ? 1 : "NaN"}`);
  const [finding] = says("masked-nan", zero);
  assert.match(finding?.message ?? "", /^loss is exactly 0 at step 10 while grad_norm is NaN$/);
  assert.equal(finding?.evidence?.line, 11);
  assert.deepEqual(
    says(
      "masked-nan",
      each(20, (i) => `"loss": ${i < 10 ? 1 : 0}, "grad_norm": 1`),
    ),
    [],
  );
});

test("an accuracy has a range and a unit, a reward has neither", () => {
  assert.equal(
    says(
      "out-of-range",
      each(5, () => `"val/acc": 1.0001`),
    )[0],
    undefined,
  );
  assert.match(says("out-of-range", [`"val/acc": 104.5`])[0]?.message ?? "", /^val\/acc is 104\.5/);
  assert.match(says("out-of-range", [`"val/acc": -0.1`])[0]?.message ?? "", /^val\/acc is -0\.1/);
  const flip = each(8, (i) => `"acc": ${i < 4 ? 0.8 : 80.5}`);
  assert.match(says("out-of-range", flip)[0]?.message ?? "", /changes its unit at step 4/);
  assert.match(says("out-of-range", [`"cross_entropy": -0.01`])[0]?.message ?? "", /never below 0/);
  for (const fine of [`"reward": -400`, `"elbo": -3`, `"loss": -2`, `"grad_acc_steps": 256`]) {
    assert.deepEqual(
      says(
        "out-of-range",
        each(5, () => fine),
      ),
      [],
      fine,
    );
  }
});

test("diverged means near the start again, not a harder lesson; GANs and rewards are left alone", () => {
  const up = each(100, (i) => `"loss": ${(i < 60 ? 4 - i * 0.05 : 6 + 0.1 * wave(i)).toFixed(4)}`);
  assert.match(
    says("diverged", up)[0]?.message ?? "",
    /^loss ends around 5\.99\d*, ×\d\.\d+ of its best, .* \(medians of \d+ values\)$/,
  );
  const lesson = each(
    100,
    (i) => `"loss": ${(i < 60 ? 4 - i * 0.05 : 2 + 0.1 * wave(i)).toFixed(4)}`,
  );
  assert.deepEqual(says("diverged", lesson), []);
  assert.deepEqual(
    says(
      "diverged",
      up.map((one) => one.replace("loss", "g_loss")),
    ),
    [],
  );
  assert.deepEqual(
    says(
      "diverged",
      up.map((one) => `${one}, "episode_reward": 1`),
    ),
    [],
  );
  const gone = each(40, (i) => `"val/acc": ${(i < 20 ? 0.9 + 0.01 * wave(i) : 0.1).toFixed(4)}`);
  assert.match(says("diverged", gone)[0]?.message ?? "", /less than half of its best/);
});

test("one wild point is no spike; five of them are, once, with their place and size", () => {
  assert.deepEqual(
    says(
      "spike",
      lossHighAt((i) => i === 250),
    ),
    [],
  );
  const [finding, ...more] = says(
    "spike",
    lossHighAt((i) => i >= 250 && i < 255),
  );
  assert.deepEqual(more, []);
  assert.match(finding?.message ?? "", /^train\/loss ×1\.5\d at step 25\d$/);
  assert.deepEqual(
    says(
      "spike",
      lossHighAt((i) => i >= 250),
    ),
    [],
    "a new level",
  );
  assert.deepEqual(
    says(
      "spike",
      lossHighAt((i) => i >= 20 && i < 25),
    ),
    [],
    "the first hundred",
  );
  const again = says(
    "spike",
    lossHighAt((i) => [200, 300].some((at) => i >= at && i < at + 5)),
  );
  assert.match(again[0]?.message ?? "", /the worst of 2$/);
  assert.equal(again[0]?.persists, true);
});

test("overfitting tells the best value that was logged, with its own line", () => {
  // Its neighbours are higher: a smoothed best would be at another line.
  const dipping = valAndTrain((i) => (i === 8 ? 0.3 : turning(i)), halving);
  const [finding] = says("overfitting", dipping);
  assert.match(finding?.message ?? "", /above its best, 0\.3 at /);
});

test("overfitting needs validation that rises and training that falls", () => {
  const [finding] = says("overfitting", valAndTrain(turning, halving));
  assert.match(
    finding?.message ?? "",
    /^val\/loss is \d+ % above its best, .* while train\/loss falls$/,
  );
  assert.ok(finding !== undefined && isFlag(finding));
  assert.deepEqual(
    says(
      "overfitting",
      valAndTrain(turning, () => 1),
    ),
    [],
    "training stands still",
  );
  assert.deepEqual(
    says(
      "overfitting",
      valAndTrain((i) => halving(i) + 0.8, halving),
    ),
    [],
    "only a gap",
  );
});

test("learning rates, coarse scores and values at their bound are no dead metrics", () => {
  assert.deepEqual(
    says(
      "dead-metric",
      each(50, () => `"lr": 0.000312345`),
    ),
    [],
  );
  assert.deepEqual(
    says(
      "dead-metric",
      each(50, () => `"val/acc": 1.0`),
    ),
    [],
  );
  assert.deepEqual(
    says(
      "dead-metric",
      each(50, (i) => `"val/acc": ${i < 5 ? 0.9333 : 0.9667}`),
    ),
    [],
  );
  const dead = each(50, (i) => `"train/loss": ${i < 30 ? (2 + wave(i)).toFixed(5) : 0.71234}`);
  const [finding] = says("dead-metric", dead);
  assert.match(finding?.message ?? "", /stays exactly 0\.7123 from step 30 on, to the end/);
  assert.deepEqual([finding?.count, finding?.persists], [20, true]);
});

test("values that were carried over from evaluation to evaluation are not dead", () => {
  const carried = each(50, (i) => `"val/loss": ${(2 - Math.floor(i / 12) / 7).toFixed(5)}`);
  assert.deepEqual(says("dead-metric", carried), []);
});

const scores = (last: number) => each(20, (i) => `"val/acc": ${i < 19 ? 0.8 + i / 200 : last}`);

test("an accuracy that is gone in its last value alone has collapsed", () => {
  const [finding] = says("diverged", scores(6.6e-11));
  assert.match(finding?.message ?? "", /^val\/acc ends at 6\.6e-11, after 0\.89$/);
  assert.deepEqual(says("diverged", scores(0.5)), []);
});

test("an error rate that falls is no accuracy that collapses", () => {
  const falling = each(40, (i) => `"val/err-top1": ${(0.9 * 0.9 ** i).toFixed(5)}`);
  assert.deepEqual(says("diverged", falling), []);
});

test("a share and a percentage are not compared", () => {
  const mixed = each(
    20,
    (i) =>
      `"train_accuracy": ${(0.9 + i / 500).toFixed(4)}, "val_accuracy": ${(75 + i / 5).toFixed(2)}`,
  );
  assert.deepEqual(says("too-good", mixed), []);
});

const attempt = (from: number, loss: (i: number) => number): string[] =>
  each(60, (i) => metric(`{"step": ${from + i}, "train/loss": ${loss(i).toFixed(4)}}`));

const rulesOn = (lines: readonly string[]) =>
  findings(ruleInput({ reading: readLines(...lines) })).map(({ rule }) => rule);

test("a rule sees the last attempt of a file alone", () => {
  const trained = attempt(10_000, (i) => 2 - i / 50);
  const anew = attempt(1, (i) => 5 - i / 100);
  assert.deepEqual(rulesOn([...trained, ...anew]), ["steps-go-back"]);
  const rising = attempt(1, (i) => 0.5 + i / 10);
  assert.ok(rulesOn([...trained, ...rising]).includes("diverged"), "the last one is judged");
});

test("fine-tuning at its optimum is learning; a loss that stays at ln 10 is not", () => {
  assert.match(
    says("not-learning", flatLoss(2.303))[0]?.message ?? "",
    /^train\/loss stays around 2\.3\d* over 60/,
  );
  assert.deepEqual(says("not-learning", flatLoss(1.72)), []);
  assert.deepEqual(says("not-learning", flatLoss(2.303, `, "val/acc": 0.93`)), []);
  assert.deepEqual(says("not-learning", flatLoss(2.303), { args: ["--init-from", "base.pt"] }), []);
  assert.deepEqual(says("not-learning", flatLoss(2.303).slice(0, 19)), []);
});

test("chance level is known from the arguments, or where loss and accuracy agree", () => {
  assert.match(
    says("chance-level", scoreAndLoss(0.101, 2.303))[0]?.message ?? "",
    /chance among 10 classes/,
  );
  assert.deepEqual(says("chance-level", scoreAndLoss(0.101, 1.1)), []);
  const told = { args: ["--num-classes", "10"] };
  assert.equal(says("chance-level", scoreAndLoss(0.101, 1.1), told).length, 1);
  assert.deepEqual(says("chance-level", scoreAndLoss(0.55, 1.1), told), []);
});

test("the clock may fall by one hour in autumn, and by a second among threads", () => {
  assert.deepEqual(fall("02:59:59", "02:00:00", "02:00:01"), []);
  assert.deepEqual(fall("02:59:59", "02:59:58"), []);
  const [finding] = fall("02:59:59", "02:30:00");
  assert.match(finding?.message ?? "", /falls by 29 min 59 s/);
  assert.equal(finding?.evidence?.line, 2);
});

test("a step that falls to the middle is a flag, to the start another attempt", () => {
  assert.match(run(fallingTo(30))[0]?.message ?? "", /^the step of loss falls from 49 to 30$/);
  assert.deepEqual(
    run(fallingTo(0)).map(({ tier }) => tier),
    ["C"],
  );
  assert.deepEqual(run([...Array(20).keys(), ...Array(20).keys(), ...Array(20).keys()]), []);
  const epochs = [0, 1].flatMap((epoch) =>
    each(20, (i) => metric(`{"epoch": ${epoch}, "step": ${i}, "loss": 1}`)),
  );
  const found = findings(ruleInput({ reading: readLines(...epochs), ...DONE }));
  assert.deepEqual(
    found.filter(({ rule }) => rule === "steps-go-back"),
    [],
  );
});

test("a run is stalled only when it is silent for long and its processes are idle", () => {
  assert.equal(isStalled(1_900_000, 0), true);
  assert.equal(isStalled(1_900_000, 1), false, "its processes work");
  assert.equal(isStalled(1_700_000, 0), false, "an evaluation may take so long");
  assert.equal(isStalled(61_000, 0, 120_000), true, "promised in two minutes");
  assert.equal(isStalled(59_000, 0, 120_000), false);
});

test("no GPU in the machine is no fallback; a GPU that no process is on is one", () => {
  const system = each(40, String).map((_, i) => ({
    atMs: i * 5_000,
    cpu: 1,
    rss: 1e9,
    processes: 2,
    metrics: true,
    gpu: 0,
    gpuProcesses: 0,
  }));
  const given = (gpus: number, samples = system) =>
    says("cpu-fallback", [`"loss": 1`], { gpus, system: samples }).length;
  assert.equal(given(1), 1);
  assert.equal(given(0), 0);
  assert.equal(given(1, system.slice(0, 10)), 0, "not yet a minute");
  assert.equal(
    given(
      1,
      system.map((one) => ({ ...one, gpuProcesses: 1 })),
    ),
    0,
  );
  const line = "2025-02-02 14:30:00 | WARNING | No GPU/TPU found, falling back to CPU.";
  const reading = readLines(line, metric(`{"loss": 1}`));
  const said = findings(ruleInput({ reading, ...DONE, gpus: 1 }));
  assert.match(
    said.find(({ rule }) => rule === "cpu-fallback")?.message ?? "",
    /falling back to CPU/,
  );
});

test("identical values of another seed are flagged, those of a repeat are good news", () => {
  const values = each(6, (i) => `"loss": ${(1 + 0.1234567 * i).toFixed(6)}`);
  const seeded = (seed: string) =>
    says("identical-runs", values, { digest: digestOf("b", seed), earlier: [digestOf("a", "1")] });
  assert.match(seeded("2")[0]?.message ?? "", /^loss equals that of a to .* with another seed$/);
  assert.deepEqual(seeded("1"), []);
  // The default of a seed that is not written may be just this one.
  const { seed: _, ...unwritten } = digestOf("b", "1");
  const earlier = [digestOf("a", "1")];
  assert.deepEqual(says("identical-runs", values, { digest: unwritten, earlier }), []);
  const other = { ...unwritten, args: ["--lr", "0.2"] };
  const [told] = says("identical-runs", values, { digest: other, earlier });
  assert.match(told?.message ?? "", /with other arguments$/);
});

test("a run that will not make it is noted from a fifth of its way on", () => {
  assert.deepEqual(limitNotes(250), [
    "note: will take 6 min 40 s at this pace, over its limit of 2 min",
  ]);
  assert.deepEqual(limitNotes(150), []);
  assert.deepEqual(limitNotes(900), []);
});

test("a flood of one warning, whatever its numbers, is told with its first line", () => {
  const lines = each(120, (i) => `UserWarning: step ${i} took 0x${i.toString(16)}ff too long`);
  const found = findings(ruleInput({ reading: readLines("hello", ...lines), ...DONE }));
  const flood = found.find(({ rule }) => rule === "warning-flood");
  assert.deepEqual([flood?.tier, flood?.count, flood?.evidence?.line], ["C", 120, 2]);
});

test("only flags that last are shown as such", () => {
  const base = { rule: "spike", atMs: 0, message: "", count: 1, blocking: false } as const;
  assert.equal(isFlag({ ...base, tier: "A" }), true);
  assert.equal(isFlag({ ...base, tier: "B" }), false);
  assert.equal(isFlag({ ...base, tier: "B", persists: true }), true);
  assert.equal(isFlag({ ...base, tier: "C", persists: true }), false);
});
