// Whose turn it is: from the queue to the claim of an attempt at a place that is free for it.
// What happens to a claimed run afterwards is in run-events.ts.
import type { CommandState } from "../domain/command-state.ts";
import type { StartExamination } from "../domain/event.ts";
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { Slot } from "../domain/slot.ts";
import type { AttemptSpec } from "../domain/run.ts";
import type { Command, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { attemptOf, attemptSpec } from "./attempt-spec.ts";
import { changedSince, isOtherCode, snapshotReady } from "./code.ts";
import { conditions } from "./conditions.ts";
import { floorOf, onDiskLow, roomFor } from "./disk-floor.ts";
import { awaitsDeRisk, isLong, judgeGo } from "./approval.ts";
import { budgetFor } from "./gpu-budget.ts";
import { inOrder, startable, twinUntilMs } from "./order.ts";
import { allTaken, heldSlots, slotFor, type HeldSlots } from "./gpu-placement.ts";
import { askForGpus } from "./gpu-polling.ts";
import { isSweep, standsFor } from "../domain/members.ts";
import type { Condition } from "./readiness.ts";
import { concludeWithoutLogs } from "./run-events.ts";
import { firstOf, makeMembers } from "./sweep.ts";

const UNREADY = { hold: "held", wait: "waiting", skip: "skipped" } as const;

/** Asks for the examination of the next command that may start, if there is a place for it. */
export function startNext(turn: Turn): void {
  const { world } = turn;
  if (world.examining !== undefined) return;
  const held = heldSlots(world);
  const readable = readableIn(world);
  if (world.paused || allTaken(world, held)) {
    for (const command of world.commands.values()) {
      if (startable(command) && readable(command)) tellWaiting(turn, command, held);
    }
    return;
  }
  let kept = false;
  let ask = false;
  for (const command of inOrder(world)) {
    if (!readable(command)) continue;
    // Order is kept on the GPUs: what is free gathers for who asked for several.
    if (kept && command.spec.gpus !== 0) {
      tellWaiting(turn, command, held);
      continue;
    }
    if (!isReady(turn, command)) continue;
    if (!isOver(turn, command.notBeforeMs)) continue;
    if (!isOver(turn, twinUntilMs(world, command))) continue;
    const found = slotFor(world, command, held);
    if (found.kind === "place") {
      if (isSweep(command) && !isOver(turn, twinUntilMs(world, firstOf(command)))) continue;
      examine(turn, command, found.place, held);
      break;
    }
    if (found.kind === "never") {
      setState(turn, command, "held", found.why);
      continue;
    }
    kept ||= found.keep;
    ask ||= found.ask;
    if (found.why !== undefined) setState(turn, command, "waiting", found.why);
    else if (command.state === "waiting") setState(turn, command, "queued");
  }
  if (ask) askForGpus(turn);
}

/** Of one that has no turn now: what it waits for besides, or that there will never be a place. */
function tellWaiting(turn: Turn, command: Command, held: HeldSlots): void {
  if (!isReady(turn, command) || !isOver(turn, command.notBeforeMs)) return;
  const found = slotFor(turn.world, command, held);
  if (found.kind === "never") setState(turn, command, "held", found.why);
  else if (command.state === "waiting") setState(turn, command, "queued");
}

/** Whether a command needs nothing but a place; if not, its state says what it needs. */
function isReady(turn: Turn, command: Command): boolean {
  const { world } = turn;
  const needs = conditions(world, command);
  if (needs.changesAtMs !== undefined) turn.wake(needs.changesAtMs);
  const answer = firstUnready(
    () => needs.answer,
    () => awaitsDeRisk(world, command),
    () => snapshotReady(world, command),
    () => budgetFor(world, command),
    () => roomFor(turn, command),
  );
  if (answer.kind !== "ready") setState(turn, command, UNREADY[answer.kind], answer.reason);
  return answer.kind === "ready";
}

/** The first answer that is not "ready", without asking what comes after it. */
function firstUnready(...questions: readonly (() => Condition)[]): Condition {
  for (const ask of questions) {
    const answer = ask();
    if (answer.kind !== "ready") return answer;
  }
  return { kind: "ready" };
}

/** Whether a delay is over; if not, its end is waited for, where it has one. */
function isOver(turn: Turn, notBeforeMs = 0): boolean {
  if (notBeforeMs > turn.atMs && notBeforeMs !== Infinity) turn.wake(notBeforeMs);
  return notBeforeMs <= turn.atMs;
}

function examine(turn: Turn, command: Command, place: Slot, held: HeldSlots): void {
  turn.world.examining = { command: command.id, place };
  const first = firstOf(command);
  const gpus = place.kind === "gpus" ? place.gpus : [];
  turn.effect({
    kind: "examine-start",
    command: command.id,
    experiment: command.experiment,
    spec: attemptSpec(turn.world, first, place),
    joined: gpus.map(({ uuid }) => uuid).filter((uuid) => held.gpus.has(uuid)),
    diskFloor: floorOf(turn.world, command.experiment),
  });
}

/** The examination's outcome: a claim, a hold, or an ending with its cause. */
export function onStartExamined(turn: Turn, id: CommandId, found: StartExamination): void {
  const { world } = turn;
  const { examining } = world;
  if (examining?.command !== id) return;
  world.examining = undefined;
  const { place } = examining;
  const command = world.commands.get(id);
  if (command !== undefined && mayStart(world, command)) {
    decide(turn, command, place, found);
  }
  const now = world.commands.get(id);
  const taken = now?.run !== undefined || now?.members !== undefined;
  if (!taken && command !== undefined && place.kind === "gpus" && found.kind === "ready") {
    turn.effect({ kind: "release-gpus", attempt: attemptOf(firstOf(command)) });
  }
}

/** Since it was asked about, its window may have closed or its block be edited. */
const mayStart = (world: World, command: Command): boolean =>
  startable(command) &&
  readableIn(world)(command) &&
  !world.paused &&
  conditions(world, command).answer.kind === "ready";

function decide(turn: Turn, command: Command, place: Slot, found: StartExamination): void {
  const { world } = turn;
  // A sweep has one beginning; after that its members have their turns.
  if (command.members !== undefined) return;
  switch (found.kind) {
    case "script-missing":
    case "target-missing":
      setState(turn, command, "held", found.message);
      return;
    case "gpus-taken":
      for (const uuid of found.uuids) world.gpus.elsewhere.set(uuid, turn.atMs);
      return;
    case "disk-low":
      onDiskLow(turn, command.id);
      return;
    case "no-runner": {
      const first = starting(turn, command);
      claim(turn, first, place, { codeHash: "", runner: "none" });
      concludeWithoutLogs(turn, first.id, { kind: "no-runner", message: found.message });
      return;
    }
    case "ready": {
      if (isOtherCode(world, command, found)) {
        setState(turn, command, "held", "its copy of the code was changed");
        return;
      }
      if (found.noMemoryLimit !== undefined && !command.approved) {
        const reason = `\`memory\` cannot be held here: ${found.noMemoryLimit}`;
        setState(turn, command, "held", `${reason}; your go starts it without`);
        return;
      }
      const go = judgeGo(world, command, found.codeHash);
      if (go.kind !== "ready") {
        setState(turn, command, "held", go.reason);
        return;
      }
      const spec = claim(turn, starting(turn, command), place, found);
      turn.effect({ kind: "prepare-environment", spec, runner: found.runner });
    }
  }
}

/** What is claimed: of a sweep the first of its members, which are made now. */
function starting(turn: Turn, command: Command): Command {
  return isSweep(command) ? makeMembers(turn, command) : command;
}

function claim(
  turn: Turn,
  command: Command,
  place: Slot,
  found: Omit<Extract<StartExamination, { kind: "ready" }>, "kind">,
): AttemptSpec {
  const { world } = turn;
  const { codeHash, runner, code, noMemoryLimit } = found;
  const { success, failure } = world.views.get(command.experiment)?.reading.plan ?? {};
  const { because } = command.spec;
  const spec = attemptSpec(world, command, place);
  turn.record({
    kind: "run-claimed",
    id: command.id,
    spec,
    start: {
      codeHash,
      runner,
      ...changedSince(world, command, code),
      ...(noMemoryLimit === undefined ? {} : { noMemoryLimit }),
      said: command.source,
      ...(because === undefined ? {} : { because }),
      queuedAtMs: command.acceptedAtMs,
      // The evidence is the run that is repeated.
      long: command.repeats === undefined && isLong(world, command),
      criteria: {
        ...(success === undefined ? {} : { success }),
        ...(failure === undefined ? {} : { failure }),
      },
    },
  });
  return spec;
}

function setState(turn: Turn, command: Command, state: CommandState, reason?: string): void {
  if (command.state === state && command.reason === reason) return;
  const why = reason === undefined ? {} : { reason };
  // A command that stands in no journal has no box that anybody could tick.
  const to = state === "held" && command.repeats !== undefined ? "skipped" : state;
  turn.record({ kind: "command-state", id: command.id, state: to, ...why });
}

/**
 * Whether the journal of a command was read, is not in the middle of a merge, and its block is not
 * being edited. For one turn: a journal's places are gone through once, however many are asked of.
 */
export function readableIn(world: World): (command: Command) => boolean {
  const settled = new Map<ExperimentPath, ReadonlySet<CommandId>>();
  return (command) => {
    const view = world.views.get(command.experiment);
    if (view === undefined || view.reading.conflicted) return false;
    if (command.repeats !== undefined) return true;
    let there = settled.get(command.experiment);
    if (there === undefined) {
      there = new Set([...view.placed].flatMap(([at, id]) => (view.settling.has(at) ? [] : [id])));
      settled.set(command.experiment, there);
    }
    return there.has(standsFor(world, command).id);
  };
}
