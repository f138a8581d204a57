import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cause } from "../../../src/domain/run.ts";
import { RULES } from "../../../src/domain/finding.ts";
import { causeOfDeath } from "../../../src/rules/cause.ts";
import { findings, FINDINGS_PER_RULE } from "../../../src/rules/findings.ts";
import { NO_METRICS_MS } from "../../../src/rules/no-metrics.ts";
import type { RuleInput } from "../../../src/rules/rule.ts";
import { PLAN, metric, readLines, readText, ruleInput } from "../logs/reading.ts";

/** `rule[!]: message` of each finding; `!` where it blocks. */
const said = (changes: Partial<RuleInput>): readonly string[] =>
  findings(ruleInput(changes)).map(
    ({ rule, blocking, message }) => `${rule}${blocking ? "!" : ""}: ${message}`,
  );

const ended = (
  cause: Cause,
  ending: "done" | "failed" | "stopped" | "lost" = "failed",
): Partial<RuleInput> => ({
  outcome: { ending, cause },
  endedAtMs: 41_000,
  nowMs: 50_000,
});
const done = ended({ kind: "success" }, "done");
const promising = (...keys: string[]): RuleInput["plan"] => ({
  ...PLAN,
  metrics: keys.map((key) => ({ key })),
});

test("a healthy run has no finding", () => {
  const reading = readLines("step:1/1 step_avg:nanms", metric('{"step": 1, "loss": 0.5}'));
  assert.deepEqual(said({ reading, ...done, plan: promising("loss") }), []);
});

test("a metric that is not finite is told once, with its first place, token and count", () => {
  const reading = readLines(
    metric('{"step": 1, "val/loss": 2}'),
    metric('{"step": 2, "val/loss": NaN}'),
    metric('{"step": 3, "val/loss": -Infinity}'),
    metric('{"step": 4, "val/loss": 1}'),
  );
  const [finding, ...more] = findings(ruleInput({ reading }));
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...finding, evidence: finding?.evidence?.line },
    {
      rule: "not-finite",
      atMs: 1_000,
      tier: "A",
      metric: "val/loss",
      message: "val/loss is NaN at step 2, 2 of 4 values, finite again at the end",
      evidence: 2,
      token: "NaN",
      count: 2,
      blocking: false,
    },
  );
});

test("not finite blocks where a criterion names the metric, in whatever spelling", () => {
  const reading = readLines(metric('{"val_loss": NaN}'), metric('{"val_loss": 1, "lr": NaN}'));
  const plan = { ...PLAN, success: "val/loss <= 0.98 * baseline.val/loss" };
  assert.deepEqual(
    findings(ruleInput({ reading, plan })).map(({ metric: key, blocking }) => [key, blocking]),
    [
      ["val_loss", true],
      ["lr", false],
    ],
  );
});

test("one death is one flag, whatever its cause", () => {
  const causes: readonly (readonly [Cause, string])[] = [
    [{ kind: "exit-code", code: 3 }, "failed-exit"],
    [{ kind: "signal", signal: "SIGKILL" }, "failed-exit"],
    [{ kind: "hidden-crash" }, "hidden-crash"],
    [{ kind: "gpu-out-of-memory" }, "gpu-out-of-memory"],
    [{ kind: "host-out-of-memory" }, "host-out-of-memory"],
    [{ kind: "disk-full" }, "disk-full"],
    [{ kind: "import-error", module: "x" }, "failed-exit"],
    [{ kind: "environment", message: "no x" }, "failed-exit"],
    [{ kind: "script-missing", script: "train.py" }, "failed-exit"],
  ];
  for (const [cause, rule] of causes) {
    const all = findings(ruleInput({ ...ended(cause), plan: promising("loss") }));
    assert.deepEqual(
      all.map((finding) => [finding.rule, finding.blocking]),
      [[rule, true]],
      cause.kind,
    );
  }
});

const messageOf = (cause: Cause): string | undefined =>
  findings(ruleInput({ ...ended(cause), plan: promising("loss") }))[0]?.message;

const ofCode = (code: number): string | undefined => messageOf({ kind: "exit-code", code });

test("an exit code that shells use is told with what they mean by it, and as no more", () => {
  assert.equal(ofCode(3), "the script ended with exit code 3");
  assert.equal(ofCode(255), "the script ended with exit code 255");
  assert.match(ofCode(126) ?? "", /exit code 126 \(as shells do when a program cannot be exec/);
  assert.match(ofCode(127) ?? "", /exit code 127 \(as shells do when a program is not found\)/);
  assert.match(
    ofCode(137) ?? "",
    /exit code 137 \(as shells and uv do when SIGKILL ends what they run/,
  );
  assert.match(ofCode(143) ?? "", /SIGTERM ends what they run: 128 \+ 15\)/);
});

test("a death for want of memory says no more than is known of it", () => {
  assert.equal(
    messageOf({ kind: "host-out-of-memory" }),
    "the machine ran out of memory: it was killed while the kernel was ending processes for want of memory",
  );
  assert.equal(
    messageOf({ kind: "host-out-of-memory", limit: 24e9 }),
    "it took more than its limit on memory: the kernel ended a process of it",
  );
});

test("a run that was stopped or lost is not flagged", () => {
  assert.deepEqual(said(ended({ kind: "stopped", by: "journal" }, "stopped")), []);
  assert.deepEqual(said(ended({ kind: "lost" }, "lost")), []);
});

test("a failed exit shows the last line of its traceback and where it stands", () => {
  const text = "Traceback (most recent call last):\n  File\nValueError: bad\n";
  const reading = readText({ "logs/console.log": text });
  const exit = { code: 3, endedAtMs: 41_000, overLimit: false };
  const outcome = causeOfDeath({ exit, reading, limitMs: 1, hostOomKill: false, verb: "run" });
  const [finding] = findings(ruleInput({ reading, outcome, endedAtMs: 41_000 }));
  assert.equal(finding?.message, "the script ended with exit code 3: ValueError: bad");
  assert.deepEqual(finding?.evidence, { file: "logs/console.log", line: 3, offset: 42 });
});

test("no metric by the end is flagged, and the lines that could not be understood are named", () => {
  assert.deepEqual(said(done), ["no-metrics!: no metric was found in its logs by the end"]);
  const reading = readLines("x", metric("{oops}"));
  const [finding] = findings(ruleInput({ ...done, reading }));
  assert.match(finding?.message ?? "", /; 1 metric line could not be understood$/);
  assert.equal(finding?.evidence?.line, 2);
  assert.deepEqual(said({ ...done, verb: "script" }), []);
});

test("while a run goes on, no metric is flagged only after a long time", () => {
  assert.deepEqual(said({ nowMs: NO_METRICS_MS }), []);
  assert.deepEqual(said({ nowMs: NO_METRICS_MS + 1 }), [
    "no-metrics!: no metric was found in its logs in the first 20 min",
  ]);
  assert.deepEqual(said({ nowMs: NO_METRICS_MS + 1, limitMs: 4 * NO_METRICS_MS }), []);
});

test("a promised metric that was never logged is told with the nearest that was", () => {
  const reading = readLines(metric('{"valid_accuracy": 0.9, "train/loss": 1}'));
  assert.deepEqual(said({ reading, ...done, plan: promising("val/accuracy", "val_acc") }), [
    "metric-missing!: val_acc was promised and never logged; is it valid_accuracy?",
  ]);
  const plan = { ...promising("bleu"), success: "train/loss < 1 and perplexity < baseline.ppl" };
  assert.deepEqual(said({ reading, ...done, plan }), [
    "metric-missing: bleu was promised and never logged; logged are valid_accuracy, train/loss",
    "metric-missing!: perplexity was promised and never logged; logged are valid_accuracy, train/loss",
  ]);
});

test("over the limit is a flag, over the target only a note on short runs", () => {
  const reading = readLines(metric('{"loss": 1}'));
  assert.deepEqual(said({ reading, ...ended({ kind: "over-limit", limitMs: 120_000 }) }), [
    "over-limit!: ended by its limit of 2 min",
  ]);
  const slow = { reading, ...done, endedAtMs: 71_000 };
  const [note] = findings(ruleInput(slow));
  assert.equal(note?.tier, "note");
  assert.equal(note?.message, "took 1 min 11 s, over the 1 min that a de-risking run aims for");
  assert.deepEqual(said({ ...slow, long: true }), []);
  assert.deepEqual(said({ ...slow, endedAtMs: 60_000 }), []);
});

test("a rule that is switched off is silent, alone", () => {
  const reading = readLines(metric('{"loss": NaN}'));
  const input = { reading, ...ended({ kind: "exit-code", code: 1 }) };
  assert.deepEqual(said({ ...input, plan: { ...PLAN, rulesOff: ["not-finite"] } }), [
    "failed-exit!: the script ended with exit code 1",
  ]);
  assert.deepEqual(said({ ...input, plan: { ...PLAN, rulesOff: RULES } }), []);
});

test("findings are bounded, in the order of the rules, and keep the time of the end", () => {
  const keys = Array.from({ length: 50 }, (_, i) => `"k${i}": NaN`);
  const reading = readLines(metric(`{${keys.join(", ")}}`));
  const all = findings(ruleInput({ reading, ...ended({ kind: "exit-code", code: 1 }) }));
  assert.equal(all.length, FINDINGS_PER_RULE + 1);
  assert.deepEqual([all[0]?.metric, all.at(-1)?.rule], ["k0", "failed-exit"]);
  assert.ok(all.every((finding) => finding.atMs === 41_000));
});
