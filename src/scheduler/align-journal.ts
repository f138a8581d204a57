// What a newly read journal means: which block is which command, what is new, edited or gone.
// Nothing starts here: new blocks settle first (settle-timers.ts), then accept-commands.ts.
import { commandId, type CommandId, type ExperimentPath } from "../base/ids.ts";
import { ENDED } from "../domain/command-state.ts";
import type { JournalReading } from "../domain/journal.ts";
import type { JournalView } from "../domain/journal-view.ts";
import { QUIET_MS } from "../domain/lab-settings.ts";
import { membersOf } from "../domain/members.ts";
import { commandsOf } from "../domain/resolve-reference.ts";
import type { Turn } from "../domain/turn.ts";
import { hasBegun, type JournalRead } from "../domain/world.ts";
import { alignChanged } from "../journal/identity/align-changed.ts";
import { blockIndexes, recordHeadings, recordOrder } from "../journal/identity/block-index.ts";
import { noteMergeConflict } from "../journal/merge/merge-conflicts.ts";
import { receiptInputs } from "../journal/read/receipt-inputs.ts";
import { heldForeign, holdForeign } from "./accept-commands.ts";
import { discoverExperiment } from "./discover-experiment.ts";
import { noteEdits } from "./edited-after-start.ts";
import { DELETED, HOLDS } from "./hold-reasons.ts";
import { resolveWritten } from "./resolve-flags.ts";
import { CANCEL_DELETED_MS } from "./settle.ts";
import { settlingIn, type Aligned } from "./settle-timers.ts";

/**
 * Handles a text of a journal: aligns its blocks with known commands, starts and stops timers, and
 * records what the user wrote into receipts. A text that is known already changes nothing.
 */
export function onJournalRead(turn: Turn, event: JournalRead): void {
  const { world } = turn;
  const { experiment, reading, hash } = event;
  const before = world.views.get(experiment);
  const merged = event.setAside !== undefined && event.setAside.length > 0;
  if (before?.hash === hash && before.text === event.text && !merged) return;
  const discovery = discoverExperiment(turn, event);
  if (discovery === "undecided") return;
  const own = before?.ownHash === hash && event.onDisk === undefined;
  const view = nextView(turn, event, before, own);
  world.views.set(experiment, view);
  if (reading.conflicted) return;
  const aligned = alignBlocks(turn, experiment, reading);
  const { origin } = event;
  const settling = settlingIn(turn, experiment, { view, before, aligned, own, origin });
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
  if (discovery === "foreign") holdForeign(turn, experiment);
  if (!own) turn.effect({ kind: "renew-report", experiment });
}

/** Commands that were cancelled with their deleted block are held where the block is back. */
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

/** The view of a text just read; the fields that the text does not change are kept. */
function nextView(
  turn: Turn,
  event: JournalRead,
  before: JournalView | undefined,
  own: boolean,
): JournalView {
  const { atMs } = turn;
  const { text, hash, reading } = event;
  const rested = before === undefined || atMs - before.changedAtMs >= QUIET_MS;
  return {
    text,
    hash,
    reading,
    changedAtMs: own && before !== undefined ? before.changedAtMs : atMs,
    busySinceMs:
      own && before !== undefined ? before.busySinceMs : rested ? atMs : before.busySinceMs,
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

/** Which known command is at which position, recording their order and headings. */
function alignBlocks(turn: Turn, experiment: ExperimentPath, reading: JournalReading): Aligned {
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
  // A command that was moved without its receipt did not have it hidden: it gets a new one.
  if (ids.length > 0) turn.record({ kind: "receipts-missed", experiment, ids });
  // Receipts here may name commands of another journal: those blocks were copied from there.
  const elsewhere = result.unknown
    .filter(({ id }) => world.commands.has(commandId(id)))
    .map(({ place: at }) => at);
  return {
    placed: result.placed,
    fresh: new Set(inCopy ? [...result.fresh, ...elsewhere] : result.fresh),
    copied: new Set(inCopy ? result.copied : [...result.copied, ...elsewhere]),
  };
}

/**
 * Records which receipts are in the file by now: those that the daemon's write has added, and those
 * of a write after which the daemon ended before it could record them.
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
