import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf, positionOf } from "../../../src/base/text-lines.ts";
import type { Plan } from "../../../src/domain/journal.ts";
import type { Read } from "../../../src/base/problem.ts";
import { isOptionOfCommands } from "../../../src/journal/read/command-keys.ts";
import { planGaps, readPlan, START_KEYS } from "../../../src/settings/plan.ts";

const read = (yaml: string): Read<Plan> =>
  readPlan(yaml, (offset) => positionOf(linesOf(yaml), offset), isOptionOfCommands);

function plan(yaml: string): Plan {
  const { value, problems } = read(yaml);
  assert.deepEqual(problems, []);
  return value;
}

const problem = (yaml: string): string =>
  read(yaml)
    .problems.map(({ message, fix, place }) => `${place.line}:${place.column} ${message}; ${fix}`)
    .join("\n");

test("a whole plan is read with the lines of its keys", () => {
  const yaml = [
    "hypothesis: If warmed up, val/loss drops by 2 %.",
    "success: val/loss <= 0.98 * baseline.val/loss",
    "failure: val/loss > baseline.val/loss",
    "metrics: [train/loss, val/loss]",
    "baseline: base-1",
    "evidence: [full, lr-sweep]",
    "script: train2.py",
    "eval: tools/eval.py",
    "runner: pixi",
    "timeout: 10m",
    "rules: { no-metrics: off, over-limit: on }",
  ].join("\n");
  assert.deepEqual(plan(yaml), {
    hypothesis: "If warmed up, val/loss drops by 2 %.",
    success: "val/loss <= 0.98 * baseline.val/loss",
    failure: "val/loss > baseline.val/loss",
    metrics: [{ key: "train/loss" }, { key: "val/loss" }],
    baseline: "base-1",
    evidence: ["full", "lr-sweep"],
    script: "train2.py",
    evalScript: "tools/eval.py",
    runner: "pixi",
    timeoutMs: 600_000,
    rulesOff: ["no-metrics"],
    rules: { "over-limit": { on: true, numbers: {} } },
    lines: {
      hypothesis: 1,
      success: 2,
      failure: 3,
      metrics: 4,
      baseline: 5,
      evidence: 6,
      script: 7,
      eval: 8,
      runner: 9,
      timeout: 10,
      rules: 11,
    },
  });
});

test("an empty plan has the usual scripts, and says what it lacks", () => {
  const empty = plan("# nothing yet\nhypothesis:\nsuccess: ''\n");
  assert.deepEqual([empty.script, empty.evalScript, empty.metrics], ["train.py", "eval.py", []]);
  assert.equal(planGaps(empty).length, 2);
  assert.match(
    planGaps(plan("hypothesis: x\nsuccess: a > 1")).join(),
    /`failure`: no verdict on failure$/,
  );
  assert.deepEqual(planGaps(plan("hypothesis: x\nsuccess: a > 1\nfailure: a <= 1")), []);
});

test("metrics come as a list, a text or a map with directions", () => {
  assert.deepEqual(plan("metrics: loss, acc").metrics, [{ key: "loss" }, { key: "acc" }]);
  const both = [
    { key: "val/loss", direction: "min" },
    { key: "acc", direction: "max" },
    { key: "lr" },
  ];
  assert.deepEqual(plan("metrics: { val/loss: min, acc: max, lr: }").metrics, both);
  assert.deepEqual(plan("metrics:\n  - val/loss: min\n  - acc: max\n  - lr\n").metrics, both);
  assert.match(problem("metrics: { acc: up }"), /neither max nor min; write `acc: max`/);
  assert.match(problem("metrics: { acc: constructor }"), /neither max nor min/);
});

test("keys of one's own are passed over, whatever program they are for", () => {
  const vault =
    "layout: post\nhost: box\ndue: 2026-12-01\ncategory: vision\ndataset: cifar\nlevel: 3\n";
  const jupytext = "jupyter: {jupytext: {formats: md}}\nkernelspec: {name: python3}\n";
  assert.equal(problem(`${vault}${jupytext}colour: blue\npriority: high\nlink: "[[x]]"`), "");
});

test("a near miss of a known key is a problem at its place with that key", () => {
  assert.match(problem("metrics: [a]\nhypotesis: x"), /^2:1 .*did you mean `hypothesis`/);
  assert.match(problem("Hypothesis: x"), /did you mean `hypothesis`/);
  assert.match(problem("timeot: 3m"), /did you mean `timeout`/);
  for (const [written, mend] of [
    ["gpus: 2", "write `gpus=2` behind each command that is to have it"],
    ["when: 22:00-07:00", "write `when=22:00-07:00` behind each command that is to have it"],
    ["snapshot: true", "write `snapshot=true` behind each command that is to have it"],
    [
      "because: it did not converge",
      "write it in the fenced block of each command that is to have it",
    ],
    ["sweep: {lr: [1, 2]}", "write it in the fenced block of each command that is to have it"],
  ] as const) {
    const [key] = written.split(":");
    assert.equal(
      problem(written),
      `1:1 \`${key}\` is an option of commands, and has no effect in the frontmatter; ${mend}`,
    );
  }
  assert.equal(problem("tags: [a]\ntitle: T\ndate: 2025-02-02\naliases: []"), "");
});

test("several claims are a problem", () => {
  assert.match(problem("hypothesis:\n  - A helps\n  - B helps"), /one experiment, one claim/);
  assert.match(problem("hypothesis: A\nhypothesis: B"), /`hypothesis` is written twice/);
});

test("YAML that fails is shown with the quoted form that works, and the rest still counts", () => {
  const yaml = "metrics: [a]\nhypothesis: If A: b\nsuccess: a > 1\ntimeot: 3m\n";
  assert.match(problem(yaml), /^2:1 .*`hypothesis`.*; write `hypothesis: "If A: b"`/);
  assert.match(problem(yaml), /^4:1 `timeot`/m);
  const { value } = read(yaml);
  assert.deepEqual(
    [value.hypothesis, value.success, value.lines["success"]],
    ["If A: b", "a > 1", 3],
  );
  assert.match(problem('hypothesis: say "x": y'), /write `hypothesis: 'say "x": y'`/);
  assert.match(problem("success: *a > 1"), /quotes/);
  assert.match(problem("a: [1"), /YAML/);
});

test("wrong types and values are problems and leave their key out", () => {
  for (const [yaml, said] of [
    ["success: [a, b]", /`success` takes one text/],
    ["timeout: 90", /write the unit: `90m`/],
    ["runner: conda", /no runner; write `uv` or `pixi`/],
    ["script: ../train.py", /outside the experiment's folder/],
    ["eval: eval.sh", /no Python file/],
    ["evidence: { a: b }", /names of runs/],
    ["evidence: [runs/x]", /is a path/],
    ["rules: [no-metrics]", /write `rules: /],
    ["rules: { no-metric: off }", /did you mean `no-metrics`/],
    ["rules: { no-metrics: 3 }", /can only be `off` or `on`/],
    ["just text", /no list of `key: value` lines/],
  ] as const) {
    assert.match(problem(yaml), said, yaml);
    const { lines: _lines, unusable, ...rest } = read(yaml).value;
    const key = /^(?:script|eval|runner|timeout)/.exec(yaml)?.[0];
    const expected = yaml === "just text" ? START_KEYS : key === undefined ? undefined : [key];
    assert.deepEqual(unusable, expected, yaml);
    const { lines: _none, ...nothing } = plan("");
    const kept = { ...rest, evidence: rest.evidence?.length === 0 ? undefined : rest.evidence };
    assert.deepEqual(kept, { ...nothing, evidence: undefined }, yaml);
  }
});

test("a criterion that cannot be judged is told with the way to mend it, and stays in the plan", () => {
  const yaml = "hypothesis: a\nsuccess: acc >\n";
  assert.match(problem(yaml), /^2:\d+ `success: acc >` cannot be judged: .*; write it like `val/);
  assert.equal(read(yaml).value.success, "acc >");
  assert.match(problem("failure: avg(acc) > 1"), /`avg\(…\)` is not known; there are last\(\)/);
  assert.equal(problem("success: mean(best(acc)) >= 0.9 and 2 * loss < (other.loss + 1)"), "");
});

test("a pattern for metric lines is taken as written, and one that cannot be used is a problem", () => {
  const pattern = "gen (?<step>\\d+)  best (?<fitness>\\S+)";
  assert.equal(plan(`metrics_pattern: '${pattern}'\n`).metricsPattern, pattern);
  assert.match(
    problem("metrics_pattern: '(?<loss>'\n"),
    /^1:\d+ `metrics_pattern` cannot be used: it is no/,
  );
  assert.match(
    problem("metrics_pattern: 'loss (\\S+)'\n"),
    /names no metric: put its value in a group/,
  );
  assert.match(
    problem("metrics_pattern: '(?<a>x)\\1'\n"),
    /could take for ever; write it in single/,
  );
  assert.match(problem("metrics_pattern: [a, b]\n"), /it takes one text/);
});
