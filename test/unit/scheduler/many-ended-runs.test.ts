// What a daemon does must not grow with the runs that are over. Steps are counted, not time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { commandId, experimentPath } from "../../../src/base/ids.ts";
import type { Fact } from "../../../src/domain/fact.ts";
import { replay } from "../../../src/domain/replay.ts";
import { resolveTarget } from "../../../src/domain/resolve-reference.ts";
import { openCommands, type World } from "../../../src/domain/world.ts";
import { step } from "../../../src/scheduler/step.ts";
import { at, known, LAB, metric, ran, written } from "../../golden/lab-nights.ts";
import { stepsOf } from "../../steps.ts";

const EXPERIMENT = experimentPath(`${LAB}/warm-up`);
const WAITS = written("wait", "w", "02-03 10:00", "queued");

/** Facts of runs that are over, each with its place in the journal at first. */
function over(count: number): readonly Fact[] {
  const facts = Array.from({ length: count }, (_, i): readonly Fact[] => {
    const id = `k${i.toString(36).padStart(3, "0")}`;
    return [
      ...ran({
        id,
        name: `r-${i}`,
        from: "02-02 10:00",
        to: "02-02 11:00",
        folder: `2025-02-02T10-00-00-r-${i}`,
        outcome: { cause: { kind: "success" }, metrics: [metric("loss", "0.5")] },
      }),
      { kind: "run-plotted", atMs: at("02-02 11:01"), id: commandId(id), plots: [] },
    ];
  });
  const atMs = at("02-02 12:00");
  return [
    ...known("warm-up"),
    ...facts.flat(),
    { kind: "journal-aligned", atMs, experiment: EXPERIMENT, commands: [] },
  ];
}

const steps = (work: () => void): number => [...stepsOf(work).values()].reduce((a, b) => a + b, 0);

const beside = (count: number): World => replay([...over(count), WAITS]);

const turn = (world: World) => () => {
  step(world, { kind: "tick", atMs: at("02-03 10:01") });
  assert.equal(resolveTarget(world, EXPERIMENT, "w")?.id, "wait");
  assert.equal(resolveTarget(world, EXPERIMENT, "2025-02-02T10-00-00-r-7")?.spec.target, "r-7");
};

test("a turn takes as many steps beside two thousand ended runs as beside two hundred", () => {
  const [few, many] = [beside(200), beside(2_000)];
  turn(few)();
  assert.deepEqual(
    openCommands(many).map(({ id }) => id),
    ["wait"],
  );
  const [less, more] = [steps(turn(few)), steps(turn(many))];
  assert.ok(less > 0 && more <= less * 1.1, `${less} steps, then ${more}`);
});

test("replay is linear in the runs of one experiment", () => {
  const [few, many] = [over(500), over(2_000)];
  replay(few);
  const [less, more] = [steps(() => replay(few)), steps(() => replay(many))];
  assert.ok(more <= less * 4.4, `${less} steps, then ${more}`);
});

test("a run that is over reads as it did, also its values that are no numbers", () => {
  const loss = { ...metric("loss", "nan"), notFiniteCount: 1 };
  const facts = [
    ...known("warm-up"),
    ...ran({
      id: "aaaa",
      name: "ü",
      from: "02-02 10:00",
      to: "02-02 11:00",
      outcome: { cause: { kind: "exit-code", code: 2 }, metrics: [loss] },
    }),
  ];
  const before = replay(facts).commands.get(commandId("aaaa"))?.run;
  const plotted: Fact = { kind: "run-plotted", atMs: 1, id: commandId("aaaa"), plots: [] };
  const world = replay([...facts, plotted]);
  const run = world.commands.get(commandId("aaaa"))?.run;
  assert.deepEqual(run?.outcome, before?.outcome);
  assert.deepEqual(
    [run?.spec, run?.start, run?.process],
    [before?.spec, before?.start, before?.process],
  );
  assert.deepEqual([run?.exited, run?.plotted, run?.resolved], [true, true, []]);
  const resolved: Fact = { kind: "flag-resolved", atMs: 2, id: commandId("aaaa"), flag: "spike" };
  const now = replay([resolved], world).commands.get(commandId("aaaa"))?.run;
  assert.deepEqual(now?.resolved, ["spike"]);
  assert.deepEqual(now?.outcome, before?.outcome);
});
