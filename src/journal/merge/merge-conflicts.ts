// The receipt line that reports a merge conflict, until the user deletes it. The older save's text
// is in the kept versions; cli/restore.ts brings it back.
import type { Event, MergeConflict } from "../../domain/event.ts";
import type { CommandId, ExperimentPath } from "../../base/ids.ts";
import type { JournalReading } from "../../domain/journal.ts";
import { shellWord } from "../../base/shell-word.ts";
import type { JournalView } from "../../domain/journal-view.ts";
import type { Experiment, World } from "../../domain/world.ts";
import type { Turn } from "../../domain/turn.ts";
import { codeSpan } from "../../base/markdown-text.ts";
import { normalReceiptBlock } from "../../base/receipt-block.ts";
import { defined } from "../../base/defined.ts";

/** Hex digits of a version's hash that are shown: 48 bits, unique among a few thousand versions. */
export const VERSION_DIGITS = 12;

/** The line, as a block of a receipt. */
function mergeConflictBlock(experiment: Experiment, version: string): string {
  const { path, lab } = experiment;
  const folder = path.startsWith(`${lab}/`) ? path.slice(lab.length + 1) : path;
  const name = version.slice(0, VERSION_DIGITS);
  const command = codeSpan(`nightlab restore ${shellWord(folder)} ${name}`);
  return `**problem** two saves changed the same lines; the older is kept, and ${command} shows it (take this line out when done)`;
}

/**
 * The lines of a journal's merge conflicts by index of the command block whose receipt shows them:
 * the nearest command above the conflict, else the first block.
 */
export function mergeConflictBlocks(
  world: World,
  experiment: ExperimentPath,
  view: JournalView,
): ReadonlyMap<number, readonly string[]> {
  const lines = new Map<number, readonly string[]>();
  const found = world.experiments.get(experiment);
  if (found === undefined) return lines;
  for (const { version, near } of found.mergeConflicts ?? []) {
    const place = [...view.placed].find(([, id]) => id === near)?.[0];
    const block = Number(place?.split(".")[0] ?? 0);
    lines.set(block, [...(lines.get(block) ?? []), mergeConflictBlock(found, version)]);
  }
  return lines;
}

/** Records the merge conflicts of a read, and those whose line the user has deleted since. */
export function noteMergeConflict(
  turn: Turn,
  event: Extract<Event, { kind: "journal-read" }>,
  before: JournalView | undefined,
): void {
  const { experiment, reading } = event;
  const known = turn.world.experiments.get(experiment);
  if (known === undefined) return;
  const reported = known.mergeConflicts ?? [];
  const comparable = before !== undefined && event.onDisk === undefined && reported.length > 0;
  const dismissed = comparable ? missing(before, reading) : new Set();
  for (const { version } of reported) {
    const line = normalReceiptBlock(mergeConflictBlock(known, version));
    if (dismissed.size === 1 && dismissed.has(line)) {
      turn.record({ kind: "set-aside-dismissed", experiment, version });
    }
  }
  for (const { version } of known.oldCopies ?? []) {
    if (version === event.hash) turn.record({ kind: "old-copy-mended", experiment, version });
  }
  if (event.oldCopy !== undefined) {
    turn.record({ kind: "old-copy-saved", experiment, ...event.oldCopy });
  }
  for (const conflict of event.setAside ?? []) {
    if (known.mergeConflicts?.some(({ version }) => version === conflict.version)) continue;
    const near = commandAbove(turn.world.views.get(experiment), conflict);
    turn.record({
      kind: "save-set-aside",
      experiment,
      version: conflict.version,
      ...defined({ near }),
    });
  }
}

/**
 * Receipt blocks of the last text that this one lacks. If exactly one is missing, the user deleted
 * it: a save loaded before it was written would lack others too, since every write changes two.
 */
function missing(before: JournalView, reading: JournalReading): ReadonlySet<string> {
  const now = new Set(conflictBlocksIn(reading));
  return new Set(conflictBlocksIn(before.reading).filter((block) => !now.has(block)));
}

function conflictBlocksIn({ blocks }: JournalReading): readonly string[] {
  return blocks.flatMap(({ receipt }) =>
    (receipt?.blocks ?? []).map(({ normal }) => normalReceiptBlock(normal)),
  );
}

/** The last command at or above a conflict's line, else the first one of the journal. */
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
