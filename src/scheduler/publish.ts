// When a journal is written, and with which receipts. journal/receipt/receipt.ts makes them and
// journal/receipt/render.ts puts them between the user's lines.
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
import { problemBlocks, receiptBlocks } from "../journal/receipt/receipt.ts";
import { pieceHash, renderJournal } from "../journal/receipt/render.ts";
import { measuresOf } from "../judge/comparisons.ts";
import { comparedNames } from "../logs/criterion-metrics.ts";
import { heldTogether } from "./accept-commands.ts";
import { atMost, lastDeRisk, startNote } from "./approval.ts";
import { changeView } from "./change-view.ts";
import { windowProblem } from "./conditions.ts";
import { prefetchFailure } from "./prefetch-environments.ts";
import { pacedFrom, receiptDueAtMs } from "./receipt-schedule.ts";
import { repeatsIn } from "./repeat.ts";
import { PROBLEMS } from "./settle-timers.ts";

/** A problem is shown after this many times the lab's `settle:`: most are fixed by then. */
const SETTLE_PROBLEM_TIMES = 3;
/**
 * Somebody who saves without a pause gets what is due after this long, and again after as long: a
 * receipt is to come within a minute, and a write between two saves loses neither.
 */
export const QUIET_PATIENCE_MS = 45_000;
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

const NEVER_WRITTEN = { rendered: new Set<string>(), writes: 0 };

/** Requests a write of every journal that is quiet and has receipts that are due and differ. */
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
  const { rendered, writes } = turn.world.experiments.get(experiment) ?? NEVER_WRITTEN;
  const onDisk = view.onDisk ?? view.text;
  const { text, reading, planned } = view;
  const { receipts, keep } = wanted;
  const plan = planOf(wanted);
  // A retry of the same text needs no new fact: neither a disk that is away for a month nor an
  // editor with unsaved changes overnight may fill the ledger.
  const retry = planned?.plan === plan ? planned.text : undefined;
  const write = { number: writes + 1, onDisk };
  const result =
    retry === undefined
      ? renderJournal({ text, reading, rendered, receipts, keep, write })
      : { text: retry, hashes: [] };
  const seen = { ...view, dirty: false, lookAtMs: wanted.lookAtMs };
  if (Number.isFinite(wanted.lookAtMs)) turn.wake(wanted.lookAtMs);
  turn.world.views.set(experiment, seen);
  if (result.text === onDisk) return;
  if (retry === undefined) {
    const hashes = result.hashes.filter((hash) => !rendered.has(hash));
    turn.record({ kind: "pieces-rendered", experiment, hashes });
  }
  turn.world.views.set(experiment, {
    ...seen,
    writing: true,
    planned: { plan, text: result.text },
    ownHash: hashText(result.text),
    showing: wanted.ids,
    paced: pacedFrom(turn.world, view, wanted.ids),
  });
  turn.effect({ kind: "write-journal", experiment, basedOn: view.hash, text: result.text });
}

/** What tells one planned write of a text from another, but for the write's own trace. */
const planOf = ({ receipts, keep }: Wanted): string => JSON.stringify([[...receipts], [...keep]]);

/** When the file counts as quiet: `quietMs` after a save, or QUIET_PATIENCE_MS after a write. */
const quietFrom = ({ changedAtMs, busySinceMs }: JournalView, quietMs: number): number =>
  Math.min(changedAtMs + quietMs, busySinceMs + QUIET_PATIENCE_MS);

/** What the next write of a journal is to contain. */
interface Wanted {
  /** Receipt blocks by the index of the command block above them. */
  readonly receipts: Map<number, readonly string[]>;
  /** Blocks whose receipt stays as it is for now. */
  readonly keep: Set<number>;
  /** Commands whose receipt is new or different. */
  readonly ids: CommandId[];
  /** When the next receipt becomes due by time alone, ms since 1970; Infinity: none does. */
  lookAtMs: number;
}

function wantedReceipts(turn: Turn, experiment: ExperimentPath, view: JournalView): Wanted {
  const wanted: Wanted = { receipts: new Map(), keep: new Set(), ids: [], lookAtMs: Infinity };
  const rendered = turn.world.experiments.get(experiment)?.rendered;
  const newestResult = blockOfNewestResult(turn.world, view);
  const conflicts = mergeConflictBlocks(turn.world, experiment, view);
  const context = receiptsOf(turn.world, experiment);
  view.reading.blocks.forEach((block, i) => {
    const commands = block.commands.flatMap((_, j) => commandAt(turn.world, view, `${i}.${j}`));
    const shown = block.receipt !== undefined;
    const dueAtMs = receiptDueAtMs(turn.world, view, commands, shown);
    // A box ticked just now stays ticked until it is acted upon: a new one would be unticked.
    if (commands.some(({ id, state }) => state === "held" && view.ticked.has(id))) {
      wanted.keep.add(i);
      return;
    }
    if (dueAtMs > turn.atMs) {
      wanted.keep.add(i);
      wanted.lookAtMs = Math.min(wanted.lookAtMs, dueAtMs);
      return;
    }
    const hidden =
      block.receipt === undefined &&
      commands.length > 0 &&
      commands.every(({ receiptTakenOut }) => receiptTakenOut === "for good");
    if (hidden) return;
    const blocks = [
      ...commands.flatMap((command) => receiptBlocksOf(turn.world, context, command)),
      ...problemsDue(turn, experiment, view, block, i, wanted),
      // After the head: a merge changes the head as well, so where only this line is missing, the
      // user has deleted it.
      ...(conflicts.get(i) ?? []),
      ...(i === newestResult ? reportBlocks(view) : []),
    ];
    if (blocks.length === 0) return;
    wanted.receipts.set(i, blocks);
    // Only a new block shows which write a receipt in the file comes from.
    if (blocks.some((one) => rendered?.has(pieceHash(one)) !== true)) {
      wanted.ids.push(...commands.map(({ id }) => id));
    }
  });
  return wanted;
}

/** Why REPORT.md was not renewed: shown below the newest result. */
function reportBlocks({ reportTrouble }: JournalView): readonly string[] {
  if (reportTrouble === undefined) return [];
  const reason = proseText(plainLine(reportTrouble, 2 * RECEIPT_TEXT_CHARS));
  return [`**problem** REPORT.md keeps its old version: ${reason}`];
}

/** Index of the last block with a command that has ended, or -1. */
function blockOfNewestResult(world: World, view: JournalView): number {
  return view.reading.blocks.findLastIndex((block, i) =>
    block.commands.some((_, j) =>
      commandAt(world, view, `${i}.${j}`).some(({ state }) => ENDED.has(state)),
    ),
  );
}

function commandAt(world: World, view: JournalView, at: string): readonly Command[] {
  const id = view.placed.get(at);
  const command = id === undefined ? undefined : world.commands.get(id);
  return command === undefined ? [] : [command];
}

/** What all receipts of an experiment are made with, looked up once for all of them. */
interface Receipts {
  readonly timeZone: string;
  readonly promised: readonly string[];
  readonly paused: { readonly paused?: string };
  /** Commands that one box starts together. */
  readonly foreign: readonly CommandId[];
  readonly repeats: readonly Command[];
  /** What a held command's box compares it with; undefined where nothing is done yet. */
  readonly deRisk: () => Command | undefined;
  /** What the tables of sweeps compare. */
  readonly measures: () => ReturnType<typeof measuresOf>;
}

function receiptsOf(world: World, experiment: ExperimentPath): Receipts {
  const reading = world.views.get(experiment)?.reading;
  const plan = reading?.plan;
  let found: { readonly last: Command | undefined } | undefined;
  let measures: ReturnType<typeof measuresOf> | undefined;
  return {
    timeZone: settingsOf(world, experiment).timeZone,
    // Metrics of the criteria come first: they are what matters to the reader, and get the picture.
    promised: plan === undefined ? [] : [...comparedNames(plan), ...plan.metrics.map(keyOf)],
    paused: world.paused ? { paused: pauseShort(world.pause) } : {},
    foreign: heldTogether(world, experiment),
    repeats: repeatsIn(world, experiment),
    deRisk: () => (found ??= { last: lastDeRisk(world, experiment) }).last,
    measures: () => (measures ??= reading === undefined ? [] : measuresOf({ journal: reading })),
  };
}

/** The last receipt of each command, with all that it was made of. */
const MADE = new WeakMap<
  Command,
  { readonly said: string; readonly of: readonly Command[]; readonly blocks: readonly string[] }
>();

/** The blocks of a command's receipt; they are made once for what is said and whom it is of. */
function receiptBlocksOf(
  world: World,
  { timeZone, promised, paused, foreign, repeats, deRisk, measures }: Receipts,
  command: Command,
): readonly string[] {
  const members = membersOf(world, command);
  const own = repeats.filter(({ repeats: of }) => of !== undefined && isOf(command, of.id));
  const environmentTrouble = prefetchFailure(world, command);
  const trouble = environmentTrouble === undefined ? {} : { environmentTrouble };
  const common = {
    timeZone,
    promised,
    ...(members.length === 0 && isSweep(command) ? { atMost: atMost(world, command) } : {}),
    ...(command.state === "held" ? { startNote: startNote(world, command, deRisk()) } : {}),
    ...startAllOf(command, foreign),
    ...paused,
  };
  const compared = members.length === 0 ? [] : measures();
  const said = JSON.stringify([common, trouble, compared]);
  const of = [...members, ...own];
  const made = MADE.get(command);
  if (
    made?.said === said &&
    made.of.length === of.length &&
    of.every((one, i) => one === made.of[i])
  ) {
    return made.blocks;
  }
  const blocks = receiptBlocks(command, {
    ...common,
    ...(members.length > 0 ? { sweep: { members, measures: compared, timeZone, promised } } : {}),
    code: { ...trouble, ...(own.length === 0 ? {} : { repeats: own }) },
  });
  MADE.set(command, { said, of, blocks });
  return blocks;
}

const isOf = ({ id, members }: Command, run: CommandId): boolean =>
  run === id || members?.includes(run) === true;

const keyOf = ({ key }: { readonly key: string }): string => key;

/** The first held command of an experiment from elsewhere has the box that starts all of them. */
function startAllOf({ id }: Command, held: readonly CommandId[]): { readonly startAll?: number } {
  return held.length > 1 && held[0] === id ? { startAll: held.length } : {};
}

/** Handles the result of a write. Beside a journal that refuses writes, STATUS.md is written. */
export function onJournalWritten(turn: Turn, event: EventOf<"journal-written">): void {
  const { experiment, result } = event;
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  changeView(turn.world, experiment, {
    writing: false,
    planned: result === "written" ? undefined : view.planned,
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
  const receipts = receiptsOf(world, experiment);
  const shown = commandsOf(world, experiment).flatMap((command) => [
    `## ${commandTitle(command.spec)}`,
    ...receiptBlocksOf(world, receipts, command),
  ]);
  return `${["# Status", why, ...shown].join("\n\n")}\n`;
}

/** Problems of a block that are due (SETTLE_PROBLEM_TIMES); those that are not set `lookAtMs`. */
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
