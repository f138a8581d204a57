// The line that tells a person of a save that gave way in a merge, until they take it out again.
// The save itself is a kept version; how it comes back is `nightlab restore`'s.
import type { Event, MergeConflict } from "../../domain/event.ts";
import type { CommandId, ExperimentPath } from "../../base/ids.ts";
import type { JournalReading } from "../../domain/journal.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { JournalView } from "../../domain/journal-view.ts";
import type { Experiment, World } from "../../domain/world.ts";
import type { Turn } from "../../domain/turn.ts";
import { codeSpan } from "../../base/markdown-text.ts";
import { normalReceiptBlock } from "../../base/receipt-block.ts";

/** Digits of a version's hash that name it: enough among a few thousand. */
export const VERSION_DIGITS = 12;

/** The line itself, as a piece of a receipt. */
function mergeConflictBlock(experiment: Experiment, version: string): string {
  const { path, lab } = experiment;
  const folder = path.startsWith(`${lab}/`) ? path.slice(lab.length + 1) : path;
  const name = version.slice(0, VERSION_DIGITS);
  const command = codeSpan(`nightlab restore ${shellWord(folder)} ${name}`);
  return `**problem** two saves changed the same lines; the older is kept, and ${command} shows it (take this line out when done)`;
}

/** Pieces by the index of the block whose receipt tells them; the first one where none is near. */
export function mergeConflictBlocks(
  world: World,
  experiment: ExperimentPath,
  view: JournalView,
): ReadonlyMap<number, readonly string[]> {
  const pieces = new Map<number, readonly string[]>();
  const found = world.experiments.get(experiment);
  if (found === undefined) return pieces;
  for (const { version, near } of found.mergeConflicts ?? []) {
    const place = [...view.placed].find(([, id]) => id === near)?.[0];
    const block = Number(place?.split(".")[0] ?? 0);
    pieces.set(block, [...(pieces.get(block) ?? []), mergeConflictBlock(found, version)]);
  }
  return pieces;
}

/** Notes saves that gave way in a merge, and lines about earlier ones that the person took out. */
export function noteMergeConflict(
  turn: Turn,
  event: Extract<Event, { kind: "journal-read" }>,
  before: JournalView | undefined,
): void {
  const { experiment, reading } = event;
  const known = turn.world.experiments.get(experiment);
  if (known === undefined) return;
  const told = known.mergeConflicts ?? [];
  const comparable = before !== undefined && event.onDisk === undefined && told.length > 0;
  const dismissed = comparable ? missing(before, reading) : new Set();
  for (const { version } of told) {
    const piece = normalReceiptBlock(mergeConflictBlock(known, version));
    if (dismissed.size === 1 && dismissed.has(piece)) {
      turn.record({ kind: "set-aside-dismissed", experiment, version });
    }
  }
  for (const aside of event.setAside ?? []) {
    if (known.mergeConflicts?.some(({ version }) => version === aside.version)) continue;
    const near = commandAbove(turn.world.views.get(experiment), aside);
    turn.record({
      kind: "save-set-aside",
      experiment,
      version: aside.version,
      ...(near === undefined ? {} : { near }),
    });
  }
}

/**
 * Receipt pieces that stood in the last text and do not in this one. Where it is but one, a person
 * took it out: a save from before it was written lacks others too, since every write changes two.
 */
function missing(before: JournalView, reading: JournalReading): ReadonlySet<string> {
  const now = new Set(conflictBlocksIn(reading));
  return new Set(conflictBlocksIn(before.reading).filter((piece) => !now.has(piece)));
}

function conflictBlocksIn({ blocks }: JournalReading): readonly string[] {
  return blocks.flatMap(({ receipt }) =>
    (receipt?.blocks ?? []).map(({ normal }) => normalReceiptBlock(normal)),
  );
}

function commandAbove(
  view: JournalView | undefined,
  { line }: MergeConflict,
): CommandId | undefined {
  let nearest: CommandId | undefined;
  for (const [i, block] of view?.reading.blocks.entries() ?? []) {
    for (const [j, command] of block.commands.entries()) {
      const id = view?.placed.get(`${i}.${j}`);
      if (id !== undefined && (command.line <= line || nearest === undefined)) nearest = id;
    }
  }
  return nearest;
}
