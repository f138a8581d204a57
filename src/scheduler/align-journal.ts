// What a newly read journal means: which block is which command, what is new, edited or gone.
// Nothing starts here: new blocks settle first, and accept-commands.ts takes them up.
import { ENDED } from "../domain/command-state.ts";
import type { JournalOrigin } from "../domain/event.ts";
import { commandId, type CommandId, type ExperimentPath } from "../base/ids.ts";
import type { FoundCommand, JournalReading } from "../domain/journal.ts";
import type { JournalView, Settling } from "../domain/journal-view.ts";
import { QUIET_MS } from "../domain/lab-settings.ts";
import { hasBegun, type Command, type JournalRead } from "../domain/world.ts";
import { membersOf } from "../domain/members.ts";
import { resolveWritten } from "./resolve-flags.ts";
import { commandsOf } from "../domain/resolve-reference.ts";
import type { Turn } from "../domain/turn.ts";
import { noteEdits } from "./edited-after-start.ts";
import { alignChanged } from "../journal/identity/align-changed.ts";
import { heldForeign, holdForeign } from "./accept-commands.ts";
import { inertBlocks, discoverExperiment } from "./discover-experiment.ts";
import { DELETED, HOLDS } from "./hold-reasons.ts";
import { blockIndexes, recordHeadings, recordOrder } from "../journal/identity/block-index.ts";
import { settlingProblems } from "./place-problems.ts";
import { receiptInputs } from "../journal/read/receipt-inputs.ts";
import { noteMergeConflict } from "../journal/merge/merge-conflicts.ts";
import { wordsChanged } from "../journal/merge/words-changed.ts";
import { CANCEL_DELETED_MS } from "./settle.ts";

/** Takes a settled text of a journal: aligns its blocks, starts their timers, notes what changed. */
export function onJournalRead(turn: Turn, event: JournalRead): void {
  const { world } = turn;
  const { experiment, reading, hash } = event;
  const before = world.views.get(experiment);
  const told = event.setAside !== undefined && event.setAside.length > 0;
  if (before?.hash === hash && before.text === event.text && !told) return;
  const sight = discoverExperiment(turn, event);
  if (sight === "undecided") return;
  const own = before?.ownHash === hash && event.onDisk === undefined;
  const view = nextView(turn, event, before, own);
  world.views.set(experiment, view);
  if (reading.conflicted) return;
  const aligned = place(turn, experiment, reading);
  const settling = settle(turn, experiment, { view, before, aligned, own, origin: event.origin });
  const rendered = world.experiments.get(experiment)?.rendered ?? new Set();
  const inputs = receiptInputs(reading, rendered, world.commands);
  for (const { id, flag } of inputs.resolved) {
    const resolved = world.commands.get(id)?.run?.resolved.includes(flag) === true;
    if (!resolved) turn.record({ kind: "flag-resolved", id, flag });
  }
  resolveWritten(turn, experiment, reading.entries);
  const ticked = new Map(
    [...inputs.ticked, ...(inputs.startAll ? heldForeign(world, experiment) : [])]
      .filter((id) => world.commands.get(id)?.state === "held")
      .map((id) => [id, before?.ticked.get(id) ?? turn.atMs]),
  );
  world.views.set(experiment, { ...view, placed: aligned.placed, settling, ticked });
  noteShown(turn, experiment, aligned.placed, own ? view.showing : []);
  noteEdits(turn, experiment, aligned.placed);
  noteMergeConflict(turn, event, before);
  noteReturns(turn, aligned.placed);
  if (sight === "foreign") holdForeign(turn, experiment);
  if (!own) turn.effect({ kind: "renew-report", experiment });
}

/** A block that was deleted, so that its command was cancelled, stands again: its author decides. */
function noteReturns(turn: Turn, placed: ReadonlyMap<string, CommandId>): void {
  for (const id of placed.values()) {
    const head = turn.world.commands.get(id);
    for (const command of head === undefined ? [] : [head, ...membersOf(turn.world, head)]) {
      if (command.state !== "cancelled" || command.reason !== DELETED) continue;
      if (command.members !== undefined) continue;
      turn.record({ kind: "command-state", id: command.id, state: "held", reason: HOLDS.cameBack });
    }
  }
}

function nextView(
  turn: Turn,
  event: JournalRead,
  before: JournalView | undefined,
  own: boolean,
): JournalView {
  const { atMs } = turn;
  const { text, hash, reading } = event;
  const paused = before === undefined || atMs - before.changedAtMs >= QUIET_MS;
  return {
    text,
    hash,
    reading,
    changedAtMs: own && before !== undefined ? before.changedAtMs : atMs,
    busySinceMs:
      own && before !== undefined ? before.busySinceMs : paused ? atMs : before.busySinceMs,
    settling: before?.settling ?? new Map(),
    placed: before?.placed ?? new Map(),
    ticked: before?.ticked ?? new Map(),
    showing: before?.showing ?? [],
    writing: before?.writing ?? false,
    retryAtMs: before?.retryAtMs ?? 0,
    dirty: true,
    ...(event.onDisk === undefined ? {} : { onDisk: event.onDisk }),
    ...(before?.paced === undefined ? {} : { paced: before.paced }),
    ...(before?.ownHash === undefined ? {} : { ownHash: before.ownHash }),
    ...(before?.reportTrouble === undefined ? {} : { reportTrouble: before.reportTrouble }),
  };
}

interface Aligned {
  readonly placed: ReadonlyMap<string, CommandId>;
  readonly fresh: ReadonlySet<string>;
  /** New, with the receipt of a command that stands elsewhere. */
  readonly copied: ReadonlySet<string>;
}

function place(turn: Turn, experiment: ExperimentPath, reading: JournalReading): Aligned {
  const { world } = turn;
  const known = commandsOf(world, experiment);
  const inCopy = world.experiments.get(experiment)?.copied !== undefined;
  const found = blockIndexes(reading);
  const result = alignChanged({
    known: known.map((command) => ({
      id: command.id,
      canonical: command.canonical,
      source: command.source,
      form: command.form,
      heading: command.heading,
      ...(command.earlierHeadings === undefined
        ? {}
        : { earlierHeadings: command.earlierHeadings }),
      started: hasBegun(command) || ENDED.has(command.state),
      receiptShown: command.shownInWrite > 0,
      absent: command.absentSinceMs !== undefined,
      longAbsent: turn.atMs - (command.absentSinceMs ?? turn.atMs) > CANCEL_DELETED_MS,
    })),
    found: [...found].map(([at, { command, heading, receiptId }]) => ({
      place: at,
      canonical: command.canonical,
      source: command.source,
      form: command.form,
      heading,
      ...(receiptId === undefined ? {} : { receiptId }),
    })),
  });
  recordOrder(turn, experiment, [...found.keys()], result.placed);
  recordHeadings(turn, experiment, found, result.placed);
  const bare = new Set(
    [...result.placed].flatMap(([at, id]) => (found.get(at)?.receiptId === id ? [] : [id])),
  );
  const ids = result.moved.filter(
    (id) => bare.has(id) && (world.commands.get(id)?.shownInWrite ?? 0) > 0,
  );
  // Whoever moves a command without its receipt did not hide it.
  if (ids.length > 0) turn.record({ kind: "receipts-missed", experiment, ids });
  // Ids that this machine gave, but in another journal.
  const elsewhere = result.unknown
    .filter(({ id }) => world.commands.has(commandId(id)))
    .map(({ place: at }) => at);
  return {
    placed: result.placed,
    fresh: new Set(inCopy ? [...result.fresh, ...elsewhere] : result.fresh),
    copied: new Set(inCopy ? result.copied : [...result.copied, ...elsewhere]),
  };
}

interface Reread {
  readonly view: JournalView;
  readonly before: JournalView | undefined;
  readonly aligned: Aligned;
  /** The daemon's own write is read back. */
  readonly own: boolean;
  readonly origin: JournalOrigin | undefined;
}

/** Timers of blocks that are new, or that were edited before they started. */
function settle(
  turn: Turn,
  experiment: ExperimentPath,
  { view, before, aligned, own, origin }: Reread,
): ReadonlyMap<string, Settling> {
  const settling = new Map<string, Settling>();
  const earlier = [...(before?.settling.values() ?? [])];
  const places = blockIndexes(view.reading);
  const { copied } = turn.world.experiments.get(experiment) ?? {};
  const inert = inertBlocks(copied, places, aligned.placed);
  const rendered = turn.world.experiments.get(experiment)?.rendered ?? new Set();
  const movedOn = oneAnswer(() => {
    if (own || origin !== undefined || before === undefined) return false;
    return wordsChanged(before, view, rendered);
  });
  for (const [at, { command }] of places) {
    const id = aligned.placed.get(at);
    const known = id === undefined ? undefined : turn.world.commands.get(id);
    const isNew = (aligned.fresh.has(at) || aligned.copied.has(at)) && !inert.has(at);
    if (!isNew && !(known !== undefined && editedBeforeStart(known, command))) continue;
    const index = earlier.findIndex((one) => one.source === command.source);
    const same = index === -1 ? undefined : earlier.splice(index, 1)[0];
    // A copied receipt is taken out at the next write; what the block is stays.
    const hold = aligned.copied.has(at)
      ? HOLDS.copied
      : same === undefined && origin === "checkout"
        ? HOLDS.checkout
        : same?.hold;
    settling.set(at, {
      canonical: command.canonical,
      source: command.source,
      sinceMs: same?.sinceMs ?? turn.atMs,
      // The block stood already and this save did not touch it: its author is elsewhere.
      movedOn: same !== undefined && (same.movedOn || movedOn()),
      committed: same === undefined ? origin === "commit" : same.committed,
      ...(hold === undefined ? {} : { hold }),
      ...(same?.closedAtMs === undefined ? {} : { closedAtMs: same.closedAtMs }),
    });
  }
  for (const [at, one] of settlingProblems(turn.atMs, view, before, own)) settling.set(at, one);
  return settling;
}

/** Asks at most once. */
function oneAnswer(ask: () => boolean): () => boolean {
  let answer: boolean | undefined;
  return () => (answer ??= ask());
}

/** Whether its author changed what it does, why, or said "go", before anything of it ran. */
function editedBeforeStart(known: Command, found: FoundCommand): boolean {
  if (hasBegun(known) || ENDED.has(known.state)) return false;
  if (known.canonical !== found.canonical) return true;
  const { spec } = found;
  return spec !== undefined && (spec.because !== known.spec.because || (spec.go && !known.spec.go));
}

/**
 * Notes which receipts are in the file by now: those that this write added, and those whose write
 * was done while nobody could take note of it.
 */
function noteShown(
  turn: Turn,
  experiment: ExperimentPath,
  placed: ReadonlyMap<string, CommandId>,
  written: readonly CommandId[],
): void {
  const reading = turn.world.views.get(experiment)?.reading;
  if (reading === undefined) return;
  const ids = [...blockIndexes(reading)].flatMap(([at, { receiptId }]) => {
    const id = placed.get(at);
    if (id === undefined || id !== receiptId) return [];
    const never = turn.world.commands.get(id)?.shownInWrite === 0;
    return never || written.includes(id) ? [id] : [];
  });
  if (ids.length > 0) turn.record({ kind: "receipts-shown", experiment, ids });
}
