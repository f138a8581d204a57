// Timers of what a journal holds and nothing has been decided about: new and edited blocks, and
// problems. How long a block must stand is in settle.ts. Timers are part of the view: not durable.
import { basename } from "node:path";
import { hashText, type CommandId, type ExperimentPath } from "../base/ids.ts";
import { problemText } from "../base/problem.ts";
import { ENDED } from "../domain/command-state.ts";
import type { JournalOrigin } from "../domain/event.ts";
import type { FoundCommand } from "../domain/journal.ts";
import type { JournalView, Settling } from "../domain/journal-view.ts";
import type { Turn } from "../domain/turn.ts";
import { hasBegun, trustOf, type Command, type World } from "../domain/world.ts";
import { blockIndexes } from "../journal/identity/block-index.ts";
import { wordsChanged } from "../journal/merge/words-changed.ts";
import { changeView } from "./change-view.ts";
import { inertBlocks } from "./discover-experiment.ts";
import { shareWord } from "../journal/identity/similarity.ts";
import { bringsReceipts } from "../journal/identity/foreign-receipts.ts";
import { mayStart, type FirstText } from "./start-rule.ts";
import { defined } from "../base/defined.ts";

/** Suffix of a block's index: the key of the block's problems that belong to no command. */
export const PROBLEMS = ".problems";

/** Which command is at which position (`block.command`) of a text just read. */
export interface Aligned {
  readonly placed: ReadonlyMap<string, CommandId>;
  /** Positions of commands that are new. */
  readonly fresh: ReadonlySet<string>;
  /** New as well, below the receipt of a command that is elsewhere. */
  readonly copied: ReadonlySet<string>;
  /** New as well, made out of a command that has started and whose receipt is gone. */
  readonly descendants: ReadonlyMap<string, CommandId>;
}

/** A text of a journal just read, and what it follows. */
export interface Reread {
  readonly view: JournalView;
  readonly before: JournalView | undefined;
  readonly aligned: Aligned;
  /** It is the daemon's own write. */
  readonly own: boolean;
  readonly origin: JournalOrigin | undefined;
  /** It is the first text of its journal. */
  readonly first: FirstText | undefined;
}

/** The timers of a text just read. One that is unchanged since the last text goes on. */
export function settlingIn(
  turn: Turn,
  experiment: ExperimentPath,
  reread: Reread,
): ReadonlyMap<string, Settling> {
  return new Map([
    ...settlingBlocks(turn, experiment, reread),
    ...settlingProblems(turn.atMs, reread),
  ]);
}

/** Timers of blocks that are new, or that were edited before their start. */
function settlingBlocks(
  turn: Turn,
  experiment: ExperimentPath,
  reread: Reread,
): ReadonlyMap<string, Settling> {
  const { view, before, aligned, own, origin } = reread;
  const { world } = turn;
  const settling = new Map<string, Settling>();
  const earlier = Map.groupBy(before?.settling.values() ?? [], ({ source }) => source);
  const held = new Set([...(before?.settling.values() ?? [])].filter(isHeld));
  const positions = blockIndexes(view.reading);
  const { copied, rendered = new Set<string>() } = world.experiments.get(experiment) ?? {};
  const unchanged = inertBlocks(copied, positions, aligned.placed);
  const movedOn = once(() => {
    if (own || origin !== undefined || before === undefined) return false;
    return wordsChanged(before, view, rendered);
  });
  const came = comingOf(turn, experiment, reread);
  for (const [at, { command }] of positions) {
    const id = aligned.placed.get(at);
    const known = id === undefined ? undefined : world.commands.get(id);
    const isNew =
      (aligned.fresh.has(at) || aligned.copied.has(at)) && unchanged.get(at) !== "inert";
    if (!isNew && !(known !== undefined && editedBeforeStart(known, command))) continue;
    const same = earlier.get(command.source)?.shift();
    if (same !== undefined) held.delete(same);
    const madeOf = same ?? (isNew ? heldBefore(held, command) : undefined);
    const editOf = aligned.descendants.get(at) ?? madeOf?.editOf;
    // The next write removes a copied receipt; what is known of the block stays.
    const isCopy = aligned.copied.has(at);
    const copyOf = unchanged.get(at) === "bare" ? copied?.of : undefined;
    const verdict =
      same === undefined || isCopy
        ? mayStart({ ...came({ edited: !isNew, editOf, copyOf }), copied: isCopy })
        : undefined;
    const hold = verdict?.kind === "hold" ? verdict.reason : madeOf?.hold;
    const firstText = verdict === undefined ? same?.firstText : verdict.kind === "first-text";
    settling.set(at, {
      canonical: command.canonical,
      source: command.source,
      sinceMs: same?.sinceMs ?? turn.atMs,
      // This save changed something, and not this block: its author has moved on.
      movedOn: same !== undefined && (same.movedOn || movedOn()),
      committed: verdict === undefined ? same?.committed === true : verdict.kind === "at-once",
      ...defined({ hold, editOf }),
      ...(firstText === true ? { firstText } : {}),
      ...(same?.closedAtMs === undefined ? {} : { closedAtMs: same.closedAtMs }),
    });
  }
  return settling;
}

interface BlockComing {
  readonly edited: boolean;
  readonly editOf: CommandId | undefined;
  readonly copyOf: ExperimentPath | undefined;
}

/** How the new lines of a text came; the parts that all of them share are found out once. */
function comingOf(
  { world }: Turn,
  experiment: ExperimentPath,
  { view, before, origin, first }: Reread,
): (block: BlockComing) => Omit<Parameters<typeof mayStart>[0], "copied"> {
  const trust = trustOf(world, experiment);
  const brought = once(
    () => origin === undefined && bringsReceipts(world, experiment, before, view),
  );
  return ({ edited, editOf, copyOf }) => ({
    edited,
    editOf: editOf === undefined ? undefined : world.commands.get(editOf),
    brought: brought(),
    origin,
    trust,
    copyOf: copyOf === undefined ? undefined : basename(copyOf),
    first,
  });
}

/** The block that a new one was made out of, where that was to be held and nobody was asked yet. */
function heldBefore(held: ReadonlySet<Settling>, { source }: FoundCommand): Settling | undefined {
  return [...held].find((one) => shareWord(one.source, source));
}

const isHeld = ({ hold }: Settling): boolean => hold !== undefined;

/** Evaluates the question on the first call only: looking through a long text is not free. */
export function once<T>(question: () => NonNullable<T>): () => NonNullable<T> {
  let answer: NonNullable<T> | undefined;
  return () => (answer ??= question());
}

/** Whether its author changed what it does or why, or approved it, before anything of it ran. */
function editedBeforeStart(known: Command, found: FoundCommand): boolean {
  if (hasBegun(known) || ENDED.has(known.state)) return false;
  if (known.canonical !== found.canonical) return true;
  const { spec } = found;
  return spec !== undefined && (spec.because !== known.spec.because || (spec.go && !known.spec.go));
}

/** Timers of problems that belong to no command; editing the text that has them restarts them. */
function settlingProblems(
  atMs: number,
  { view: { text, reading }, before, own }: Reread,
): ReadonlyMap<string, Settling> {
  const earlier = new Map(
    [...(before?.settling ?? [])].flatMap(([at, one]) =>
      at.endsWith(PROBLEMS) ? [[one.canonical, one] as const] : [],
    ),
  );
  const settling = new Map<string, Settling>();
  reading.blocks.forEach(({ problems = [], span }, i) => {
    if (problems.length === 0) return;
    const content = [...problems.map(problemText), text.slice(span.start, span.end)];
    const canonical = hashText(content.join("\n"));
    const same = earlier.get(canonical);
    settling.set(`${i}${PROBLEMS}`, {
      canonical,
      source: "",
      sinceMs: same?.sinceMs ?? atMs,
      movedOn: same !== undefined && (same.movedOn || !own),
      committed: false,
    });
  });
  return settling;
}

/** The editor closed the journal: nobody is typing, so what it holds now is meant. */
export function onEditorClosed({ world, atMs }: Turn, experiment: ExperimentPath): void {
  const view = world.views.get(experiment);
  if (view === undefined) return;
  const settling = changeEach(view.settling, (one) => ({
    ...one,
    closedAtMs: one.closedAtMs ?? atMs,
  }));
  changeView(world, experiment, { settling });
}

/** The clock was set forward or the machine slept: for these `byMs` no timer ran. */
export function onClockJumped(world: World, byMs: number): void {
  for (const [experiment, { changedAtMs, busySinceMs, ticked, settling }] of world.views) {
    changeView(world, experiment, {
      changedAtMs: changedAtMs + byMs,
      busySinceMs: busySinceMs + byMs,
      ticked: changeEach(ticked, (sinceMs) => sinceMs + byMs),
      settling: changeEach(settling, (one) => ({
        ...one,
        sinceMs: one.sinceMs + byMs,
        ...(one.closedAtMs === undefined ? {} : { closedAtMs: one.closedAtMs + byMs }),
      })),
    });
  }
}

const changeEach = <K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> =>
  new Map([...map].map(([key, value]) => [key, change(value)]));
