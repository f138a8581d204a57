// From the queue to the claim of an attempt: the next command with a free slot is examined, then
// started or held. What happens to a claimed run is in run-events.ts.
import type { CommandState } from "../domain/command-state.ts";
import type { StartExamination } from "../domain/event.ts";
import type { CommandId } from "../base/ids.ts";
import type { JournalView } from "../domain/journal-view.ts";
import type { Slot } from "../domain/slot.ts";
import type { AttemptSpec } from "../domain/run.ts";
import { localStamp } from "../base/time.ts";
import { openCommands, settingsOf, type Command, type World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { attemptOf, attemptSpec } from "./attempt-spec.ts";
import { changedSince, isOtherCode, snapshotReady } from "./code.ts";
import { conditions } from "./conditions.ts";
import { floorOf, onDiskLow, roomFor } from "./disk-floor.ts";
import { awaitsDeRisk, isLong, judgeApproval } from "./approval.ts";
import { budgetFor } from "./gpu-budget.ts";
import { inOrder, startable, twinUntilMs } from "./order.ts";
import { allTaken, heldSlots, slotFor, type HeldSlots } from "./gpu-placement.ts";
import { askForGpus } from "./gpu-polling.ts";
import { isSweep, standsFor } from "../domain/members.ts";
import type { Condition } from "./readiness.ts";
import { concludeWithoutLogs } from "./run-events.ts";
import { firstOf, makeMembers } from "./sweep.ts";
import { defined } from "../base/defined.ts";

/** The state of a command by what keeps it from starting. */
const UNREADY = { hold: "held", wait: "waiting", skip: "skipped" } as const;

/** Has the next command examined that may start and has a free slot, one at a time. */
export function startNext(turn: Turn): void {
  const { world } = turn;
  if (world.examining !== undefined) return;
  const held = heldSlots(world);
  const readable = readableIn(world);
  if (world.paused || allTaken(world, held)) {
    for (const command of openCommands(world)) {
      if (startable(command) && readable(command)) updateWaiting(turn, command, held);
    }
    return;
  }
  let kept = false;
  let ask = false;
  for (const command of inOrder(world)) {
    if (!readable(command)) continue;
    // Free GPUs accumulate for a command further ahead that needs several.
    if (kept && command.spec.gpus !== 0) {
      updateWaiting(turn, command, held);
      continue;
    }
    if (!isReady(turn, command)) continue;
    if (!isOver(turn, command.notBeforeMs)) continue;
    if (!isOver(turn, twinUntilMs(world, command))) continue;
    const found = slotFor(world, command, held);
    if (found.kind === "slot") {
      if (isSweep(command) && !isOver(turn, twinUntilMs(world, firstOf(command)))) continue;
      examine(turn, command, found.slot, held);
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

/** Updates the state of a command whose turn it is not: what else it waits for, or a hold. */
function updateWaiting(turn: Turn, command: Command, held: HeldSlots): void {
  if (!isReady(turn, command) || !isOver(turn, command.notBeforeMs)) return;
  const found = slotFor(turn.world, command, held);
  if (found.kind === "never") setState(turn, command, "held", found.why);
  else if (command.state === "waiting") setState(turn, command, "queued");
}

/** Whether a command needs nothing but a slot; if not, records what it needs in its state. */
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

/** The first answer that is not "ready"; later questions are not evaluated. */
function firstUnready(...questions: readonly (() => Condition)[]): Condition {
  for (const ask of questions) {
    const answer = ask();
    if (answer.kind !== "ready") return answer;
  }
  return { kind: "ready" };
}

/** Whether a delay is over; if not, wakes the daemon at its end, where it has one. */
function isOver(turn: Turn, notBeforeMs = 0): boolean {
  if (notBeforeMs > turn.atMs && notBeforeMs !== Infinity) turn.wake(notBeforeMs);
  return notBeforeMs <= turn.atMs;
}

function examine(turn: Turn, command: Command, slot: Slot, held: HeldSlots): void {
  turn.world.examining = { command: command.id, place: slot };
  const first = firstOf(command);
  const gpus = slot.kind === "gpus" ? slot.gpus : [];
  turn.effect({
    kind: "examine-start",
    command: command.id,
    experiment: command.experiment,
    spec: attemptSpec(turn.world, first, slot),
    joined: gpus.map(({ uuid }) => uuid).filter((uuid) => held.gpus.has(uuid)),
    diskFloor: floorOf(turn.world, command.experiment),
  });
}

/**
 * Handles what the examination found: the command is claimed, held, left in the queue, or ended
 * without a start. GPUs that were locked for a command that was not claimed are released.
 */
export function onStartExamined(turn: Turn, id: CommandId, found: StartExamination): void {
  const { world } = turn;
  const { examining } = world;
  if (examining?.command !== id) return;
  world.examining = undefined;
  const { place: slot } = examining;
  const command = world.commands.get(id);
  if (command !== undefined && mayStart(world, command)) {
    decide(turn, command, slot, found);
  }
  const now = world.commands.get(id);
  const claimed = now?.run !== undefined || now?.members !== undefined;
  if (!claimed && command !== undefined && slot.kind === "gpus" && found.kind === "ready") {
    turn.effect({ kind: "release-gpus", attempt: attemptOf(firstOf(command)) });
  }
}

/** Whether it may still start: meanwhile its window may have ended or its block been edited. */
const mayStart = (world: World, command: Command): boolean =>
  startable(command) &&
  readableIn(world)(command) &&
  !world.paused &&
  conditions(world, command).answer.kind === "ready";

function decide(turn: Turn, command: Command, slot: Slot, found: StartExamination): void {
  const { world } = turn;
  // A sweep starts once; afterwards each member has its own turn.
  if (command.members !== undefined) return;
  switch (found.kind) {
    case "script-missing":
    case "target-missing":
    case "variable-missing":
      setState(turn, command, "held", found.message);
      return;
    case "gpus-taken":
      for (const { uuid, ...why } of found.gpus) {
        world.gpus.elsewhere.set(uuid, { atMs: turn.atMs, ...why });
      }
      return;
    case "disk-low":
      onDiskLow(turn, command.id);
      return;
    case "claimed-before":
      onClaimedBefore(turn, command, found);
      return;
    case "no-runner": {
      const first = commandToClaim(turn, command);
      claim(turn, first, slot, { codeHash: "", runner: "none" });
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
      const approval = judgeApproval(world, command, found);
      if (approval.kind !== "ready") {
        setState(turn, command, "held", approval.reason);
        return;
      }
      const spec = claim(turn, commandToClaim(turn, command), slot, found);
      turn.effect({ kind: "prepare-environment", spec, runner: found.runner });
    }
  }
}

/**
 * The ledger has forgotten attempts, or they came from elsewhere: the next one gets another number.
 * Where one was claimed, the command may have run already, so that only the user can start it.
 */
function onClaimedBefore(
  turn: Turn,
  command: Command,
  { last, claim: theirs }: Extract<StartExamination, { kind: "claimed-before" }>,
): void {
  if (theirs !== undefined) {
    const { timeZone } = settingsOf(turn.world, command.experiment);
    const where = theirs.host === undefined ? "" : ` on ${theirs.host}`;
    const now = theirs.goesOn ? ", and goes on" : "";
    const claimed = `a run of it was claimed ${localStamp(theirs.atMs, timeZone)}${where}`;
    const unknown = `(${theirs.attempt})${now}, of which the ledger has no record`;
    // Before it counts as told: a ledger that ends between the two tells it again.
    setState(turn, command, "held", `${claimed} ${unknown}; your go starts it once more`);
  }
  const told = theirs === undefined ? {} : { claimed: theirs.attempt };
  turn.record({ kind: "attempts-found", id: command.id, last, ...told });
}

/** The command that a run is claimed for: of a sweep the first member; its members are made now. */
function commandToClaim(turn: Turn, command: Command): Command {
  return isSweep(command) ? makeMembers(turn, command) : command;
}

function claim(
  turn: Turn,
  command: Command,
  slot: Slot,
  found: Omit<Extract<StartExamination, { kind: "ready" }>, "kind">,
): AttemptSpec {
  const { world } = turn;
  const { codeHash, runner, code, noMemoryLimit, token } = found;
  const { success, failure } = world.views.get(command.experiment)?.reading.plan ?? {};
  const { because } = command.spec;
  const spec = {
    ...attemptSpec(world, command, slot),
    ...defined({ token }),
  };
  turn.record({
    kind: "run-claimed",
    id: command.id,
    spec,
    start: {
      codeHash,
      runner,
      ...changedSince(world, command, code),
      ...defined({ noMemoryLimit }),
      said: command.source,
      ...defined({ because }),
      queuedAtMs: command.acceptedAtMs,
      // A repeat is no evidence of its own: the run that it repeats is.
      long: command.repeats === undefined && isLong(world, command),
      criteria: {
        ...defined({ success, failure }),
      },
    },
  });
  return spec;
}

function setState(turn: Turn, command: Command, state: CommandState, reason?: string): void {
  if (command.state === state && command.reason === reason) return;
  const why = reason === undefined ? {} : { reason };
  // A repeat is in no journal, so there is no box to tick: it cannot be held.
  const to = state === "held" && command.repeats !== undefined ? "skipped" : state;
  turn.record({ kind: "command-state", id: command.id, state: to, ...why });
}

/**
 * Returns a test whether a command's journal was read and has no conflict markers, and its block is
 * not being edited.
 */
export function readableIn(world: World): (command: Command) => boolean {
  return (command) => {
    const view = world.views.get(command.experiment);
    if (view === undefined || view.reading.conflicted) return false;
    if (command.repeats !== undefined) return true;
    return settledIn(view).has(standsFor(world, command).id);
  };
}

/** Each journal is searched once for all its commands, until something of it is placed or settles. */
const SETTLED = new WeakMap<
  JournalView["placed"],
  { readonly settling: JournalView["settling"]; readonly ids: ReadonlySet<CommandId> }
>();

function settledIn({ placed, settling }: JournalView): ReadonlySet<CommandId> {
  const known = SETTLED.get(placed);
  if (known?.settling === settling) return known.ids;
  const ids = new Set([...placed].flatMap(([at, id]) => (settling.has(at) ? [] : [id])));
  SETTLED.set(placed, { settling, ids });
  return ids;
}
