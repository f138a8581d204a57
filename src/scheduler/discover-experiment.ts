// The first reading of an experiment's journal: made here, from elsewhere, a copy, or renamed.
// What that means for its commands is in align-journal.ts and accept-commands.ts.
import { commandId, type ExperimentPath } from "../base/ids.ts";
import type { FoundCommand, JournalReading } from "../domain/journal.ts";
import type { ExperimentCopy, JournalRead, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { blockIndexes, type BlockIndex } from "../journal/identity/block-index.ts";

/** A rename may be seen as a new folder and a missing one, up to this long apart. */
const RENAME_SEEN_MS = 20_000;

/** `undecided`: it can be told from a copy only once every experiment has been found. */
export type Discovery = "known" | "foreign" | "undecided";

/** Records an experiment that is not known yet; `foreign`: its commands are to be held. */
export function discoverExperiment(turn: Turn, event: JournalRead): Discovery {
  const { world } = turn;
  const { experiment, reading, text } = event;
  const found = world.found.get(experiment);
  if (world.experiments.has(experiment) || found === undefined) return "known";
  const known = { kind: "experiment-known", experiment, lab: found.lab } as const;
  const elsewhere = experimentOfReceipts(world, reading);
  if (elsewhere !== undefined && !world.allFound) {
    world.undecided.set(experiment, event);
    return "undecided";
  }
  const from = elsewhere ?? sameTextGone(world, event);
  if (from !== undefined && !world.found.has(from)) {
    turn.record({ kind: "experiment-moved", from, to: experiment, lab: found.lab });
    return "known";
  }
  const of = elsewhere ?? sameText(world, text, experiment);
  if (of !== undefined) {
    turn.record({ ...known, foreign: false });
    const inert = [...blockIndexes(reading).values()].map(({ command }) => inertKey(command));
    turn.record({ kind: "experiment-copied", experiment, of, inert });
    return "known";
  }
  turn.record({ ...known, foreign: !found.local });
  return found.local ? "known" : "foreign";
}

/** Keeps the hash of a missing journal for RENAME_SEEN_MS, to recognize it under a new name. */
export function noteGone({ world, atMs }: Turn, experiment: ExperimentPath): void {
  const hash = world.views.get(experiment)?.hash;
  if (hash !== undefined) world.gone.set(experiment, { hash, atMs });
  for (const [path, { atMs: goneMs }] of world.gone) {
    if (atMs - goneMs > RENAME_SEEN_MS) world.gone.delete(path);
  }
}

/**
 * Moves the commands of an experiment that has just gone to its new name, where that was seen first
 * and taken for a copy. Returns the journal under the new name, to be handled again.
 */
export function followRename(turn: Turn, gone: ExperimentPath): JournalRead | undefined {
  const { world, atMs } = turn;
  for (const { path, lab, copied, commands } of world.experiments.values()) {
    const view = world.views.get(path);
    if (copied?.of !== gone || commands.length > 0 || view === undefined) continue;
    if (atMs - copied.atMs > RENAME_SEEN_MS) continue;
    turn.record({ kind: "experiment-moved", from: gone, to: path, lab });
    world.views.delete(path);
    const { text, hash, reading } = view;
    return { kind: "journal-read", experiment: path, text, hash, reading, atMs };
  }
  return undefined;
}

/** Positions of the commands in a copied folder that are unchanged since the copy. */
export function inertBlocks(
  copied: ExperimentCopy | undefined,
  positions: ReadonlyMap<string, BlockIndex>,
  placed: ReadonlyMap<string, unknown>,
): ReadonlySet<string> {
  const inert = new Set<string>();
  if (copied === undefined) return inert;
  const left = new Map<string, number>();
  for (const key of copied.inert) left.set(key, (left.get(key) ?? 0) + 1);
  for (const [at, { command }] of positions) {
    const key = inertKey(command);
    const count = left.get(key) ?? 0;
    if (count === 0 || placed.has(at)) continue;
    left.set(key, count - 1);
    inert.add(at);
  }
  return inert;
}

/** Equal for unchanged commands; approval in writing counts as a change. */
const inertKey = ({ canonical, spec }: FoundCommand): string =>
  spec?.go === true ? `${canonical} go` : canonical;

/** The experiment whose commands the receipts of this journal name. */
function experimentOfReceipts(world: World, reading: JournalReading): ExperimentPath | undefined {
  for (const { receiptId } of blockIndexes(reading).values()) {
    const command = world.commands.get(commandId(receiptId ?? ""));
    if (command !== undefined) return command.experiment;
  }
  return undefined;
}

/** An experiment with commands and this very text that has just gone: it was renamed. */
function sameTextGone(world: World, { hash, atMs }: JournalRead): ExperimentPath | undefined {
  for (const [path, gone] of world.gone) {
    if (gone.hash !== hash || atMs - gone.atMs > RENAME_SEEN_MS) continue;
    if ((world.experiments.get(path)?.commands.length ?? 0) > 0) return path;
  }
  return undefined;
}

/** Another experiment with commands and this very text: it was copied. */
function sameText(world: World, text: string, except: ExperimentPath): ExperimentPath | undefined {
  for (const [path, view] of world.views) {
    if (path === except || view.text !== text) continue;
    if ((world.experiments.get(path)?.commands.length ?? 0) > 0) return path;
  }
  return undefined;
}
