import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../../src/domain/finding.ts";
import type { Command } from "../../src/domain/world.ts";
import type { Start } from "./machine.ts";
import { startNight, type Night, type NightOptions } from "./night.ts";
import { notFinite } from "./not-finite.ts";

const MINUTE = 60_000;
const HEAD = "# A night\n\n## 2025-02-02\n\n";
const ASKING = `---\nstop on: [not-finite, spike]\n---\n${HEAD}`;

const nightOf = (
  text: string,
  findings: (start: Start, ranMs: number) => readonly Finding[],
  options: Partial<NightOptions> = {},
): Night =>
  startNight({
    text: HEAD,
    durationMs: () => 40_000,
    exitCode: () => 0,
    delayMs: () => 10,
    findings,
    ...options,
    ...(text === HEAD ? {} : { text }),
  });

const commands = (night: Night): readonly Command[] => [...night.world().commands.values()];
const late = (_: Start, ranMs: number): readonly Finding[] => (ranMs >= 5_000 ? [notFinite()] : []);

test("a rule stops a run where `stop on` names it, and the receipt says so", () => {
  const night = nightOf(`${ASKING}run: full\n`, late);
  night.pass(25_000);
  const [command] = commands(night);
  assert.equal(command?.state, "stopped");
  assert.deepEqual(command?.run?.outcome?.cause, {
    kind: "stopped",
    by: "rule",
    why: "loss is NaN at step 3",
  });
  night.pass(MINUTE);
  assert.match(night.text(), /> \*\*stopped\*\* .* loss is NaN at step 3, as `stop on` asks/);
  assert.match(night.text(), /\[WEIRD\] loss is NaN at step 3/);
});

test("without those words no rule stops anything, whatever it says", () => {
  const all = [notFinite(), notFinite({ rule: "diverged" }), notFinite({ rule: "spike" })];
  for (const text of [HEAD, `---\nstop on: [overfitting]\n---\n${HEAD}`]) {
    const night = nightOf(`${text}run: full\n`, () => all);
    night.pass(3 * MINUTE);
    assert.equal(commands(night)[0]?.state, "done", text);
    assert.equal(commands(night)[0]?.run?.stopRequested, undefined);
  }
});

test("a note, and what is only known at the end, stop nothing either", () => {
  const text = "---\nstop on: [over-limit, not-finite]\n---\n";
  const said = [notFinite({ tier: "note" }), notFinite({ rule: "over-limit" })];
  const night = nightOf(`${text}${HEAD}run: full\n`, () => said);
  night.pass(3 * MINUTE);
  assert.equal(commands(night)[0]?.state, "done");
});

test("a command asks for itself, and a line added while it runs counts at once", () => {
  const own = nightOf(`${HEAD}run: full stop-on=not-finite\n`, late);
  own.pass(2 * MINUTE);
  assert.equal(commands(own)[0]?.state, "stopped");
  const night = nightOf(`${HEAD}run: full\n`, late);
  night.pass(25_000);
  assert.equal(commands(night)[0]?.state, "running");
  night.save(ASKING + night.text().slice(HEAD.length));
  night.pass(5_000);
  assert.equal(commands(night)[0]?.state, "stopped");
});

test("wherever the daemon dies meanwhile, the run is stopped once and for that cause", () => {
  for (let n = 0; n < 24; n += 1) {
    const night = nightOf(`${ASKING}run: full\n`, late, { durationMs: () => 10 * MINUTE });
    night.pass(9_000);
    night.crashAtEffect(n, 3_000);
    night.pass(4 * MINUTE);
    const [command] = commands(night);
    assert.equal(command?.state, "stopped", `crash at effect ${n}`);
    assert.equal(command?.run?.outcome?.cause.kind, "stopped", `crash at effect ${n}`);
    assert.match(night.text(), /as `stop on` asks/, `crash at effect ${n}`);
    assert.equal(night.starts.length, 1);
  }
});

test("a later run of the same command that is free of a flag resolves it", () => {
  const { metric: _metric, ...silent } = notFinite({
    rule: "no-metrics",
    message: "no metric was logged",
  });
  const night: Night = nightOf(`${HEAD}run: de-risk\n`, (start) =>
    night.starts.indexOf(start) === 0 ? [silent] : [],
  );
  night.pass(2 * MINUTE);
  assert.match(night.text(), /\[WEIRD\] no metric was logged/);
  night.save(`${night.text()}\nrun: other\n`);
  night.pass(2 * MINUTE);
  assert.match(night.text(), /\[WEIRD\] no metric was logged/);
  night.save(`${night.text()}\nrun: de-risk\n`);
  night.pass(2 * MINUTE);
  assert.match(night.text(), /\[RESOLVED\] no metric was logged/);
  assert.doesNotMatch(night.text(), /\[WEIRD\]/);
});

test("a flag that came again stays open in both runs", () => {
  const always = [notFinite({ rule: "no-metrics", message: "nothing" })];
  const night = nightOf(`${HEAD}run: de-risk\n`, () => always);
  night.pass(2 * MINUTE);
  night.save(`${night.text()}\nrun: de-risk\n`);
  night.pass(2 * MINUTE);
  assert.equal(night.text().match(/\[WEIRD\]/g)?.length, 2);
});

test("`[RESOLVED] id rule` anywhere in the journal resolves that flag of that run alone", () => {
  const two = [notFinite(), notFinite({ rule: "diverged", message: "it diverged" })];
  const night = nightOf(`${HEAD}run: de-risk\n`, () => two);
  night.pass(2 * MINUTE);
  const id = commands(night)[0]?.id ?? "";
  night.save(`${night.text()}\n14:45 [RESOLVED] ${id} diverged: the clip value was wrong\n`);
  night.pass(MINUTE);
  assert.match(night.text(), /\[RESOLVED\] it diverged/);
  assert.match(night.text(), /\[WEIRD\] loss is NaN/);
  night.save(`${night.text()}\n14:50 [RESOLVED] \`${id}\`\n`);
  night.pass(MINUTE);
  assert.doesNotMatch(night.text(), /\[WEIRD\]/);
});
