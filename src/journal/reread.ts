// What a newly read journal means: which block is which command, what is new, edited or gone.
// Nothing starts here: new blocks settle first, and accept.ts takes them up.
import { CANCEL_DELETED_MS, QUIET_MS } from "../limits.ts";
import type { Event } from "../model/event.ts";
import type { CommandSpec } from "../model/command.ts";
import type { CommandId, ExperimentPath } from "../model/ids.ts";
import type { FoundCommand, JournalReading } from "../model/journal.ts";
import { ENDED, type Command, type JournalView, type Settling } from "../model/world.ts";
import { commandsOf } from "../queue/targets.ts";
import type { Turn } from "../turn.ts";
import { alignCommands } from "./align.ts";
import { holdForeign } from "./accept.ts";
import { placesOf, recordOrder } from "./places.ts";
import { receiptInputs } from "./receipt-inputs.ts";

type JournalRead = Extract<Event, { kind: "journal-read" }>;

/** Takes a settled text of a journal: aligns its blocks, starts their timers, notes what changed. */
export function onJournalRead(turn: Turn, event: JournalRead): void {
  const { world } = turn;
  const { experiment, reading, hash } = event;
  const before = world.views.get(experiment);
  if (before?.hash === hash) return;
  const firstSight = becomeKnown(turn, experiment);
  const own = before?.ownHash === hash;
  const view = nextView(turn, event, before, own);
  world.views.set(experiment, view);
  if (reading.conflicted) return;
  const aligned = place(turn, experiment, reading);
  const settling = settle(turn, view, before, aligned, own);
  const rendered = world.experiments.get(experiment)?.rendered ?? new Set();
  const inputs = receiptInputs(reading, rendered, world.commands);
  for (const { id, flag } of inputs.resolved) {
    const resolved = world.commands.get(id)?.run?.resolved.includes(flag) === true;
    if (!resolved) turn.record({ kind: "flag-resolved", id, flag });
  }
  const ticked = new Map(
    inputs.ticked
      .filter((id) => world.commands.get(id)?.state === "held")
      .map((id) => [id, before?.ticked.get(id) ?? turn.atMs]),
  );
  world.views.set(experiment, { ...view, placed: aligned.placed, settling, ticked });
  noteShown(turn, experiment, aligned.placed, own ? view.showing : []);
  noteEdits(turn, experiment, aligned.placed);
  if (firstSight) holdForeign(turn, experiment);
  if (!own) turn.effect({ kind: "renew-report", experiment });
}

/** True when this is the first sight of an experiment that came from elsewhere. */
function becomeKnown(turn: Turn, experiment: ExperimentPath): boolean {
  const { world } = turn;
  const found = world.found.get(experiment);
  if (world.experiments.has(experiment) || found === undefined) return false;
  const foreign = !found.madeHere;
  turn.record({ kind: "experiment-known", experiment, lab: found.lab, foreign });
  return foreign;
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
    ...(before?.ownHash === undefined ? {} : { ownHash: before.ownHash }),
  };
}

interface Aligned {
  readonly placed: ReadonlyMap<string, CommandId>;
  readonly fresh: ReadonlySet<string>;
  readonly copied: ReadonlySet<string>;
}

function place(turn: Turn, experiment: ExperimentPath, reading: JournalReading): Aligned {
  const { world } = turn;
  const known = commandsOf(world, experiment);
  const found = placesOf(reading);
  const result = alignCommands({
    known: known.map((command) => ({
      id: command.id,
      canonical: command.canonical,
      source: command.source,
      heading: command.heading,
      started: command.run !== undefined || ENDED.has(command.state),
      receiptShown: command.shownInWrite > 0,
      absent: command.absentSinceMs !== undefined,
      longAbsent: turn.atMs - (command.absentSinceMs ?? turn.atMs) > CANCEL_DELETED_MS,
    })),
    found: [...found].map(([at, { command, heading, receiptId }]) => ({
      place: at,
      canonical: command.canonical,
      source: command.source,
      heading,
      ...(receiptId === undefined ? {} : { receiptId }),
    })),
  });
  recordOrder(turn, experiment, [...found.keys()], result.placed);
  return {
    placed: result.placed,
    fresh: new Set(result.fresh),
    copied: new Set(result.copied),
  };
}

/** Timers of blocks that are new, or that were edited before they started. */
function settle(
  turn: Turn,
  view: JournalView,
  before: JournalView | undefined,
  aligned: Aligned,
  own: boolean,
): ReadonlyMap<string, Settling> {
  const settling = new Map<string, Settling>();
  const earlier = [...(before?.settling.values() ?? [])];
  for (const [at, { command }] of placesOf(view.reading)) {
    const id = aligned.placed.get(at);
    const known = id === undefined ? undefined : turn.world.commands.get(id);
    const isNew = aligned.fresh.has(at) || aligned.copied.has(at);
    const edited =
      known !== undefined &&
      known.run === undefined &&
      !ENDED.has(known.state) &&
      known.canonical !== command.canonical;
    if (!isNew && !edited) continue;
    const index = earlier.findIndex((one) => one.source === command.source);
    const same = index === -1 ? undefined : earlier.splice(index, 1)[0];
    settling.set(at, {
      canonical: command.canonical,
      source: command.source,
      sinceMs: same?.sinceMs ?? turn.atMs,
      // The block stood already and this save did not touch it: its author is elsewhere.
      movedOn: same !== undefined && (same.movedOn || !own),
      // Its copied receipt is taken out at the next write; what it is stays.
      copied: aligned.copied.has(at) || same?.copied === true,
    });
  }
  return settling;
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
  const ids = [...placesOf(reading)].flatMap(([at, { receiptId }]) => {
    const id = placed.get(at);
    if (id === undefined || id !== receiptId) return [];
    const never = turn.world.commands.get(id)?.shownInWrite === 0;
    return never || written.includes(id) ? [id] : [];
  });
  if (ids.length > 0) turn.record({ kind: "receipts-shown", experiment, ids });
}

/** Says of a started command that its block was edited since, or takes that back. */
function noteEdits(
  turn: Turn,
  experiment: ExperimentPath,
  placed: ReadonlyMap<string, CommandId>,
): void {
  const { world } = turn;
  const view = world.views.get(experiment);
  if (view === undefined) return;
  const places = placesOf(view.reading);
  for (const [at, id] of placed) {
    const found = places.get(at)?.command;
    const command = world.commands.get(id);
    if (found === undefined || command?.run === undefined) continue;
    extendLimit(turn, command, found);
    const changed = found.canonical !== command.canonical && !onlyLonger(command, found);
    if (changed && command.ranAs === undefined) {
      turn.record({ kind: "command-ran-as", id, text: command.source });
    } else if (!changed && command.ranAs !== undefined) {
      turn.record({ kind: "command-ran-as", id });
    }
  }
}

/** A `timeout` written or raised while the run goes on lets it run longer. */
function extendLimit(turn: Turn, command: Command, found: FoundCommand): void {
  const { run } = command;
  const limitMs = found.spec?.timeoutMs;
  if (run === undefined || run.exited || limitMs === undefined || limitMs <= run.limitMs) return;
  const lab = turn.world.experiments.get(command.experiment)?.lab;
  if (lab === undefined || !onlyLonger(command, found)) return;
  turn.record({ kind: "limit-extended", id: command.id, limitMs });
  turn.effect({ kind: "extend-limit", attempt: run.attempt, lab, limitMs });
}

function onlyLonger(command: Command, found: FoundCommand): boolean {
  return found.spec !== undefined && withoutLimit(command.spec) === withoutLimit(found.spec);
}

function withoutLimit(spec: CommandSpec): string {
  const { timeoutMs: _t, because: _b, go: _g, ...rest } = spec;
  return JSON.stringify(rest);
}
