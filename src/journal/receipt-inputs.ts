// What a person says by changing a receipt: a ticked start box, a flag marked as resolved.
// What follows from it is decided in step; the changed line itself is rendered anew.
import { commandId, type CommandId } from "../model/ids.ts";
import type { JournalReading, ReceiptPiece } from "../model/journal.ts";
import type { Command } from "../model/world.ts";
import { openedFlag, pieceHash, pieceNormal } from "./piece.ts";
import { findingText, flagKey, shownFindings } from "./receipt-flags.ts";

export interface ReceiptInputs {
  /** Commands whose start box is ticked. */
  readonly ticked: readonly CommandId[];
  /** The box that starts all held commands of an experiment from elsewhere is ticked. */
  readonly startAll: boolean;
  /** Flags changed from `[WEIRD]` to `[RESOLVED]`: as the run keeps them, and as they stand. */
  readonly resolved: readonly {
    readonly id: CommandId;
    readonly flag: string;
    readonly pieceText: string;
  }[];
}

/**
 * Reads the inputs out of pieces that the daemon rendered; other boxes and tags are only text.
 * The same inputs are found at each reading until the receipt is rendered in its new state.
 */
export function receiptInputs(
  reading: JournalReading,
  rendered: ReadonlySet<string>,
  commands: ReadonlyMap<CommandId, Command>,
): ReceiptInputs {
  const ticked: CommandId[] = [];
  let startAll = false;
  const resolved: ReceiptInputs["resolved"][number][] = [];
  for (const { receipt } of reading.blocks) {
    let id = idOf(receipt?.heads[0]?.id);
    for (const piece of receipt?.pieces ?? []) {
      // Only a head, a tick and a resolved flag say anything; the others are many.
      if (piece.ticked !== true && !/^\*\*|\[RESOLVED\]/.test(piece.normal)) continue;
      const normal = pieceNormal(piece.normal);
      id = idOf(/^\*\*[a-z]+\*\* `([a-z0-9]+)`/.exec(normal)?.[1]) ?? id;
      if (id === undefined) continue;
      if (isTickedBox(piece, normal) && rendered.has(pieceHash(normal))) {
        if (START_ALL.test(normal)) startAll = true;
        else ticked.push(id);
      }
      const opened = openedFlag(normal);
      if (opened === undefined || !rendered.has(pieceHash(opened))) continue;
      const whose = memberIn(commands.get(id), normal) ?? id;
      const flag = flagOf(commands.get(whose), normal);
      if (flag !== undefined) resolved.push({ id: whose, flag, pieceText: normal });
    }
  }
  return { ticked: [...new Set(ticked)], startAll, resolved };
}

const idOf = (id: string | undefined): CommandId | undefined =>
  id === undefined ? undefined : commandId(id);

const START_ALL = /^start all \d+$/;

const isTickedBox = (piece: ReceiptPiece, normal: string): boolean =>
  piece.ticked === true && /^start\b/.test(normal);

/** The member of a sweep that a flag's line names. */
function memberIn(head: Command | undefined, normal: string): CommandId | undefined {
  const named = /\[RESOLVED\] `([a-z0-9]+\.\d+)` /.exec(normal)?.[1];
  return head?.members?.find((id) => id === named);
}

/** The key of the finding that a flag's line shows. */
function flagOf(command: Command | undefined, normal: string): string | undefined {
  const run = command?.run;
  if (command === undefined || run?.outcome === undefined) return undefined;
  const said = normal
    .replace(/^.*?\[RESOLVED\] /, "")
    .replace(command.parent === undefined ? /^$/ : `\`${command.id}\` `, "");
  const finding = shownFindings(run.outcome).find(
    (one) => pieceNormal(findingText(one, run.folder)) === said,
  );
  return finding === undefined ? undefined : flagKey(finding);
}
