// When the journal is written, and what then stands in it: receipts at places where they are due.
// How a receipt looks is in receipt.ts, how it gets between the person's lines in render.ts.
import { hashText, type CommandId, type ExperimentPath } from "../base/ids.ts";
import { plainLine, proseText } from "../base/markdown-text.ts";
import type { Problem } from "../base/problem.ts";
import { ENDED } from "../domain/command-state.ts";
import { commandTitle } from "../domain/command.ts";
import type { EventOf } from "../domain/event.ts";
import type { CommandBlock } from "../domain/journal.ts";
import type { JournalView } from "../domain/journal-view.ts";
import { isSweep, membersOf } from "../domain/members.ts";
import { pauseShort } from "../domain/pause-text.ts";
import { RECEIPT_TEXT_CHARS } from "../domain/receipt-flags.ts";
import { commandsOf } from "../domain/resolve-reference.ts";
import type { Turn } from "../domain/turn.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import { mergeConflictBlocks } from "../journal/merge/merge-conflicts.ts";
import { problemBlocks, receiptBlocks, type ReceiptContext } from "../journal/receipt/receipt.ts";
import {
  pieceHash,
  renderJournal,
  type Rendered,
  type RenderInput,
} from "../journal/receipt/render.ts";
import { measuresOf } from "../judge/comparisons.ts";
import { comparedNames } from "../logs/criterion-metrics.ts";
import { heldForeign } from "./accept-commands.ts";
import { atMost, startNote } from "./approval.ts";
import { changeView } from "./change-view.ts";
import { windowProblem } from "./conditions.ts";
import { prefetchFailure } from "./prefetch-environments.ts";
import { pacedFrom, receiptDueAtMs } from "./receipt-schedule.ts";
import { repeatsIn } from "./repeat.ts";
import { PROBLEMS } from "./settle-timers.ts";

/** A problem is shown after this many times the lab's `settle:`: most are fixed by then. */
const SETTLE_PROBLEM_TIMES = 3;
/** Somebody may save without a pause for this long; then a gap of QUIET_GAP_MS is enough. */
export const QUIET_PATIENCE_MS = 60_000;
/** A pause between saves that is used for a write once QUIET_PATIENCE_MS have passed. */
export const QUIET_GAP_MS = 2_000;
/** Runs that end one right after another share a write, so that no editor reloads for each. */
const OWN_WRITES_MS = 500;
/** When a journal is looked at again after a write, by how that went, ms. */
const NEXT_WRITE_MS = {
  written: OWN_WRITES_MS,
  changed: 0,
  busy: 1_000,
  refused: 60_000,
  failed: 10_000,
} as const;

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

/** Handles how a write of a journal went. A journal that refuses writes gets STATUS.md beside it. */
export function onJournalWritten(turn: Turn, event: EventOf<"journal-written">): void {
  const { experiment, result } = event;
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  changeView(turn.world, experiment, {
    writing: false,
    unwrittenHash: result === "written" ? undefined : view.ownHash,
    // What was not written was not shown, so no pace limits it.
    ...(result === "written" ? {} : { paced: new Map() }),
    // Even after a successful write: a save of the old text may have replaced it already, and
    // reading that looks as if nothing had changed.
    dirty: true,
    retryAtMs: turn.atMs + NEXT_WRITE_MS[result],
  });
  if (result === "refused") {
    const text = statusPage(turn.world, experiment, event.why ?? "");
    turn.effect({ kind: "write-status-page", experiment, text });
  }
}

/** Keeps why REPORT.md was not renewed, or that it was, for the receipt that shows it. */
export function onReportRenewed(world: World, event: EventOf<"report-renewed">): void {
  const { experiment, trouble } = event;
  const view = world.views.get(experiment);
  if (view === undefined || view.reportTrouble === trouble) return;
  const { reportTrouble: _, ...rest } = view;
  const shown = trouble === undefined ? {} : { reportTrouble: trouble };
  world.views.set(experiment, { ...rest, ...shown, dirty: true });
}

/** What the receipts would say, for a journal that cannot be written itself. */
function statusPage(world: World, experiment: ExperimentPath, why: string): string {
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
