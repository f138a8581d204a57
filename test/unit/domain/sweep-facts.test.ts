// What facts of sweeps and tries mean when a ledger has them once, twice, or only in part.
import assert from "node:assert/strict";
import { test } from "node:test";
import { replay } from "../../../src/domain/replay.ts";
import type { Fact } from "../../../src/domain/fact.ts";
import { attemptId, commandId, experimentPath, labPath, memberId } from "../../../src/base/ids.ts";
import type { AttemptSpec, RunOutcome } from "../../../src/domain/run.ts";
import type { World } from "../../../src/domain/world.ts";

const LAB = labPath("/lab");
const EXP = experimentPath("/lab/exp");
const ID = commandId("k7f3");
const MEMBER = memberId(ID, 1);

const accepted: Fact = {
  kind: "command-accepted",
  atMs: 10,
  id: ID,
  experiment: EXP,
  spec: { verb: "run", target: "full", args: [], go: true },
  canonical: "c",
  form: "line",
  source: "run: full seeds=2 retry=2",
  heading: "",
  line: 3,
  state: "queued",
  released: true,
  notes: [],
};
const made: Fact = {
  kind: "members-made",
  atMs: 20,
  id: ID,
  members: [1, 2].map((number) => ({
    id: memberId(ID, number),
    spec: {
      verb: "run",
      target: `full-seed-${number - 1}`,
      args: ["--seed", String(number - 1)],
      go: true,
    },
    swept: [{ key: "seed", value: String(number - 1) }],
  })),
};
const spec = (number: number): AttemptSpec => ({
  attempt: attemptId(`${MEMBER}-${number}`),
  command: MEMBER,
  verb: "run",
  name: "full-seed-0",
  lab: LAB,
  experiment: EXP,
  script: "train.py",
  args: ["full-seed-0"],
  env: {},
  limitMs: 120_000,
});
const claimed = (number: number): Fact => ({
  kind: "run-claimed",
  atMs: 30 * number,
  id: MEMBER,
  spec: spec(number),
  start: { codeHash: "", runner: "uv", said: "", queuedAtMs: 0, long: false, criteria: {} },
});
const outcome: RunOutcome = {
  ending: "failed",
  cause: { kind: "gpu-out-of-memory" },
  metrics: [],
  findings: [],
  plots: [],
};
const ended: Fact = { kind: "run-ended", atMs: 40, id: MEMBER, outcome, endedAtMs: 40 };
const retried: Fact = {
  kind: "run-retried",
  atMs: 40,
  id: MEMBER,
  attempt: attemptId(`${MEMBER}-1`),
  reason: "the GPU ran out of memory",
  notBeforeMs: 100,
  args: ["--batch-size", "32"],
};
const known: Fact = {
  kind: "experiment-known",
  atMs: 0,
  experiment: EXP,
  lab: LAB,
  foreign: false,
};
const LIFE: readonly Fact[] = [known, accepted, made, claimed(1), ended, retried];

const commandsOf = (world: World): unknown => [...world.commands];

test("facts that a ledger has twice mean what they mean once", () => {
  for (const twice of [made, retried]) {
    const facts = LIFE.flatMap((fact) => (fact === twice ? [fact, fact] : [fact]));
    assert.deepEqual(commandsOf(replay(facts)), commandsOf(replay(LIFE)), twice.kind);
  }
  // An old fact of a try before does not touch the next one.
  const later = [...LIFE, claimed(2)];
  assert.deepEqual(commandsOf(replay([...later, retried])), commandsOf(replay(later)));
});

test("members have their sweep's place and time, and survive what is written as JSON", () => {
  const world = replay(LIFE.map((fact) => JSON.parse(JSON.stringify(fact)) as Fact));
  const head = world.commands.get(ID);
  const second = world.commands.get(memberId(ID, 2));
  assert.deepEqual(head?.members, [MEMBER, memberId(ID, 2)]);
  assert.equal(second?.acceptedAtMs, head.acceptedAtMs);
  assert.deepEqual([second?.parent, second?.state, second?.line], [ID, "queued", 3]);
  assert.deepEqual(world.experiments.get(EXP)?.present, [ID]);
});

test("a try that ended stays beside the next one, with its own plots", () => {
  const plotted: Fact = {
    kind: "run-plotted",
    atMs: 50,
    id: MEMBER,
    attempt: attemptId(`${MEMBER}-1`),
    plots: [{ metric: "loss", file: "plots/loss.webp" }],
  };
  const waiting = replay(LIFE).commands.get(MEMBER);
  assert.deepEqual(
    [waiting?.state, waiting?.run, waiting?.notBeforeMs],
    ["waiting", undefined, 100],
  );
  assert.deepEqual(waiting?.changedArgs, ["--batch-size", "32"]);
  const next = replay([...LIFE, claimed(2), plotted]).commands.get(MEMBER);
  assert.equal(next?.run?.attempt, `${MEMBER}-2`);
  assert.equal(next.run.plotted, false);
  assert.deepEqual([next.notBeforeMs, next.reason], [undefined, undefined]);
  assert.equal(next.earlierRuns?.[0]?.plotted, true);
  assert.deepEqual(next.earlierRuns[0].outcome?.plots, plotted.plots);
});

test("an experiment that moves takes the members of its sweeps along", () => {
  const to = experimentPath("/lab/other");
  const world = replay([...LIFE, { kind: "experiment-moved", atMs: 60, from: EXP, to, lab: LAB }]);
  assert.deepEqual(
    [...world.commands.values()].map(({ experiment }) => experiment),
    [to, to, to],
  );
});
