// The receipt of one command: its state, time, metrics, flags and plot as blocks of Markdown.
// render.ts puts them into the journal and knows which bytes are the daemon's.
import type { CommandState } from "../../domain/command-state.ts";
import { saidReason } from "../../domain/command.ts";
import { RUN_FOLDER } from "../../base/ids.ts";
import { slotName } from "../../domain/slot.ts";
import { problemText, type Mistake } from "../../base/problem.ts";
import type { RunOutcome } from "../../domain/run.ts";
import { localStamp, spanText } from "../../base/time.ts";
import type { Command, Run } from "../../domain/world.ts";
import { codeSpan, markdownLink, plainLine, proseText } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";
import { codeItems, type CodeContext } from "./receipt-code.ts";
import {
  findingItems,
  logLink,
  metricTexts,
  plotImage,
  shownFindings,
  RECEIPT_TEXT_CHARS,
} from "../../domain/receipt-flags.ts";
import { sweepFacts, sweepReceiptBlocks, type SweepContext } from "./receipt-sweep.ts";
import { earlierAttempts } from "./receipt-attempts.ts";

/** What a receipt shows beside the command itself. */
export interface ReceiptContext {
  /** IANA name of the time zone in which times are shown. */
  readonly timeZone: string;
  /** Names of the plan's metrics, those of its criteria first. */
  readonly promised: readonly string[];
  /** Note in a held command's start box: `up to 2 h; de-risk took 41 s`. */
  readonly startNote?: string;
  /** Number of held commands that a "start all" box starts; shown below this command's own box. */
  readonly startAll?: number;
  /** Present for a sweep that has started. */
  readonly sweep?: SweepContext;
  /** Present for a sweep that has not started yet: `9 runs, up to 90 min each`. */
  readonly atMost?: string;
  /** Why its environment cannot be built before the start, and the runs that repeat it. */
  readonly code?: Omit<CodeContext, "timeZone" | "members">;
  /** Why nothing starts, shown for commands that wait: `the queue is paused`. */
  readonly paused?: string;
}

/**
 * The receipt of a command as Markdown blocks: a paragraph, list item or table each, without quote
 * markers. Deterministic: the same command and context give the same bytes.
 */
export function receiptBlocks(command: Command, context: ReceiptContext): readonly string[] {
  const { run } = command;
  const outcome = run?.outcome;
  const head = [
    `**${shownState(command, context)}** ${codeSpan(command.id)}`,
    ...stateFacts(command, context),
    ...runLinks(command),
  ].join(" · ");
  const notes = command.notes.map((note) => `- ${proseText(plainLine(note, RECEIPT_TEXT_CHARS))}`);
  const box = command.state === "held" ? startBoxes(context) : [];
  const { sweep, timeZone } = context;
  const members = sweep?.members ?? [];
  const code = codeItems(command, { ...context.code, members, timeZone });
  if (sweep !== undefined) {
    const table = sweepReceiptBlocks(command, sweep);
    return [head, ...ranAs(command), ...table, ...code, ...notes, ...box];
  }
  const about = [...ranAs(command), ...code];
  const attempts = earlierAttempts(command, context.timeZone);
  const flags = run === undefined ? [] : findingItems(run, context.timeZone);
  if (run === undefined || outcome === undefined)
    return [head, ...about, ...attempts, ...flags, ...notes, ...box];
  const image = plotImage(run, outcome, context.promised);
  return [
    head,
    ...about,
    ...endingBlocks(command, run, outcome),
    ...leftBehind(run),
    ...attempts,
    ...flags,
    ...notes,
    ...(image === undefined ? [] : [image]),
  ];
}

/** A sweep shows as running only while one of its runs does, else (also when paused) as queued. */
function shownState({ state }: Command, { sweep }: ReceiptContext): CommandState {
  if (sweep === undefined || state !== "running") return state;
  const going = sweep.members.some((one) => one.state === "running" || one.state === "preparing");
  return going ? state : "queued";
}

/** The receipt of a block that cannot be understood: one block of Markdown for each problem. */
export function problemBlocks(problems: readonly Mistake[]): readonly string[] {
  return problems.map(
    (problem) =>
      `**problem** ${proseText(plainLine(problemText(problem), 2 * RECEIPT_TEXT_CHARS))}`,
  );
}

/** Parts of the first line between the id and the link. */
function stateFacts(command: Command, context: ReceiptContext): readonly string[] {
  const { state, run } = command;
  const why = saidReason(command.reason);
  const reason = why === undefined ? [] : [proseText(plainLine(why, RECEIPT_TEXT_CHARS))];
  if (context.sweep !== undefined) {
    const shown = state === "held" || state === "waiting" ? reason : [];
    return [...sweepFacts(command, context.sweep), ...shown];
  }
  const many = context.atMost === undefined ? [] : [context.atMost];
  const since = (ms: number): string => `since ${localStamp(ms, context.timeZone).slice(11, 16)}`;
  const paused = context.paused === undefined ? [] : [context.paused];
  switch (state) {
    case "queued":
      return [...many, ...reason, ...paused];
    case "preparing":
      return [`its environment, ${since(run?.claimedAtMs ?? command.stateSinceMs)}`, ...reason];
    case "running":
      return [
        since(run?.startedAtMs ?? run?.claimedAtMs ?? command.stateSinceMs),
        ...slotOf(run),
        ...reason,
      ];
    case "waiting":
      return [...many, ...reason, ...paused];
    case "held":
    case "cancelled":
    case "skipped":
      return reason;
    case "done":
    case "failed":
    case "stopped":
    case "lost":
      return run === undefined ? reason : endFacts(command, run, context);
  }
}

function slotOf(run: Run | undefined): readonly string[] {
  const name = slotName(run?.spec.place);
  return name === undefined ? [] : [name];
}

function endFacts(command: Command, run: Run, context: ReceiptContext): readonly string[] {
  const { outcome } = run;
  const startedAtMs = run.startedAtMs ?? run.claimedAtMs;
  const endedAtMs = run.endedAtMs ?? run.exit?.endedAtMs ?? run.exitedAtMs;
  // A lost run's end is unknown, and a run that never started has no duration.
  const measured =
    run.startedAtMs !== undefined && endedAtMs !== undefined && command.state !== "lost";
  const stamp = localStamp(startedAtMs, context.timeZone);
  const when = measured ? `${stamp}, ${spanText(endedAtMs - startedAtMs)}` : stamp;
  if (outcome === undefined) return [when];
  const { short } = causeWords(command, outcome);
  const cause = short === undefined ? [] : [short];
  return [when, ...cause, ...metricTexts(outcome, context.promised)];
}

/** `[de-risk](runs/2025-02-02T14-30-00-de-risk)`, as soon as the run's folder is known. */
function runLinks({ run, spec }: Command): readonly string[] {
  if (run?.folder === undefined) return [];
  const name = RUN_FOLDER.exec(spec.target)?.[2] ?? spec.target;
  return [markdownLink(plainLine(name, 80), `runs/${run.folder}`)];
}

const startBox = (note: string | undefined): string =>
  note === undefined
    ? "- [ ] start"
    : `- [ ] start (${proseText(plainLine(note, RECEIPT_TEXT_CHARS))})`;

function startBoxes({ startNote, startAll }: ReceiptContext): readonly string[] {
  const all = startAll === undefined ? [] : [`- [ ] start all ${startAll}`];
  return [startBox(startNote), ...all];
}

/** The command as it was when it started, if it was edited afterwards. */
function ranAs({ ranAs: source }: Command): readonly string[] {
  if (source === undefined) return [];
  const lines = source
    .split(/\r\n|\n|\r/)
    .filter((line) => !/^\s*(`{3,}|~{3,})/.test(line) && line.trim() !== "");
  return [`ran as: ${codeSpan(plainLine(lines.join("; "), RECEIPT_TEXT_CHARS))}`];
}

/** Processes that outlived the run's script and were ended. */
function leftBehind({ exit }: Run): readonly string[] {
  const named = (exit?.leftBehind ?? []).map(
    ({ pid, command, idleMs }) =>
      `${codeSpan(plainLine(command, RECEIPT_TEXT_CHARS))} (pid ${pid}), idle for ${spanText(idleMs)}`,
  );
  return named.length === 0 ? [] : [`left behind and ended: ${named.join("; ")}`];
}

/** Below the first line of a run that did not succeed: its last log line, and how to fix it. */
function endingBlocks(command: Command, run: Run, outcome: RunOutcome): readonly string[] {
  const { lastLine } = outcome;
  const { more } = causeWords(command, outcome);
  const last = plainLine(lastLine?.text ?? "", RECEIPT_TEXT_CHARS);
  const inFlag = shownFindings(outcome).some(({ message }) => plainLine(message).includes(last));
  if (lastLine === undefined || last === "" || inFlag) return more;
  return [`${codeSpan(last)} (${logLink(lastLine, run.folder)})`, ...more];
}
