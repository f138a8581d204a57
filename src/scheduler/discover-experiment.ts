// The first reading of an experiment's journal: made here, from elsewhere, a copy, or renamed.
// What that means for its commands is in align-journal.ts and accept-commands.ts.
import { commandId, type ExperimentPath } from "../base/ids.ts";
import type { JournalReading } from "../domain/journal.ts";
import type {
  Experiment,
  ExperimentCopy,
  FoundExperiment,
  JournalRead,
  World,
} from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { blockIndexes, type BlockIndex } from "../journal/identity/block-index.ts";
import type { FirstText } from "./start-rule.ts";

/** A rename may be seen as a new folder and a missing one, up to this long apart. */
const RENAME_SEEN_MS = 20_000;

/**
 * What the text is to its journal: one of those that follow the first, or the first. `undecided`:
 * it can be told from a copy only once every experiment has been found.
 */
export type Discovery = "known" | FirstText | "undecided";

/** Records an experiment that is not known yet, and says what its first text is. */
export function discoverExperiment(turn: Turn, event: JournalRead): Discovery {
  const { world } = turn;
  const { experiment, reading } = event;
  const found = world.found.get(experiment);
  if (found === undefined || found.sight === "followed") return "known";
  const elsewhere = experimentOfReceipts(world, reading);
  const isKnown = world.experiments.has(experiment);
  if (!isKnown && elsewhere !== undefined && !world.allFound) {
    world.undecided.set(experiment, event);
    return "undecided";
  }
  world.found.set(experiment, { ...found, sight: "followed" });
  // The folder of a known experiment that comes anew brings a first text again.
  if (isKnown) return found.sight === "arrived" ? "arrived" : "known";
  return firstText(turn, event, found, elsewhere);
}

function firstText(
  turn: Turn,
  { experiment, reading, text, hash }: JournalRead,
  found: FoundExperiment,
  elsewhere: ExperimentPath | undefined,
): "known" | FirstText {
  const { world } = turn;
  const { sight } = found;
  const known = { kind: "experiment-known", experiment, lab: found.lab } as const;
  const from = elsewhere ?? sameTextGone(world, hash, turn.atMs);
  if (from !== undefined && !world.found.has(from)) {
    turn.record({ kind: "experiment-moved", from, to: experiment, lab: found.lab });
    return "known";
  }
  const of = elsewhere ?? (sight === "made" ? undefined : sameText(world, text, experiment));
  if (of !== undefined) {
    turn.record({ ...known, foreign: false });
    const inert = [...blockIndexes(reading).values()].map(inertKey);
    turn.record({ kind: "experiment-copied", experiment, of, inert });
    return "known";
  }
  const hasReceipts = reading.blocks.some(({ receipt }) => receipt !== undefined);
  const isTyped = sight === "typed" && !hasReceipts;
  if (sight === "made" || isTyped) {
    turn.record({ ...known, foreign: false });
    return isTyped ? "typed" : "known";
  }
  turn.record({ ...known, foreign: true });
  return sight === "stood" ? "stood" : "arrived";
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
  for (const { path, lab, copied, ...one } of world.experiments.values()) {
    const view = world.views.get(path);
    if (copied?.of !== gone || hasCommands(one) || view === undefined) continue;
    if (atMs - copied.atMs > RENAME_SEEN_MS) continue;
    turn.record({ kind: "experiment-moved", from: gone, to: path, lab });
    world.views.delete(path);
    const { text, hash, reading } = view;
    return { kind: "journal-read", experiment: path, text, hash, reading, atMs };
  }
  return undefined;
}

/**
 * Positions of the commands in a copied folder that are unchanged since the copy: `inert` below the
 * receipt of the original, else `bare`.
 */
export function inertBlocks(
  copied: ExperimentCopy | undefined,
  positions: ReadonlyMap<string, BlockIndex>,
  placed: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, "inert" | "bare"> {
  const unchanged = new Map<string, "inert" | "bare">();
  if (copied === undefined) return unchanged;
  const left = new Map<string, number>();
  for (const key of copied.inert) left.set(key, (left.get(key) ?? 0) + 1);
  for (const [at, index] of positions) {
    // Facts of release 0.1 do not say which commands had a receipt.
    const key = [inertKey(index), commandKey(index)].find((one) => (left.get(one) ?? 0) > 0);
    if (key === undefined) continue;
    left.set(key, (left.get(key) ?? 0) - 1);
    if (!placed.has(at)) unchanged.set(at, index.receiptId === undefined ? "bare" : "inert");
  }
  return unchanged;
}

/** Equal for unchanged commands; approval in writing counts as a change, and so does a receipt. */
const inertKey = (index: BlockIndex): string =>
  index.receiptId === undefined ? commandKey(index) : `${commandKey(index)} receipt`;

const commandKey = ({ command: { canonical, spec } }: BlockIndex): string =>
  spec?.go === true ? `${canonical} go` : canonical;

/** The experiment whose commands the receipts of this journal name. */
function experimentOfReceipts(world: World, reading: JournalReading): ExperimentPath | undefined {
  for (const { receiptId } of blockIndexes(reading).values()) {
    const command = world.commands.get(commandId(receiptId ?? ""));
    if (command !== undefined) return command.experiment;
  }
  return undefined;
}

const hasCommands = (one: Pick<Experiment, "present" | "gone"> | undefined): boolean =>
  one !== undefined && one.present.length + one.gone.length > 0;

/** An experiment with commands and this very text that has just gone: it was renamed. */
function sameTextGone(world: World, hash: string, atMs: number): ExperimentPath | undefined {
  for (const [path, gone] of world.gone) {
    if (gone.hash !== hash || atMs - gone.atMs > RENAME_SEEN_MS) continue;
    if (hasCommands(world.experiments.get(path))) return path;
  }
  return undefined;
}

/** Another experiment with commands and this very text: it was copied. */
function sameText(world: World, text: string, except: ExperimentPath): ExperimentPath | undefined {
  for (const [path, view] of world.views) {
    if (path === except || view.text !== text) continue;
    if (hasCommands(world.experiments.get(path))) return path;
  }
  return undefined;
}
