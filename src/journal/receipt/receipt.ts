// The receipt of one command: its state, time, metrics, flags and plot as pieces of Markdown.
// Where the pieces go in the file, and whose each of its bytes is, is in render.ts.
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

export interface ReceiptContext {
  /** IANA name of the zone that times are shown in. */
  readonly timeZone: string;
  /** Metrics of the plan, those of its criteria first. */
  readonly promised: readonly string[];
  /** What a held command's box says beside "start": `up to 2 h; de-risk took 41 s`. */
  readonly startNote?: string;
  /** How many held commands of this journal one box may start; shown below this command's own. */
  readonly startAll?: number;
  /** Of a sweep whose turn has come. */
  readonly sweep?: SweepContext;
  /** Of a sweep whose turn is still to come: `9 runs, up to 90 min each`. */
  readonly atMost?: string;
  /** What was asked of its code ahead, and which runs repeat it. */
  readonly code?: Omit<CodeContext, "timeZone" | "members">;
  /** Why nothing starts, for what waits: `the queue is paused`. */
  readonly paused?: string;
}

/**
 * The receipt of a command as Markdown, one paragraph or list item each, without quote markers.
 * The same command and context give the same bytes.
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
  const said = [...ranAs(command), ...code];
  const tries = earlierAttempts(command, context.timeZone);
  const flags = run === undefined ? [] : findingItems(run, context.timeZone);
  if (run === undefined || outcome === undefined)
    return [head, ...said, ...tries, ...flags, ...notes, ...box];
  const image = plotImage(run, outcome, context.promised);
  return [
    head,
    ...said,
    ...endingBlocks(command, run, outcome),
    ...tries,
    ...flags,
    ...notes,
    ...(image === undefined ? [] : [image]),
  ];
}

/** A sweep runs while one of its runs does; between two of them, or in a queue that rests, none. */
function shownState({ state }: Command, { sweep }: ReceiptContext): CommandState {
  if (sweep === undefined || state !== "running") return state;
  const going = sweep.members.some((one) => one.state === "running" || one.state === "preparing");
  return going ? state : "queued";
}

/** What a block that cannot be understood is told, one piece for each problem. */
export function problemBlocks(problems: readonly Mistake[]): readonly string[] {
  return problems.map(
    (problem) =>
      `**problem** ${proseText(plainLine(problemText(problem), 2 * RECEIPT_TEXT_CHARS))}`,
  );
}

/** What the first line says between the id and the link. */
function stateFacts(command: Command, context: ReceiptContext): readonly string[] {
  const { state, run } = command;
  const why = saidReason(command.reason);
  const reason = why === undefined ? [] : [proseText(plainLine(why, RECEIPT_TEXT_CHARS))];
  if (context.sweep !== undefined) {
    const told = state === "held" || state === "waiting" ? reason : [];
    return [...sweepFacts(command, context.sweep), ...told];
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
        ...placeOf(run),
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

function placeOf(run: Run | undefined): readonly string[] {
  const name = slotName(run?.spec.place);
  return name === undefined ? [] : [name];
}

function endFacts(command: Command, run: Run, context: ReceiptContext): readonly string[] {
  const { outcome } = run;
  const startedAtMs = run.startedAtMs ?? run.claimedAtMs;
  const endedAtMs = run.endedAtMs ?? run.exit?.endedAtMs ?? run.exitedAtMs;
  // A run whose end nobody saw has no length, and one that never started has none either.
  const measured =
    run.startedAtMs !== undefined && endedAtMs !== undefined && command.state !== "lost";
  const stamp = localStamp(startedAtMs, context.timeZone);
  const when = measured ? `${stamp}, ${spanText(endedAtMs - startedAtMs)}` : stamp;
  if (outcome === undefined) return [when];
  const { short } = causeWords(command, outcome);
  const cause = short === undefined ? [] : [short];
  return [when, ...cause, ...metricTexts(outcome, context.promised)];
}

/** `[de-risk](runs/2025-02-02T14-30-00-de-risk)`, once the run's folder is known. */
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

function ranAs({ ranAs: source }: Command): readonly string[] {
  if (source === undefined) return [];
  const lines = source
    .split(/\r\n|\n|\r/)
    .filter((line) => !/^\s*(`{3,}|~{3,})/.test(line) && line.trim() !== "");
  return [`ran as: ${codeSpan(plainLine(lines.join("; "), RECEIPT_TEXT_CHARS))}`];
}

/** Below the first line of a run that did not succeed: its last words, and how to mend it. */
function endingBlocks(command: Command, run: Run, outcome: RunOutcome): readonly string[] {
  const { lastLine } = outcome;
  const { more } = causeWords(command, outcome);
  const said = plainLine(lastLine?.text ?? "", RECEIPT_TEXT_CHARS);
  const inFlag = shownFindings(outcome).some(({ message }) => plainLine(message).includes(said));
  if (lastLine === undefined || said === "" || inFlag) return more;
  return [`${codeSpan(said)} (${logLink(lastLine, run.folder)})`, ...more];
}
