// A block that has settled becomes a command: it gets its id and its first state. Ticks and deleted
// blocks take effect here too. How long a block must stand is in settle.ts, starts are in start.ts.
import { ENDED, type CommandState } from "../domain/command-state.ts";
import { GO_GIVEN, QUEUE_WORDS, type CommandSpec } from "../domain/command.ts";
import { mintCommandId, type CommandId, type ExperimentPath } from "../base/ids.ts";
import type { Came } from "../domain/fact.ts";
import type { CommandBlock, FoundCommand } from "../domain/journal.ts";
import type { Settling } from "../domain/journal-view.ts";
import { openCommands, settingsOf, type Command, type World } from "../domain/world.ts";
import { conditions } from "./conditions.ts";
import { approvalReason, circularWait, isLong } from "./approval.ts";
import { changeView } from "./change-view.ts";
import { unstarted } from "../domain/members.ts";
import { atWork } from "../domain/pause-text.ts";
import { setQueue } from "./pause.ts";
import { showLabPage } from "./nightly-summary.ts";
import { requestStop } from "./run-events.ts";
import { inOrderOf, resolveTarget } from "../domain/resolve-reference.ts";
import { planGaps } from "../settings/plan.ts";
import type { Turn } from "../domain/turn.ts";
import { cameWithOthers, DELETED, HOLDS } from "./hold-reasons.ts";
import { blockIndexes, recordOrder } from "../journal/identity/block-index.ts";
import { settledAtMs, CANCEL_DELETED_MS, SETTLE_GO_MS } from "./settle.ts";
import { defined } from "../base/defined.ts";

/** A command whose line is gone without a sign that it was meant is kept this long. */
const VANISHED_KEPT_MS = 86_400_000;

/** For this many blocks it is quicker to search the known names each time than to collect them. */
const FEW_SETTLING = 4;
/**
 * Commands of a journal that one turn looks at to accept new ones, each of which looks at all: some
 * 30 ms. The rest are accepted in the turns right after it, so that other experiments have theirs.
 */
const ACCEPT_STEPS = 200_000;

/**
 * Accepts every block that has settled by now, in all journals, and wakes the daemon for those that
 * have not. Ticked commands are released and commands of deleted blocks cancelled.
 */
export function acceptSettled(turn: Turn): void {
  const absent = Map.groupBy(
    openCommands(turn.world).filter(isAbsent),
    ({ experiment }) => experiment,
  );
  for (const [experiment, view] of turn.world.views) {
    if (view.reading.conflicted) continue;
    if (view.ticked.size > 0) releaseTicked(turn, experiment);
    cancelDeleted(turn, experiment, absent.get(experiment) ?? []);
    if (view.settling.size === 0) continue;
    const positions = blockIndexes(view.reading);
    const names = (like: (name: string) => boolean): Iterable<string> =>
      namesIn(turn.world, experiment, like);
    const few = view.settling.size <= FEW_SETTLING;
    const isBegunName = few ? (name: string) => isPrefix(name, names) : begunIn(names);
    const { settleMs } = settingsOf(turn.world, experiment);
    let left = Math.ceil(ACCEPT_STEPS / positions.size);
    for (const [at, settling] of view.settling) {
      const found = positions.get(at);
      const block = found && view.reading.blocks[found.block];
      if (found === undefined || block === undefined) continue;
      const readyAtMs = settledAtMs(found.command, block, settling, { settleMs, isBegunName });
      if (readyAtMs === undefined) continue;
      if (readyAtMs > turn.atMs) turn.wake(readyAtMs);
      else if (left === 0) turn.wake(turn.atMs + 1);
      else {
        accept(turn, experiment, at, found.command, block, settling);
        left -= 1;
      }
    }
  }
}

/** Holds at once what came with its journal's folder, until the user approves it. */
export function holdArrived(turn: Turn, experiment: ExperimentPath): void {
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  // The view is changed once for all of them: a journal of years holds thousands.
  const taken = new Map<string, CommandId>();
  for (const [at, { command, block: index }] of blockIndexes(view.reading)) {
    const block = view.reading.blocks[index];
    if (block === undefined || command.spec === undefined) continue;
    const reason = view.settling.get(at)?.hold;
    if (reason !== HOLDS.foreign && reason !== HOLDS.withFolder) continue;
    const first = heldBack(command.spec, reason);
    taken.set(at, record(turn, experiment, at, command, block, first));
  }
  unsettle(turn, experiment, taken);
}

/** Commands of a journal that are held because they came with others, for the box of them all. */
export function heldTogether(world: World, experiment: ExperimentPath): readonly CommandId[] {
  const known = world.experiments.get(experiment);
  const held = openCommands(world).filter(
    (one) => one.state === "held" && one.experiment === experiment && cameWithOthers(one.reason),
  );
  return known === undefined ? [] : inOrderOf(known, new Set(held.map(({ id }) => id)));
}

/** Not to start by itself. `stop:` and `queue:` would act at once and may be outdated: skipped. */
function heldBack(spec: CommandSpec, reason: string): First {
  const acts = spec.verb === "stop" || spec.verb === "queue";
  return { state: acts ? "skipped" : "held", reason };
}

function accept(
  turn: Turn,
  experiment: ExperimentPath,
  at: string,
  found: FoundCommand,
  block: CommandBlock,
  settling: Settling,
): void {
  const { spec } = found;
  const { hold } = settling;
  if (spec === undefined) return;
  const id = turn.world.views.get(experiment)?.placed.get(at);
  if (id !== undefined) {
    const { canonical, form, source } = found;
    turn.record({ kind: "command-edited", id, spec, canonical, form, source });
    unsettle(turn, experiment, new Map([[at, id]]));
    if (hold === undefined) firstState(turn, id);
    else turn.record({ kind: "command-state", id, state: "held", reason: hold });
    return;
  }
  if (hold !== undefined) {
    add(turn, experiment, at, found, block, heldBack(spec, hold));
    return;
  }
  const first = { state: "queued", came: cameBy(settling) } as const;
  const added = add(turn, experiment, at, found, block, first);
  if (spec.verb === "stop") acceptStop(turn, added, spec);
  else if (spec.verb === "queue") acceptQueueWord(turn, added, spec);
  else firstState(turn, added);
}

interface First {
  readonly state: CommandState;
  readonly reason?: string;
  readonly came?: Came;
}

function cameBy({ committed, firstText }: Settling): Came {
  if (committed) return "commit";
  return firstText === true ? "first-text" : "saved";
}

function add(...args: Parameters<typeof record>): CommandId {
  const [turn, experiment, at] = args;
  const id = record(...args);
  unsettle(turn, experiment, new Map([[at, id]]));
  return id;
}

function record(
  turn: Turn,
  experiment: ExperimentPath,
  at: string,
  found: FoundCommand,
  block: CommandBlock,
  first: First,
): CommandId {
  const { spec, canonical, form, source, line } = found;
  const id = mintCommandId(`${experiment}\n${canonical}\n${at}\n${turn.atMs}`, (taken) =>
    turn.world.commands.has(taken),
  );
  if (spec === undefined) return id;
  const notes = spec.verb === "run" ? notesFor(turn.world, experiment) : [];
  turn.record({
    kind: "command-accepted",
    id,
    experiment,
    spec,
    canonical,
    form,
    source,
    line,
    notes,
    heading: block.heading,
    released: spec.go,
    ...first,
  });
  return id;
}

/** What the plan lacks: only the first run's receipt of an experiment says it. */
function notesFor(world: World, experiment: ExperimentPath): readonly string[] {
  const plan = world.views.get(experiment)?.reading.plan;
  const gaps = plan === undefined ? [] : planGaps(plan);
  if (gaps.length === 0) return [];
  for (const command of world.commands.values()) {
    if (command.experiment === experiment && command.notes.length > 0) return [];
  }
  return gaps;
}

/** Moves positions from settling to accepted, and records the order of commands. */
function unsettle(
  turn: Turn,
  experiment: ExperimentPath,
  taken: ReadonlyMap<string, CommandId>,
): void {
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  const settling = new Map(view.settling);
  for (const at of taken.keys()) settling.delete(at);
  const placed = new Map([...view.placed, ...taken]);
  changeView(turn.world, experiment, { settling, placed, dirty: true });
  recordOrder(turn, experiment, blockIndexes(view.reading).keys(), placed);
}

/** Records the first state of a new or edited command: held, skipped, waiting or queued. */
function firstState(turn: Turn, id: CommandId): void {
  const command = turn.world.commands.get(id);
  if (command === undefined) return;
  const state = (to: CommandState, reason?: string): void =>
    turn.record({
      kind: "command-state",
      id,
      state: to,
      ...defined({ reason }),
    });
  if (command.spec.go && !command.approved) turn.record({ kind: "command-released", id });
  const needs = conditions(turn.world, command).answer;
  const unapprovedLong =
    isLong(turn.world, command) && command.spec.because === undefined && !command.spec.go;
  const circular = needs.kind === "wait" ? circularWait(turn.world, command) : undefined;
  if (unapprovedLong) state("held", approvalReason(turn.world, command));
  else if (circular !== undefined) state("held", circular);
  else if (needs.kind === "hold") state("held", needs.reason);
  else if (needs.kind === "skip") state("skipped", needs.reason);
  else if (needs.kind === "wait") state("waiting", needs.reason);
  else if (command.state !== "queued") state("queued");
}

function acceptStop(turn: Turn, id: CommandId, spec: CommandSpec): void {
  const command = turn.world.commands.get(id);
  if (command === undefined) return;
  const target = resolveTarget(turn.world, command.experiment, spec.target, command);
  if (target === undefined || ENDED.has(target.state)) {
    const reason =
      target === undefined
        ? `nothing is called \`${spec.target}\``
        : `\`${target.id}\` had ended already (${target.state})`;
    turn.record({ kind: "command-state", id, state: "skipped", reason });
    return;
  }
  turn.record({ kind: "command-state", id, state: "done", reason: `stopping \`${target.id}\`` });
  requestStop(turn, target, "journal");
}

function acceptQueueWord(turn: Turn, id: CommandId, spec: CommandSpec): void {
  const word = QUEUE_WORDS.find((one) => one === spec.target);
  if (word === undefined) return;
  const reason = setQueue(turn, word);
  const state = word === "drain" && atWork(turn.world) > 0 ? "running" : "done";
  turn.record({ kind: "command-state", id, state, reason });
}

/** Lets ticked commands go; each tick counts once, however long it stands in the file. */
function releaseTicked(turn: Turn, experiment: ExperimentPath): void {
  const ticked = turn.world.views.get(experiment)?.ticked ?? new Map<CommandId, number>();
  const left = new Map(ticked);
  for (const [id, sinceMs] of ticked) {
    const command = turn.world.commands.get(id);
    if (command?.state !== "held") continue;
    if (turn.atMs - sinceMs < SETTLE_GO_MS) {
      turn.wake(sinceMs + SETTLE_GO_MS);
      continue;
    }
    left.delete(id);
    turn.record({ kind: "command-released", id });
    const held = unstarted(turn.world, command).filter((member) => member.state === "held");
    for (const one of held.length > 0 ? held : [command]) {
      turn.record({ kind: "command-state", id: one.id, state: "queued", reason: GO_GIVEN });
    }
  }
  if (left.size < ticked.size) changeView(turn.world, experiment, { ticked: left });
}

/**
 * Commands that wait and whose block is gone: cancelled, once it can no longer be a cut that waits
 * for its paste. Where the save that took them out was perhaps not meant, they are held for a day
 * instead: nothing starts either way, but LAB.md names them.
 */
function cancelDeleted(turn: Turn, experiment: ExperimentPath, absent: readonly Command[]): void {
  const meant = turn.world.views.get(experiment)?.deleted;
  for (const { id } of absent) {
    const command = turn.world.commands.get(id);
    if (command?.absentSinceMs === undefined || !cancellable(command)) continue;
    // Runs of a sweep that have started go on; the others are cancelled.
    const open = command.members === undefined ? [command] : unstarted(turn.world, command);
    const isHeld = open.every(({ reason }) => reason === HOLDS.vanished);
    const isMeant = meant?.has(id) === true;
    const patienceMs = isHeld && !isMeant ? VANISHED_KEPT_MS : CANCEL_DELETED_MS;
    const dueAtMs = command.absentSinceMs + patienceMs;
    if (dueAtMs > turn.atMs) {
      turn.wake(dueAtMs);
      continue;
    }
    const then =
      isHeld || isMeant
        ? ({ state: "cancelled", reason: DELETED } as const)
        : ({ state: "held", reason: HOLDS.vanished } as const);
    for (const one of open) turn.record({ kind: "command-state", id: one.id, ...then });
    const lab = turn.world.experiments.get(experiment)?.lab;
    if (lab !== undefined) showLabPage(turn, lab);
    if (then.state === "held") turn.wake(command.absentSinceMs + VANISHED_KEPT_MS);
  }
}

/** Whether it waits, or is held: nothing of it has run. */
export const cancellable = (command: Command): boolean =>
  command.run === undefined && !ENDED.has(command.state);

const isAbsent = ({ absentSinceMs }: Command): boolean => absentSinceMs !== undefined;

type Names = (like: (name: string) => boolean) => Iterable<string>;

function isPrefix(name: string, known: Names): boolean {
  const like = (other: string): boolean => other.length > name.length && other.startsWith(name);
  return known(like)[Symbol.iterator]().next().done !== true;
}

/** The same question for many names: they are sorted when it is asked first. */
function begunIn(names: Names): (name: string) => boolean {
  let sorted: readonly string[] | undefined;
  return (name) => {
    sorted ??= [...new Set(names(() => true))].toSorted();
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? "") <= name) low = middle + 1;
      else high = middle;
    }
    // Names that begin with this one follow right behind it.
    return sorted[low]?.startsWith(name) === true;
  };
}

/** Names of all runs known and of those written in the journal that are `like`; may repeat. */
function* namesIn(
  world: World,
  experiment: ExperimentPath,
  like: (name: string) => boolean,
): Iterable<string> {
  const isRun = (id: CommandId): boolean => {
    const { spec, parent } = world.commands.get(id) ?? {};
    return spec?.verb === "run" && parent === undefined;
  };
  for (const { index } of world.experiments.values()) {
    for (const [name, ids] of index.named) if (like(name) && ids.some(isRun)) yield name;
  }
  for (const block of world.views.get(experiment)?.reading.blocks ?? []) {
    for (const { spec } of block.commands) {
      if (spec?.verb === "run" && like(spec.target)) yield spec.target;
    }
  }
}
