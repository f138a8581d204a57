import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../../properties.ts";
import { RULES } from "../../../src/domain/finding.ts";
import { readJournal } from "../../../src/journal/read/read.ts";
import { numbersOf } from "../../../src/rules/rule-book.ts";
import { readLabSettings } from "../../../src/settings/lab.ts";
import { EMPTY_PLAN } from "../../../src/settings/plan.ts";
import { withLabRules } from "../../../src/settings/rule-values.ts";

const planOf = (...lines: readonly string[]) => {
  const { plan, problems } = readJournal(`---\n${lines.join("\n")}\n---\n`);
  return {
    plan,
    said: problems.map(({ message, fix, place }) => `${place.line}: ${message}; ${fix}`),
  };
};

test("rules are switched off and their numbers changed, as shares or per cent", () => {
  const { plan, said } = planOf(
    "rules:",
    "  spike: off",
    "  overfitting: { by: 10%, evaluations: 5 }",
    "  diverged: { ratio: 2.5 }",
  );
  assert.deepEqual(said, []);
  assert.deepEqual(plan.rulesOff, ["spike"]);
  assert.deepEqual(numbersOf("overfitting", plan), { by: 0.1, evaluations: 5 });
  assert.equal(numbersOf("diverged", plan)["ratio"], 2.5);
  assert.equal(numbersOf("diverged", plan)["regain"], 0.9);
});

test("what is mistyped is told at its line with the nearest that there is", () => {
  const { plan, said } = planOf(
    "rules:",
    "  spikes: off",
    "  overfitting: { bye: 10% }",
    "  diverged: { ratio: much }",
    "  not-finite: { by: 3 }",
    "  slower: perhaps",
  );
  assert.deepEqual(plan.rulesOff, []);
  assert.deepEqual(said, [
    "3: `spikes` is no rule; did you mean `spike`?",
    "4: the rule `overfitting` has no number `bye`; did you mean `by`?",
    "5: `ratio` of the rule `diverged` is no number above 0; write `ratio: 0.1` or `ratio: 10%`",
    "6: the rule `not-finite` has no number `by`; it can only be switched off: `not-finite: off`",
    "7: the rule `slower` can only be `off` or `on`, or have numbers; write `slower: off`, or a number of it: `slower: { ratio: … }`",
  ]);
});

test("`stop on` takes rules that speak while a run goes on, in either spelling", () => {
  assert.deepEqual(planOf("stop on: [not-finite, diverged]").plan.stopOn, [
    "not-finite",
    "diverged",
  ]);
  assert.deepEqual(planOf("stop-on: not-finite, diverged").plan.stopOn, ["not-finite", "diverged"]);
  assert.equal(planOf("script: a.py").plan.stopOn, undefined);
  const wrong = planOf("stop on: [failed-exit, divergd]");
  assert.deepEqual(wrong.plan.stopOn, []);
  assert.match(wrong.said[0] ?? "", /^2: `failed-exit` cannot stop a run: it is known only when/);
  assert.match(wrong.said[1] ?? "", /^2: `divergd` is no rule; did you mean `diverged`\?$/);
});

test("a command takes its own `stop-on`", () => {
  const [block] = readJournal("run: full timeout=2h stop-on=not-finite,spike\n\n").blocks;
  assert.deepEqual(block?.commands[0]?.spec?.stopOn, ["not-finite", "spike"]);
  const [fence] = readJournal("```yaml\nrun: full\nstop-on: [diverged]\n```\n").blocks;
  assert.deepEqual(fence?.commands[0]?.spec?.stopOn, ["diverged"]);
});

test("the lab's rules hold for journals that say nothing else of them", () => {
  const lab = readLabSettings(
    "rules: { spike: off, slower: off, overfitting: { by: 20% } }",
    "UTC",
  );
  assert.deepEqual(lab.problems, []);
  const { plan } = planOf("rules: { spike: on, dead-metric: off }");
  const both = withLabRules(plan, lab.value.rules);
  assert.deepEqual(both.rulesOff.toSorted(), ["dead-metric", "slower"]);
  assert.equal(numbersOf("overfitting", both)["by"], 0.2);
  const own = planOf("rules: { overfitting: { by: 7% } }").plan;
  assert.equal(numbersOf("overfitting", withLabRules(own, lab.value.rules))["by"], 0.07);
  assert.equal(withLabRules(EMPTY_PLAN, undefined), EMPTY_PLAN);
});

test("whatever is written of a rule, reading it never throws", () => {
  const word = fc.oneof(
    fc.constantFrom(...RULES, "by", "off", "10%", "[", "{", "}", "]"),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), (words) => {
      planOf(`rules: { ${words.join(": ")} }`, `stop on: [${words.join(", ")}]`);
    }),
    { numRuns: 200 },
  );
});
