// Which block of a text is which command, and which are new. journal/identity/align.ts pairs them;
// here what it leaves is told apart: typed anew, or brought, pasted and torn with a receipt.
import { commandId, type CommandId, type ExperimentPath } from "../base/ids.ts";
import { ENDED } from "../domain/command-state.ts";
import type { JournalView } from "../domain/journal-view.ts";
import { presentIn } from "../domain/resolve-reference.ts";
import type { Turn } from "../domain/turn.ts";
import { hasBegun, type Command, type JournalRead, type World } from "../domain/world.ts";
import type { Alignment, KnownPlace } from "../journal/identity/align.ts";
import { alignChanged } from "../journal/identity/align-changed.ts";
import {
  blockIndexes,
  recordHeadings,
  recordOrder,
  type BlockIndex,
} from "../journal/identity/block-index.ts";
import { tornReceipts } from "../journal/identity/foreign-receipts.ts";
import { CANCEL_DELETED_MS } from "./settle.ts";
import { once, type Aligned } from "./settle-timers.ts";
import { defined } from "../base/defined.ts";

/** A text to be aligned, with the commands that are known in its journal. */
interface Text {
  readonly world: World;
  readonly experiment: ExperimentPath;
  readonly known: readonly Command[];
  readonly found: ReadonlyMap<string, BlockIndex>;
  readonly before: JournalView | undefined;
  /** Its folder is a copy of another experiment's. */
  readonly inCopy: boolean;
  /** Ids of receipts that were torn off, by the position of the command above. */
  readonly torn: () => ReadonlyMap<string, readonly string[]>;
}

/** Which known command is at which position, recording their order and headings. */
export function alignBlocks(
  turn: Turn,
  { experiment, reading, text }: JournalRead,
  before: JournalView | undefined,
): Aligned {
  const { world } = turn;
  const found = blockIndexes(reading);
  const all: Text = {
    world,
    experiment,
    known: knownIn(turn, experiment, { found, before }),
    found,
    before,
    inCopy: world.experiments.get(experiment)?.copied !== undefined,
    torn: once(() => tornReceipts({ text, reading })),
  };
  const result = alignKnown(turn, all);
  recordOrder(turn, experiment, [...found.keys()], result.placed);
  recordHeadings(turn, experiment, found, result.placed);
  const bare = new Set(
    [...result.placed].flatMap(([at, id]) => (found.get(at)?.receiptId === id ? [] : [id])),
  );
  const ids = result.moved.filter((id) => bare.has(id) && wasShown(world, id));
  // A command that was moved without its receipt did not have it hidden: it gets a new one.
  if (ids.length > 0) turn.record({ kind: "receipts-missed", experiment, ids });
  const { placed, descendants } = result;
  return { placed, descendants, ...sortNew(all, result) };
}

/**
 * The commands that a text may hold: those of the last one, and of those gone from the journal the
 * ones that a receipt names, that read like a line of it, or that went just now.
 */
function knownIn(
  turn: Turn,
  experiment: ExperimentPath,
  { found, before }: Pick<Text, "found" | "before">,
): readonly Command[] {
  const { world } = turn;
  const { gone = [], index } = world.experiments.get(experiment) ?? {};
  const left = new Map<CommandId, Command>();
  const add = (id: CommandId, mayBe: (command: Command) => boolean): boolean => {
    const command = world.commands.get(id);
    const isLeft = command?.absentSinceMs !== undefined && command.experiment === experiment;
    if (!isLeft || command.parent !== undefined || !mayBe(command)) return false;
    left.set(id, command);
    return true;
  };
  for (const { receiptId } of found.values()) {
    if (receiptId !== undefined) add(commandId(receiptId), () => true);
  }
  // What reads the same has the same target.
  const lines = Map.groupBy(found.values(), ({ command }) => command.spec?.target ?? "");
  for (const [target, same] of lines) {
    const read = new Set(same.map(({ command }) => command.canonical));
    for (const id of index?.named.get(target) ?? [])
      add(id, ({ canonical }) => read.has(canonical));
  }
  // Until its first text the last daemon's end counts as now.
  const atMs = before === undefined ? Math.min(turn.atMs, world.replayedMs) : turn.atMs;
  for (let i = gone.length - 1; i >= 0; i -= 1) {
    const id = gone[i];
    if (id !== undefined && !add(id, (command) => !isLongAbsent({ atMs }, command))) break;
  }
  const latestFirst = [...left.values()].toSorted(
    (a, b) => (b.absentSinceMs ?? 0) - (a.absentSinceMs ?? 0) || a.acceptedAtMs - b.acceptedAtMs,
  );
  return [...presentIn(world, experiment), ...latestFirst];
}

const wasShown = (world: World, id: CommandId): boolean =>
  (world.commands.get(id)?.shownInWrite ?? 0) > 0;

function alignKnown(turn: Turn, { known, found, before, torn }: Text): Alignment {
  const lastOf = lastTexts(turn, before);
  return alignChanged({
    detached: () => new Set([...torn().values()].flat()),
    known: known.map((command) => ({
      ...lastOf(command),
      id: command.id,
      canonical: command.canonical,
      source: command.source,
      form: command.form,
      heading: command.heading,
      ...defined({ earlierHeadings: command.earlierHeadings }),
      started: hasBegun(command) || ENDED.has(command.state),
      receiptShown: command.shownInWrite > 0,
      absent: command.absentSinceMs !== undefined,
      longAbsent: isLongAbsent(turn, command),
    })),
    found: [...found].map(([at, { command, heading, receiptId }]) => ({
      place: at,
      canonical: command.canonical,
      source: command.source,
      form: command.form,
      heading,
      ...defined({ receiptId }),
    })),
  });
}

const isLongAbsent = ({ atMs }: Pick<Turn, "atMs">, { absentSinceMs }: Command): boolean =>
  atMs - (absentSinceMs ?? atMs) > CANCEL_DELETED_MS;

/** How each command stood in the last text, or did until just now. */
function lastTexts(
  turn: Turn,
  before: JournalView | undefined,
): (command: Command) => Pick<KnownPlace, "last"> {
  const positions = before === undefined ? undefined : blockIndexes(before.reading);
  const texts = new Map(
    [...(before?.placed ?? [])].map(([at, id]) => [id, positions?.get(at)?.command]),
  );
  return (command) => {
    if (before !== undefined && command.absentSinceMs === undefined) {
      const last = texts.get(command.id);
      return last === undefined ? {} : { last };
    }
    // Before the first text of a daemon, a moment ago is before the last one ended.
    const atMs = before === undefined ? turn.world.replayedMs : turn.atMs;
    const isKnownEdit = command.ranAs !== undefined;
    return isLongAbsent({ atMs }, command) || isKnownEdit ? {} : { last: command };
  };
}

/** What belongs to no known command: new, or a copy that came with a receipt. */
function sortNew(
  text: Text,
  result: Alignment,
): { readonly fresh: ReadonlySet<string>; readonly copied: ReadonlySet<string> } {
  const { world, found, inCopy } = text;
  const fresh = new Set(result.fresh);
  const copied = new Set(result.copied);
  // Receipts here may name commands of another journal: those blocks were copied from there. In a
  // copied folder all do, and a block that differs from its receipt was changed there.
  for (const { place: at, id } of result.unknown) {
    const original = world.commands.get(commandId(id));
    if (original === undefined) continue;
    const isChanged = inCopy && original.canonical !== found.get(at)?.command.canonical;
    (isChanged ? fresh : copied).add(at);
  }
  const isCopy = once(() => copyTest(text, result));
  for (const at of result.fresh) {
    if (!isCopy()(at)) continue;
    fresh.delete(at);
    copied.add(at);
  }
  return { fresh, copied };
}

/** Whether a line without a receipt is a copy all the same, or the original of one. */
function copyTest(text: Text, result: Alignment): (at: string) => boolean {
  const { world, experiment, known, found, inCopy, torn } = text;
  const isOwn = (id: CommandId): boolean => {
    const { experiment: of, parent, repeats } = world.commands.get(id) ?? {};
    return of === experiment && parent === undefined && repeats === undefined;
  };
  const placed = new Set(result.placed.values());
  // Receipts that stand twice, torn off and below a copy, or below two lines: no telling which line
  // is the older one.
  const isPasted = result.copied.length > 0;
  const twice = new Set(
    known.flatMap(({ id, canonical }) => (isPasted && placed.has(id) ? [canonical] : [])),
  );
  for (const id of [...torn().values()].flat()) {
    const command = world.commands.get(commandId(id));
    if (command !== undefined && placed.has(command.id)) twice.add(command.canonical);
  }
  const stoodBare = bareLines(text, result.placed);
  return (at) => {
    const ids = (torn().get(at) ?? []).map(commandId);
    const isTorn = ids.some((id) => (isOwn(id) ? placed.has(id) : !inCopy));
    return isTorn || twice.has(found.get(at)?.command.canonical ?? "") || stoodBare(at);
  };
}

/**
 * Whether a line whose receipt is hidden stood so in the last text already: a copy of it with the
 * receipt has just come, and is taken for the command itself.
 */
function bareLines(
  { world, found, before }: Text,
  placed: ReadonlyMap<string, CommandId>,
): (at: string) => boolean {
  const left = new Map<string, number>();
  const count = (one: BlockIndex | undefined, by: number): void => {
    if (one === undefined || one.receiptId !== undefined) return;
    const { canonical } = one.command;
    left.set(canonical, (left.get(canonical) ?? 0) + by);
  };
  const earlier = before === undefined ? undefined : blockIndexes(before.reading);
  // One whose receipt was never shown is bare because the next write brings it.
  for (const [at, id] of before?.placed ?? []) if (wasShown(world, id)) count(earlier?.get(at), 1);
  for (const [at, id] of placed) if (wasShown(world, id)) count(found.get(at), -1);
  return (at) => {
    const canonical = found.get(at)?.command.canonical ?? "";
    const isLeft = (left.get(canonical) ?? 0) > 0;
    if (isLeft) count(found.get(at), -1);
    return isLeft;
  };
}
