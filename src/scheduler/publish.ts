// When the journal is written, and what then stands in it: receipts at places where they are due.
// How a receipt looks is in receipt.ts, how it gets between the person's lines in render.ts.
import { hashText, type CommandId, type ExperimentPath } from "../base/ids.ts";
import { ENDED } from "../domain/command-state.ts";
import type { CommandBlock } from "../domain/journal.ts";
import type { Problem } from "../base/problem.ts";
import type { JournalView } from "../domain/journal-view.ts";
import { RECEIPT_TEXT_CHARS } from "../domain/receipt-flags.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import { commandTitle } from "../domain/command.ts";
import { prefetchFailure } from "./prefetch-environments.ts";
import { windowProblem } from "./conditions.ts";
import { repeatsIn } from "./repeat.ts";
import { commandsOf } from "../domain/resolve-reference.ts";
import { comparedNames } from "../logs/criterion-metrics.ts";
import { atMost, startNote } from "./approval.ts";
import { isSweep, membersOf } from "../domain/members.ts";
import { measuresOf } from "../judge/comparisons.ts";
import { pauseShort } from "../domain/pause-text.ts";
import type { Turn } from "../domain/turn.ts";
import { heldForeign } from "./accept-commands.ts";
import { pacedFrom, receiptDueAtMs } from "./receipt-schedule.ts";
import { plainLine, proseText } from "../base/markdown-text.ts";
import { PROBLEMS } from "./place-problems.ts";
import { problemBlocks, receiptBlocks, type ReceiptContext } from "../journal/receipt/receipt.ts";
import {
  pieceHash,
  renderJournal,
  type Rendered,
  type RenderInput,
} from "../journal/receipt/render.ts";
import { mergeConflictBlocks } from "../journal/merge/merge-conflicts.ts";

/** A mistake is answered once its author has had the time to mend it unasked. */
const SETTLE_PROBLEM_TIMES = 3;
/** Somebody who saves without a pause is waited for this long at most... */
export const QUIET_PATIENCE_MS = 60_000;
/** ...then the first gap of this length is taken. */
export const QUIET_GAP_MS = 2_000;

/** Hands out a write for every journal that is quiet and whose receipts are due and different. */
export function publishDue(turn: Turn): void {
  for (const [experiment, view] of turn.world.views) {
    const { lookAtMs = Infinity } = view;
    if (lookAtMs > turn.atMs && Number.isFinite(lookAtMs)) turn.wake(lookAtMs);
    const due = view.dirty || lookAtMs <= turn.atMs;
    if (due && !view.writing && !view.reading.conflicted) publish(turn, experiment, view);
  }
}

function publish(turn: Turn, experiment: ExperimentPath, view: JournalView): void {
  const { quietMs } = settingsOf(turn.world, experiment);
  const quietAtMs = Math.max(quietFrom(view, quietMs), view.retryAtMs);
  if (quietAtMs > turn.atMs) {
    turn.wake(quietAtMs);
    return;
  }
  const wanted = wantedReceipts(turn, experiment, view);
  const rendered = turn.world.experiments.get(experiment)?.rendered ?? new Set();
  const onDisk = view.onDisk ?? view.text;
  const result = renderDue(onDisk, {
    text: view.text,
    reading: view.reading,
    rendered,
    receipts: wanted.receipts,
    keep: wanted.keep,
  });
  const seen = { ...view, dirty: false, lookAtMs: wanted.lookAtMs };
  if (Number.isFinite(wanted.lookAtMs)) turn.wake(wanted.lookAtMs);
  turn.world.views.set(experiment, seen);
  if (result.text === onDisk) return;
  const hash = hashText(result.text);
  // Tried again as it was: the fact stands, and neither a month without a disk nor a night of
  // unsaved changes in an editor shall fill the ledger.
  if (view.unwrittenHash !== hash) {
    turn.record({ kind: "pieces-rendered", experiment, hashes: result.hashes });
  }
  turn.world.views.set(experiment, {
    ...seen,
    writing: true,
    ownHash: hash,
    showing: wanted.ids,
    paced: pacedFrom(turn.world, view, wanted.ids),
  });
  turn.effect({ kind: "write-journal", experiment, basedOn: view.hash, text: result.text });
}

/**
 * Renders so that the text can be told from the one on disk: by its size, since an editor takes a
 * change that leaves size and second for none, and by its receipts even where only the person's
 * lines were merged, since they say which of two texts a stale buffer was loaded from.
 */
function renderDue(onDisk: string, input: RenderInput): Rendered {
  const result = renderJournal(input);
  if (result.text === onDisk) return result;
  const size = Buffer.byteLength(onDisk);
  const merged = onDisk !== input.text;
  for (let vary = merged ? 1 : 0; vary <= 3; vary += 1) {
    const told = vary === 0 ? result : renderJournal({ ...input, vary });
    if (Buffer.byteLength(told.text) !== size) return told;
  }
  // Without a receipt there is nothing to vary, and only a merge can have come to this.
  return result;
}

/** From when the file counts as quiet: 5 s of rest, or a gap of 2 s after a minute without any. */
function quietFrom(view: JournalView, quietMs: number): number {
  const rest = view.changedAtMs + quietMs;
  const gap = Math.max(view.busySinceMs + QUIET_PATIENCE_MS, view.changedAtMs + QUIET_GAP_MS);
  return Math.min(rest, gap);
}

interface Wanted {
  readonly receipts: Map<number, readonly string[]>;
  /** Blocks whose receipt stays as it stands for now. */
  readonly keep: Set<number>;
  readonly ids: CommandId[];
  /** When something is due that is not due yet; Infinity: nothing is by time alone. */
  lookAtMs: number;
}

function wantedReceipts(turn: Turn, experiment: ExperimentPath, view: JournalView): Wanted {
  const wanted: Wanted = { receipts: new Map(), keep: new Set(), ids: [], lookAtMs: Infinity };
  const newest = newestShown(turn.world, view);
  const rendered = turn.world.experiments.get(experiment)?.rendered;
  const troubled = reportBlock(turn.world, view);
  const asides = mergeConflictBlocks(turn.world, experiment, view);
  const foreign = heldForeign(turn.world, experiment);
  view.reading.blocks.forEach((block, i) => {
    const commands = block.commands.flatMap((_, j) => commandAt(turn.world, view, `${i}.${j}`));
    const shown = block.receipt !== undefined;
    const dueAtMs = receiptDueAtMs(turn.world, view, commands, shown);
    if (dueAtMs > turn.atMs) {
      wanted.keep.add(i);
      wanted.lookAtMs = Math.min(wanted.lookAtMs, dueAtMs);
      return;
    }
    const hidden =
      block.receipt === undefined &&
      commands.length > 0 &&
      commands.every(({ shownInWrite }) => shownInWrite > 0 && shownInWrite <= newest);
    if (hidden) return;
    const pieces = [
      ...commands.flatMap((command) => receiptBlocksOf(turn.world, experiment, command, foreign)),
      ...problemsDue(turn, experiment, view, block, i, wanted),
      // Behind the head: a merge changes that too, so that this line alone is missing where it
      // was taken out.
      ...(asides.get(i) ?? []),
      ...(i === troubled ? reportBlocks(view) : []),
    ];
    if (pieces.length === 0) return;
    wanted.receipts.set(i, pieces);
    // Only what is new says which write a receipt in the file comes from.
    if (pieces.some((piece) => rendered?.has(pieceHash(piece)) !== true)) {
      wanted.ids.push(...commands.map(({ id }) => id));
    }
  });
  return wanted;
}

/** What stands between the report and its renewal, told where the newest result is. */
function reportBlocks({ reportTrouble }: JournalView): readonly string[] {
  if (reportTrouble === undefined) return [];
  const said = proseText(plainLine(reportTrouble, 2 * RECEIPT_TEXT_CHARS));
  return [`**problem** REPORT.md keeps its old version: ${said}`];
}

/** The last block with a command that has ended. */
function reportBlock(world: World, view: JournalView): number {
  return view.reading.blocks.findLastIndex((block, i) =>
    block.commands.some((_, j) =>
      commandAt(world, view, `${i}.${j}`).some(({ state }) => ENDED.has(state)),
    ),
  );
}

/**
 * The newest write that a receipt now in the file comes from. A missing receipt that is as old
 * was hidden by the person; one that is newer is missing because a stale buffer was saved.
 */
function newestShown(world: World, view: JournalView): number {
  let newest = 0;
  view.reading.blocks.forEach((block, i) => {
    if (block.receipt === undefined) return;
    for (const j of block.commands.keys()) {
      for (const { shownInWrite } of commandAt(world, view, `${i}.${j}`)) {
        newest = Math.max(newest, shownInWrite);
      }
    }
  });
  return newest;
}

function commandAt(world: World, view: JournalView, at: string): readonly Command[] {
  const id = view.placed.get(at);
  const command = id === undefined ? undefined : world.commands.get(id);
  return command === undefined ? [] : [command];
}

function receiptBlocksOf(
  world: World,
  experiment: ExperimentPath,
  command: Command,
  foreign: readonly CommandId[],
): readonly string[] {
  const reading = world.views.get(experiment)?.reading;
  const plan = reading?.plan;
  const { timeZone } = settingsOf(world, experiment);
  // What the criteria are about comes first, for a reader as for the picture.
  const promised = plan === undefined ? [] : [...comparedNames(plan), ...plan.metrics.map(keyOf)];
  const members = membersOf(world, command);
  const measures =
    reading === undefined || members.length === 0 ? [] : measuresOf({ journal: reading });
  return receiptBlocks(command, {
    timeZone,
    promised,
    ...(members.length > 0 ? { sweep: { members, measures, timeZone, promised } } : {}),
    ...(members.length === 0 && isSweep(command) ? { atMost: atMost(world, command) } : {}),
    ...(command.state === "held" ? { startNote: startNote(world, command) } : {}),
    ...startAllOf(command, foreign),
    ...(world.paused ? { paused: pauseShort(world.pause) } : {}),
    code: codeContext(world, command),
  });
}

function codeContext(world: World, command: Command): NonNullable<ReceiptContext["code"]> {
  const environmentTrouble = prefetchFailure(world, command);
  const own = (id: CommandId): boolean =>
    id === command.id || command.members?.includes(id) === true;
  const repeats = repeatsIn(world, command.experiment).filter(
    (repeat) => repeat.repeats !== undefined && own(repeat.repeats.id),
  );
  return {
    ...(environmentTrouble === undefined ? {} : { environmentTrouble }),
    ...(repeats.length === 0 ? {} : { repeats }),
  };
}

const keyOf = ({ key }: { readonly key: string }): string => key;

/** The first held command of an experiment from elsewhere offers to start all of them. */
function startAllOf({ id }: Command, held: readonly CommandId[]): { readonly startAll?: number } {
  return held.length > 1 && held[0] === id ? { startAll: held.length } : {};
}

/** What the receipts would say, for a journal that cannot be written itself. */
export function statusPage(world: World, experiment: ExperimentPath, why: string): string {
  const foreign = heldForeign(world, experiment);
  const shown = commandsOf(world, experiment).flatMap((command) => [
    `## ${commandTitle(command.spec)}`,
    ...receiptBlocksOf(world, experiment, command, foreign),
  ]);
  return `${["# Status", why, ...shown].join("\n\n")}\n`;
}

/** Problems of a block, once its author has had the time to mend them unasked. */
function problemsDue(
  turn: Turn,
  experiment: ExperimentPath,
  view: JournalView,
  block: CommandBlock,
  index: number,
  wanted: Wanted,
): readonly string[] {
  const { settleMs } = settingsOf(turn.world, experiment);
  const due = (all: readonly Problem[], at: string): readonly Problem[] => {
    const settling = view.settling.get(at);
    if (all.length === 0 || settling === undefined) return [];
    const dueAtMs = settling.sinceMs + (settling.movedOn ? 0 : settleMs * SETTLE_PROBLEM_TIMES);
    if (dueAtMs <= turn.atMs) return all;
    wanted.lookAtMs = Math.min(wanted.lookAtMs, dueAtMs);
    return [];
  };
  const problems = [
    ...block.commands.flatMap((command, j) => [
      ...due(command.problems, `${index}.${j}`),
      ...commandAt(turn.world, view, `${index}.${j}`).flatMap((one) =>
        one.state === "waiting" ? (windowProblem(turn.world, one) ?? []) : [],
      ),
    ]),
    ...due(block.problems ?? [], `${index}${PROBLEMS}`),
  ];
  return problems.length === 0 ? [] : problemBlocks(problems);
}
