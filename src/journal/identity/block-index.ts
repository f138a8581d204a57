// Positions of commands in a journal, written `block.command`, and recording their order and
// headings in the world. Which known command is at which position is found by align.ts.
import type { CommandId, ExperimentPath } from "../../base/ids.ts";
import type { FoundCommand, JournalReading } from "../../domain/journal.ts";
import type { Turn } from "../../domain/turn.ts";

/** A command of a reading, with its block, heading and receipt. */
export interface BlockIndex {
  readonly command: FoundCommand;
  /** Index of its block in the reading. */
  readonly block: number;
  readonly heading: string;
  readonly receiptId: string | undefined;
}

/** Cache: each turn needs them several times, and long journals have thousands of commands. */
const PLACES = new WeakMap<JournalReading, ReadonlyMap<string, BlockIndex>>();

/** Every command of a reading by its position `block.command`, in the order of the text. */
export function blockIndexes(reading: JournalReading): ReadonlyMap<string, BlockIndex> {
  const known = PLACES.get(reading);
  if (known !== undefined) return known;
  const places = parseBlockIndexes(reading);
  PLACES.set(reading, places);
  return places;
}

function parseBlockIndexes(reading: JournalReading): ReadonlyMap<string, BlockIndex> {
  const places = new Map<string, BlockIndex>();
  reading.blocks.forEach((block, i) => {
    block.commands.forEach((command, j) => {
      const receiptId = block.receipt?.heads[j]?.id;
      places.set(`${i}.${j}`, { command, block: i, heading: block.heading, receiptId });
    });
  });
  return places;
}

/** Records the order of commands in the journal if it differs from the world's. */
export function recordOrder(
  turn: Turn,
  experiment: ExperimentPath,
  places: Iterable<string>,
  placed: ReadonlyMap<string, CommandId>,
): void {
  const order = [...places].flatMap((at) => placed.get(at) ?? []);
  const { present = [] } = turn.world.experiments.get(experiment) ?? {};
  const same = order.length === present.length && order.every((id, i) => id === present[i]);
  if (!same) turn.record({ kind: "journal-aligned", experiment, commands: order });
}

/** Records the headings of the commands that are below another heading than before. */
export function recordHeadings(
  turn: Turn,
  experiment: ExperimentPath,
  places: ReadonlyMap<string, BlockIndex>,
  placed: ReadonlyMap<string, CommandId>,
): void {
  const headings = [...placed].flatMap(([at, id]) => {
    const heading = places.get(at)?.heading;
    const moved = heading !== undefined && turn.world.commands.get(id)?.heading !== heading;
    return moved ? [[id, heading] as const] : [];
  });
  if (headings.length > 0) turn.record({ kind: "commands-moved", experiment, headings });
}
