// What a person asks for by changing a receipt: a ticked start box, a flag marked as resolved.
// `step` decides what follows; the changed line is rendered again.
import { commandId, type CommandId } from "../../base/ids.ts";
import type { JournalReading, ReceiptBlock } from "../../domain/journal.ts";
import type { Command } from "../../domain/world.ts";
import { openedFlag, receiptBlockHash, normalReceiptBlock } from "../../base/receipt-block.ts";
import {
  findingsSoFar,
  receiptFinding,
  flagKey,
  shownFindings,
} from "../../domain/receipt-flags.ts";

export interface ReceiptInputs {
  /** Commands whose start box is ticked. */
  readonly ticked: readonly CommandId[];
  /** Commands whose start box is not. */
  readonly unticked: readonly CommandId[];
  /** The box that starts all held commands of a foreign experiment is ticked. */
  readonly startAll: boolean;
  /** That box is there and is not ticked. */
  readonly offersAll: boolean;
  /** Flags changed from `[WEIRD]` to `[RESOLVED]`: by the run's key, and as written. */
  readonly resolved: readonly {
    readonly id: CommandId;
    readonly flag: string;
    readonly blockText: string;
  }[];
}

/**
 * Reads the inputs from blocks that the daemon rendered; other boxes and tags are just text. The
 * same inputs are found at each reading until the receipt is rendered in its new state.
 */
export function receiptInputs(
  reading: JournalReading,
  rendered: ReadonlySet<string>,
  commands: ReadonlyMap<CommandId, Command>,
): ReceiptInputs {
  const ticked: CommandId[] = [];
  const unticked: CommandId[] = [];
  let startAll = false;
  let offersAll = false;
  const resolved: ReceiptInputs["resolved"][number][] = [];
  for (const { receipt } of reading.blocks) {
    let id = idOf(receipt?.heads[0]?.id);
    for (const block of receipt?.blocks ?? []) {
      // Only a head, a tick and a resolved flag matter; skip the many others quickly.
      if (block.ticked === undefined && !/^\*\*|\[RESOLVED\]/.test(block.normal)) continue;
      const normal = normalReceiptBlock(block.normal);
      id = idOf(/^\*\*[a-z]+\*\* `([a-z0-9]+)`/.exec(normal)?.[1]) ?? id;
      if (id === undefined) continue;
      if (isStartBox(block, normal) && rendered.has(receiptBlockHash(normal))) {
        const isTicked = block.ticked === true;
        if (!START_ALL.test(normal)) (isTicked ? ticked : unticked).push(id);
        else if (isTicked) startAll = true;
        else offersAll = true;
      }
      const opened = openedFlag(normal);
      if (opened === undefined || !rendered.has(receiptBlockHash(opened))) continue;
      for (const one of flagged(commands, id, normal)) resolved.push({ ...one, blockText: normal });
    }
  }
  return { ticked: [...new Set(ticked)], unticked, startAll, offersAll, resolved };
}

const idOf = (id: string | undefined): CommandId | undefined =>
  id === undefined ? undefined : commandId(id);

const START_ALL = /^start all \d+$/;

const isStartBox = (block: ReceiptBlock, normal: string): boolean =>
  block.ticked !== undefined && /^start\b/.test(normal);

interface Flagged {
  readonly id: CommandId;
  readonly flag: string;
}

/** Whose flag a line shows. In a sweep it is that of every run with this flag, named or not. */
function flagged(
  commands: ReadonlyMap<CommandId, Command>,
  id: CommandId,
  normal: string,
): readonly Flagged[] {
  const command = commands.get(id);
  const members = command?.members?.flatMap((member) => commands.get(member) ?? []);
  const first = MEMBERS.exec(normal)?.[1];
  const told = members === undefined ? command : members.find((member) => member.id === first);
  const flag = told === undefined ? undefined : flagOf(told, normal);
  if (told === undefined || flag === undefined) return [];
  const message = ({ run }: Command): string | undefined =>
    findingsSoFar(run).findings.find((finding) => flagKey(finding) === flag)?.message;
  const alike = (members ?? [told]).filter((one) => message(one) === message(told));
  return alike.map((one) => ({ id: one.id, flag }));
}

/** The runs that a flag in a sweep's receipt names; the first of them separately. */
const MEMBERS = /\[RESOLVED\] `([a-z0-9]+\.\d+)`[^:]*: /;

/** The key of the finding that a flag's line shows. */
function flagOf(command: Command, normal: string): string | undefined {
  const { run } = command;
  const said = normal
    .replace(command.parent === undefined ? /^$/ : MEMBERS, "[RESOLVED] ")
    .replace(/^.*?\[RESOLVED\] /, "");
  const finding = shownFindings(findingsSoFar(run)).find(
    (one) => normalReceiptBlock(receiptFinding(one, run?.folder)) === said,
  );
  return finding === undefined ? undefined : flagKey(finding);
}
