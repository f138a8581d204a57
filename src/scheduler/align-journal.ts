// What a newly read journal means: what is new, edited, ticked or gone. align-blocks.ts finds which
// block is which command. Nothing starts here: new blocks settle first (settle-timers.ts), then
// accept-commands.ts.
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { JournalView } from "../domain/journal-view.ts";
import { QUIET_MS } from "../domain/lab-settings.ts";
import { membersOf } from "../domain/members.ts";
import type { Turn } from "../domain/turn.ts";
import { trustOf, type Command, type JournalRead } from "../domain/world.ts";
import { blockIndexes } from "../journal/identity/block-index.ts";
import { noteMergeConflict } from "../journal/merge/merge-conflicts.ts";
import { wordsAdded } from "../journal/merge/words-changed.ts";
import { receiptInputs, type ReceiptInputs } from "../journal/read/receipt-inputs.ts";
import { cancellable, heldTogether, holdArrived } from "./accept-commands.ts";
import { alignBlocks } from "./align-blocks.ts";
import { discoverExperiment } from "./discover-experiment.ts";
import { noteEdits } from "./edited-after-start.ts";
import { DELETED, HOLDS } from "./hold-reasons.ts";
import { showLabPage } from "./nightly-summary.ts";
import { noteTakenOut } from "./receipts-taken-out.ts";
import { resolveWritten } from "./resolve-flags.ts";
import { settlingIn, type Reread } from "./settle-timers.ts";
import { defined } from "../base/defined.ts";

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
  const aligned = alignBlocks(turn, event, before);
  const { origin } = event;
  const first = discovery === "known" ? undefined : discovery;
  const settling = settlingIn(turn, experiment, { view, before, aligned, own, origin, first });
  const rendered = world.experiments.get(experiment)?.rendered ?? new Set();
  const inputs = receiptInputs(reading, rendered, world.commands);
  for (const { id, flag } of inputs.resolved) {
    const resolved = world.commands.get(id)?.run?.resolved.includes(flag) === true;
    if (!resolved) turn.record({ kind: "flag-resolved", id, flag });
  }
  resolveWritten(turn, experiment, reading.entries);
  const ticked = tickedSince(turn, event, before, inputs);
  const deleted = meantDeletions(turn, { before, view, aligned, origin });
  world.views.set(experiment, { ...view, placed: aligned.placed, settling, ticked, deleted });
  noteShown(turn, experiment, aligned.placed, own ? view.showing : []);
  if (!own) noteTakenOut(turn, experiment, before);
  noteEdits(turn, experiment, aligned.placed);
  noteMergeConflict(turn, event, before);
  noteReturns(turn, experiment, aligned.placed);
  if (first === "arrived" || first === "stood") holdArrived(turn, experiment);
  if (!own) turn.effect({ kind: "renew-report", experiment });
}

/**
 * Held commands whose start box is ticked, and since when. A tick is a person's go only where this
 * daemon's box stood unticked in this journal before, and where a commit may start what it brings.
 */
function tickedSince(
  turn: Turn,
  { experiment, origin }: JournalRead,
  before: JournalView | undefined,
  inputs: ReceiptInputs,
): ReadonlyMap<CommandId, number> {
  const { world } = turn;
  const asked = [...inputs.ticked, ...(inputs.startAll ? heldTogether(world, experiment) : [])];
  if (asked.length === 0) return new Map();
  const { trusted, arrivals } = trustOf(world, experiment);
  const counts = origin === undefined || (origin === "commit" && trusted && arrivals === "start");
  const rendered = world.experiments.get(experiment)?.rendered ?? new Set();
  const seen = before && receiptInputs(before.reading, rendered, world.commands);
  const stoodOpen = (id: CommandId, command: Command): boolean => {
    if (seen === undefined) return command.shownInWrite > 0;
    // The tick may be in the first text that is read since the write that brought the box.
    if (before?.showing.includes(id) === true && !seen.ticked.includes(id)) return true;
    return seen.unticked.includes(id) || (seen.offersAll && !inputs.ticked.includes(id));
  };
  return new Map(
    asked.flatMap((id) => {
      const command = world.commands.get(id);
      if (command?.state !== "held" || command.experiment !== experiment) return [];
      const sinceMs = before?.ticked.get(id);
      if (sinceMs === undefined && !(counts && stoodOpen(id, command))) return [];
      return [[id, sinceMs ?? turn.atMs]];
    }),
  );
}

/**
 * Waiting commands whose deletion was meant: one alone, in a save that wrote something else too.
 * Several at once, or nothing but a deletion, may be a save of half a text.
 */
function meantDeletions(
  { world }: Turn,
  { before, view, aligned, origin }: Omit<Reread, "own" | "first">,
): ReadonlySet<CommandId> {
  const placed = new Set(aligned.placed.values());
  const still = [...(before?.deleted ?? [])].filter((id) => !placed.has(id));
  const gone = [...(before?.placed.values() ?? [])].filter((id) => {
    const command = world.commands.get(id);
    return !placed.has(id) && command !== undefined && cancellable(command);
  });
  const isMeant =
    before !== undefined && gone.length === 1 && origin !== "checkout" && wordsAdded(before, view);
  return new Set(isMeant ? [...still, ...gone] : still);
}

/** Commands that were cancelled, or are held, for their missing block are held as it is back. */
function noteReturns(
  turn: Turn,
  experiment: ExperimentPath,
  placed: ReadonlyMap<string, CommandId>,
): void {
  const lab = turn.world.experiments.get(experiment)?.lab;
  let isBack = false;
  for (const id of placed.values()) {
    const head = turn.world.commands.get(id);
    for (const command of head === undefined ? [] : [head, ...membersOf(turn.world, head)]) {
      const isGone =
        command.state === "cancelled"
          ? command.reason === DELETED
          : command.state === "held" && command.reason === HOLDS.vanished;
      if (!isGone) continue;
      if (command.members !== undefined) continue;
      turn.record({ kind: "command-state", id: command.id, state: "held", reason: HOLDS.cameBack });
      isBack ||= command.state === "held";
    }
  }
  if (isBack && lab !== undefined) showLabPage(turn, lab);
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
    busySinceMs: own || rested ? atMs : before.busySinceMs,
    settling: before?.settling ?? new Map(),
    placed: before?.placed ?? new Map(),
    ticked: before?.ticked ?? new Map(),
    showing: before?.showing ?? [],
    writing: before?.writing ?? false,
    retryAtMs: before?.retryAtMs ?? 0,
    dirty: true,
    ...defined({ onDisk: event.onDisk }),
    ...(before?.paced === undefined ? {} : { paced: before.paced }),
    ...(before?.ownHash === undefined ? {} : { ownHash: before.ownHash }),
    ...(before?.reportTrouble === undefined ? {} : { reportTrouble: before.reportTrouble }),
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
    const { shownInWrite, receiptTakenOut } = turn.world.commands.get(id) ?? {};
    const isBack = shownInWrite === 0 || receiptTakenOut === "for good";
    return isBack || written.includes(id) ? [id] : [];
  });
  if (ids.length > 0) turn.record({ kind: "receipts-shown", experiment, ids });
}
