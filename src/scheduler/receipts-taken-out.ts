// Receipts that a person deleted while their command stayed. Such a receipt stays away, unless it
// cannot be told from one that an old copy of the file never had: then it comes back once.
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import { isRendered, writeTraced } from "../base/receipt-block.ts";
import type { CommandBlock } from "../domain/journal.ts";
import type { JournalView } from "../domain/journal-view.ts";
import type { Turn } from "../domain/turn.ts";
import type { Command, World } from "../domain/world.ts";
import { blockIndexes } from "../journal/identity/block-index.ts";
import { wordsChanged } from "../journal/merge/words-changed.ts";
import { strayReceipt } from "../journal/read/stray-receipts.ts";

/** Records the receipts that the text just read lacks, and the last one had. */
export function noteTakenOut(
  turn: Turn,
  experiment: ExperimentPath,
  before: JournalView | undefined,
): void {
  const view = turn.world.views.get(experiment);
  const known = turn.world.experiments.get(experiment);
  if (view === undefined || known === undefined) return;
  const had = before === undefined ? undefined : shownIn(before);
  const gone = missing(turn.world, view).filter(
    ({ id, receiptTakenOut }) =>
      receiptTakenOut !== "for good" &&
      had?.has(id) !== false &&
      !isParted(view, id, known.rendered),
  );
  if (gone.length === 0) return;
  const newest = newestShown(turn.world, view, known);
  const again = before !== undefined && !wordsChanged(before, view, known.rendered);
  const isSure = ({ id, shownInWrite, receiptTakenOut }: Command): boolean =>
    shownInWrite <= newest || isElsewhere(view.text, id) || (again && receiptTakenOut === "once");
  for (const surely of [true, false]) {
    const ids = gone.filter((one) => isSure(one) === surely).map(({ id }) => id);
    const isNew =
      surely || ids.some((id) => turn.world.commands.get(id)?.receiptTakenOut !== "once");
    if (ids.length > 0 && isNew) {
      turn.record({ kind: "receipts-taken-out", experiment, ids, surely });
    }
  }
}

/** Commands whose receipt stands below them. */
const shownIn = ({ reading, placed }: JournalView): ReadonlySet<CommandId> =>
  new Set(
    [...blockIndexes(reading)].flatMap(([at, { receiptId }]) => {
      const id = placed.get(at);
      return id !== undefined && id === receiptId ? [id] : [];
    }),
  );

/** Commands without a receipt that had one once. */
function missing(world: World, view: JournalView): readonly Command[] {
  const shown = shownIn(view);
  return [...view.placed.values()].flatMap((id) => {
    const command = world.commands.get(id);
    return command === undefined || command.shownInWrite === 0 || shown.has(id) ? [] : [command];
  });
}

/**
 * The newest write that something in the text comes from: a receipt or a trace. What was written
 * then or earlier, and is not there, was deleted by somebody who had it before them.
 */
function newestShown(
  world: World,
  view: JournalView,
  { rendered, writes }: { readonly rendered: ReadonlySet<string>; readonly writes: number },
): number {
  let newest = 0;
  const take = (block: CommandBlock): void => {
    for (const { normal } of block.receipt?.blocks ?? []) {
      if (isRendered(normal, rendered)) newest = Math.max(newest, writeTraced(normal, writes));
    }
  };
  view.reading.blocks.forEach(take);
  for (const id of shownIn(view)) {
    newest = Math.max(newest, world.commands.get(id)?.shownInWrite ?? 0);
  }
  return newest;
}

/** Whether somebody typed between a command and its receipt: then it goes back up. */
function isParted(
  { text, reading, placed }: JournalView,
  id: CommandId,
  rendered: ReadonlySet<string>,
): boolean {
  const at = [...placed].find(([, one]) => one === id)?.[0];
  const index = Number(at?.split(".")[0] ?? -1);
  const below = [reading.blocks[index + 1]?.receipt, strayReceipt(text, reading, index, rendered)];
  return below.some((receipt) => receipt?.heads.some((head) => head.id === id) === true);
}

/** Whether a receipt was moved away from its command. */
const isElsewhere = (text: string, id: CommandId): boolean =>
  new RegExp(`^[ \\t]*>.*\\*\\*\\w+\\*\\* \`${id}\``, "m").test(text);
