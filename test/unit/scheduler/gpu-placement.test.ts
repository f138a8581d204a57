import assert from "node:assert/strict";
import { test } from "node:test";
import { commandId, experimentPath, labPath, runFolder } from "../../../src/base/ids.ts";
import { slotName, type SeenGpu } from "../../../src/domain/slot.ts";
import { emptyWorld, type World } from "../../../src/domain/world.ts";
import type { CommandSpec } from "../../../src/domain/command.ts";
import { apply } from "../../../src/domain/apply.ts";
import { attemptSpec } from "../../../src/scheduler/attempt-spec.ts";
import { inOrder, twinUntilMs } from "../../../src/scheduler/order.ts";
import { allTaken, heldSlots, slotFor, seeGpus } from "../../../src/scheduler/gpu-placement.ts";

const LAB = labPath("/lab");
const EXPERIMENT = experimentPath("/lab/exp");
const NOW = 1_000_000;
const GB = 1e9;

const gpu = (index: number, memoryUsed = 0): SeenGpu => ({
  uuid: `GPU-${index}`,
  index,
  name: "Some",
  memoryUsed,
});

/** A world whose driver has just told of these GPUs. */
function worldWith(gpus: readonly SeenGpu[]): World {
  const world = emptyWorld();
  world.nowMs = NOW;
  apply(world, {
    kind: "experiment-known",
    experiment: EXPERIMENT,
    lab: LAB,
    foreign: false,
    atMs: 1,
  });
  seeGpus(world.gpus, gpus, 0, NOW);
  return world;
}

function add(world: World, id: string, options: Partial<CommandSpec> = {}): void {
  apply(world, {
    kind: "command-accepted",
    id: commandId(id),
    experiment: EXPERIMENT,
    spec: { verb: "run", target: id, args: [], go: true, ...options },
    canonical: id,
    form: "line",
    source: `run: ${id}`,
    heading: "",
    line: 1,
    state: "queued",
    released: true,
    notes: [],
    atMs: NOW,
  });
}

function answer(world: World, id: string) {
  const command = world.commands.get(commandId(id));
  assert.ok(command !== undefined);
  return slotFor(world, command, heldSlots(world));
}

/** What the command gets, in words; or why it gets nothing. */
function gets(world: World, id: string): string {
  const found = answer(world, id);
  if (found.kind !== "slot") return `${found.kind}: ${found.why ?? ""}`;
  return slotName(found.slot) ?? "the CPU";
}

function start(world: World, id: string): void {
  const found = answer(world, id);
  const command = world.commands.get(commandId(id));
  assert.ok(found.kind === "slot" && command !== undefined, gets(world, id));
  apply(world, {
    kind: "run-claimed",
    id: command.id,
    spec: attemptSpec(world, command, found.slot),
    start: { codeHash: "", runner: "uv", said: "", queuedAtMs: 1, long: false, criteria: {} },
    atMs: NOW,
  });
}

const end = (world: World, id: string): void =>
  apply(world, { kind: "run-exited", id: commandId(id), atMs: NOW });

test("a GPU goes to one command, and after its run to nobody until it was seen again", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  for (const id of ["aaaa", "bbbb", "cccc"]) add(world, id);
  start(world, "aaaa");
  assert.equal(gets(world, "bbbb"), "GPU 1");
  start(world, "bbbb");
  assert.equal(gets(world, "cccc"), "wait: ");
  end(world, "aaaa");
  assert.deepEqual(answer(world, "cccc"), { kind: "wait", ask: true, keep: true });
  seeGpus(world.gpus, [gpu(0), gpu(1)], 0, NOW);
  assert.equal(gets(world, "cccc"), "wait: ", "the question was older than the end of the run");
  seeGpus(world.gpus, [gpu(0, 40 * GB), gpu(1)], 1, NOW);
  assert.equal(gets(world, "cccc"), "wait: ", "its memory is still in use");
  seeGpus(world.gpus, [gpu(0), gpu(1)], 1, NOW);
  assert.equal(gets(world, "cccc"), "GPU 0");
  world.nowMs += 60_000;
  assert.equal(gets(world, "cccc"), "wait: ", "what was seen a minute ago says little");
});

test("others' memory counts from the threshold on, and nothing is kept empty because of it", () => {
  const world = worldWith([gpu(0, 0.9 * GB), gpu(1, 1.1 * GB)]);
  add(world, "aaaa");
  add(world, "bbbb", { gpus: 2 });
  assert.equal(gets(world, "aaaa"), "GPU 0");
  assert.equal(gets(world, "bbbb"), "wait: GPU 1 is used by somebody else");
  const found = answer(world, "bbbb");
  assert.equal(found.kind === "wait" && found.keep, false);
  world.labs.set(LAB, {
    path: LAB,
    settings: { settleMs: 1, quietMs: 1, timeZone: "UTC", gpuFreeBelow: 2 * GB },
  });
  assert.equal(gets(world, "bbbb"), "GPUs 0, 1");
  seeGpus(world.gpus, [gpu(0, 9 * GB), gpu(1, 9 * GB)], 0, NOW);
  assert.equal(gets(world, "aaaa"), "wait: GPUs 0, 1 are used by somebody else");
});

test("a GPU that does not answer, or is not listed any more, is given to nobody", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  add(world, "aaaa", { gpus: 2 });
  seeGpus(world.gpus, [gpu(0), { ...gpu(1), broken: true }], 0, NOW);
  assert.equal(gets(world, "aaaa"), "wait: GPU 1 does not answer");
  seeGpus(world.gpus, [gpu(0)], 0, NOW);
  assert.equal(gets(world, "aaaa"), "wait: GPU 1 does not answer");
  add(world, "bbbb");
  add(world, "cccc");
  start(world, "bbbb");
  const found = answer(world, "cccc");
  assert.ok(found.kind === "wait" && found.ask, "it may be back while ours hold all the rest");
});

test("parts of a GPU are put together first, and never add up to more than one", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  for (const id of ["aaaa", "bbbb", "cccc", "dddd"]) add(world, id, { share: 3 });
  add(world, "eeee");
  add(world, "ffff", { share: 2 });
  start(world, "aaaa");
  start(world, "bbbb");
  assert.equal(gets(world, "ffff"), "1/2 of GPU 1", "two thirds and a half are too much");
  start(world, "cccc");
  assert.equal(gets(world, "dddd"), "1/3 of GPU 1");
  assert.equal(gets(world, "eeee"), "GPU 1");
});

test("`gpus: 0` takes a CPU slot; a machine without GPUs has such slots only", () => {
  const world = worldWith([gpu(0)]);
  add(world, "aaaa", { gpus: 0 });
  add(world, "bbbb", { gpus: 0 });
  start(world, "aaaa");
  assert.equal(gets(world, "bbbb"), "wait: ");
  const none = worldWith([]);
  add(none, "aaaa");
  add(none, "bbbb", { gpus: 1 });
  assert.equal(gets(none, "aaaa"), "the CPU");
  assert.equal(gets(none, "bbbb"), "never: it asks for 1 GPU; this machine has none");
  start(none, "aaaa");
  assert.equal(allTaken(none, heldSlots(none)), true);
});

test("that a machine has no GPU is believed for ten minutes, then the driver is asked again", () => {
  const world = worldWith([]);
  add(world, "aaaa");
  world.nowMs += 600_000;
  assert.equal(gets(world, "aaaa"), "the CPU");
  world.nowMs += 1;
  assert.deepEqual(answer(world, "aaaa"), { kind: "wait", ask: true, keep: false });
  seeGpus(world.gpus, [gpu(0)], 0, world.nowMs);
  assert.equal(gets(world, "aaaa"), "GPU 0");
});

test("that a machine has no GPU is said in one receipt of a lab, and a sweep's is its own", () => {
  const world = worldWith([]);
  for (const id of ["aaaa", "bbbb", "cccc"]) add(world, id);
  const notes = (id: string): readonly string[] =>
    world.commands.get(commandId(id))?.notes.filter((note) => /no GPU/.test(note)) ?? [];
  const member = world.commands.get(commandId("bbbb"));
  assert.ok(member !== undefined);
  world.commands.set(member.id, { ...member, parent: commandId("aaaa") });
  for (const id of ["bbbb", "cccc"]) {
    start(world, id);
    apply(world, { kind: "run-exited", id: commandId(id), atMs: NOW });
  }
  assert.deepEqual([notes("aaaa").length, notes("bbbb").length, notes("cccc").length], [1, 0, 0]);
});

test("a run of an earlier release, which went alone, holds all there is", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  add(world, "aaaa");
  start(world, "aaaa");
  const command = world.commands.get(commandId("aaaa"));
  assert.ok(command?.run !== undefined);
  const { place: _, ...spec } = command.run.spec;
  world.commands.set(command.id, { ...command, run: { ...command.run, spec } });
  assert.equal(allTaken(world, heldSlots(world)), true);
});

test("the higher priority goes first, then the order of the journal", () => {
  const world = worldWith([gpu(0)]);
  add(world, "aaaa");
  add(world, "bbbb", { priority: 2 });
  add(world, "cccc", { priority: -1 });
  add(world, "dddd");
  const order = inOrder(world).map(({ id }) => String(id));
  assert.deepEqual(order, ["bbbb", "aaaa", "dddd", "cccc"]);
});

test("a second start of a name waits for the first one's folder or end", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  add(world, "aaaa", { target: "full" });
  add(world, "bbbb", { target: "full" });
  start(world, "aaaa");
  const until = (): number | undefined => {
    const command = world.commands.get(commandId("bbbb"));
    return command && twinUntilMs(world, command);
  };
  assert.equal(until(), Infinity);
  end(world, "aaaa");
  assert.equal(until(), NOW + 1_000, "its folder is named by the second");
  world.nowMs += 1_000;
  assert.equal(until(), 0);
});

test("a second start of a name is not in the second that the first one's folder is named by", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  add(world, "aaaa", { target: "full" });
  add(world, "bbbb", { target: "full" });
  start(world, "aaaa");
  const folder = runFolder("2025-02-02T14-30-00-full");
  apply(world, { kind: "run-folder-known", id: commandId("aaaa"), folder, atMs: NOW + 300 });
  const command = world.commands.get(commandId("bbbb"));
  assert.equal(command && twinUntilMs(world, command), NOW + 1_300);
});

test("slices are given one by one, and never two of them to one program", () => {
  const cut = (slice: number): SeenGpu => ({ ...gpu(0), uuid: `MIG-${slice}`, slice });
  const world = worldWith([cut(0), cut(1), gpu(1)]);
  add(world, "aaaa");
  add(world, "bbbb", { gpus: 2 });
  const given = answer(world, "aaaa");
  assert.ok(given.kind === "slot");
  assert.equal(slotName(given.slot), "GPU 0 slice 0");
  const never = answer(world, "bbbb");
  assert.ok(never.kind === "never");
  assert.match(never.why, /it asks for 2 GPUs, and a program can use one slice of a GPU only/);
});

test("several GPUs for one run are of one maker", () => {
  const amd = (index: number): SeenGpu => ({ ...gpu(index), uuid: `AMD-${index}`, vendor: "amd" });
  const world = worldWith([gpu(0), amd(0), amd(1)]);
  add(world, "aaaa", { gpus: 2 });
  const given = answer(world, "aaaa");
  assert.ok(given.kind === "slot" && given.slot.kind === "gpus");
  assert.deepEqual(given.slot.gpus, [
    { uuid: "AMD-0", index: 0, vendor: "amd" },
    { uuid: "AMD-1", index: 1, vendor: "amd" },
  ]);
});

test("a GPU that was cut into slices since is not missed as lost, nor are slices put together", () => {
  const world = worldWith([gpu(0), gpu(1)]);
  const slice: SeenGpu = { ...gpu(0), uuid: "MIG-0", slice: 0 };
  seeGpus(world.gpus, [slice, gpu(1)], 0, NOW);
  assert.deepEqual([...world.gpus.known.keys()].toSorted(), ["GPU-1", "MIG-0"]);
  seeGpus(world.gpus, [gpu(0), gpu(1)], 0, NOW);
  assert.deepEqual([...world.gpus.known.keys()].toSorted(), ["GPU-0", "GPU-1"]);
});

test("a run is given what its command says: script, words, variables and limits", () => {
  const world = worldWith([]);
  const said = {
    script: "wide.py",
    args: ["--lr", "2"],
    env: { WIDTH: "64" },
    runner: "pixi",
    timeoutMs: 90_000,
    memory: 2 ** 30,
  } as const;
  add(world, "aaaa", said);
  add(world, "bbbb");
  const specOf = (id: string) => {
    const command = world.commands.get(commandId(id));
    assert.ok(command !== undefined);
    return attemptSpec(world, command, { kind: "cpu", why: "asked" });
  };
  const { script, args, env, runner, limitMs, memory, name, verb } = specOf("aaaa");
  assert.deepEqual(
    { script, args, env, runner, timeoutMs: limitMs, memory },
    { ...said, args: ["aaaa", "--lr", "2"] },
  );
  assert.deepEqual([name, verb], ["aaaa", "run"]);
  const plain = specOf("bbbb");
  assert.deepEqual([plain.script, plain.env, plain.limitMs], ["train.py", {}, 120_000]);
});
