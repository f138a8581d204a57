// What a receipt says of the code and the environment of a run, and of the runs that repeat it.
// What changed is found at the start, and how two runs compare at the end of the second.
import { ENDED } from "../../domain/command-state.ts";
import { RECEIPT_TEXT_CHARS } from "../../domain/receipt-flags.ts";
import type { RepeatCompared } from "../../domain/repeat.ts";
import { localStamp, spanText } from "../../base/time.ts";
import type { Command } from "../../domain/world.ts";
import { codeSpan, markdownLink, plainLine, proseText } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";

/** Metrics of a repeated run that are told to differ in a receipt; `nightlab compare` has all. */
const REPEAT_DIFFERENCES = 3;

export interface CodeContext {
  /** Why the environment of a command that waits cannot be built, as far as is known. */
  readonly environmentTrouble?: string;
  /** Runs that repeat this command's, or one of its members'. */
  readonly repeats?: readonly Command[];
  /** Of a sweep, its runs. */
  readonly members?: readonly Command[];
  readonly timeZone: string;
}

/** One list item for each thing to say; none in the usual case. */
export function codeItems(command: Command, context: CodeContext): readonly string[] {
  return [
    ...changed([command, ...(context.members ?? [])]),
    ...notCopied(command),
    ...withoutLimit([command, ...(context.members ?? [])]),
    ...trouble(context.environmentTrouble),
    ...(context.repeats ?? []).map((repeat) => {
      // Of a sweep it is one of its runs.
      const whose = repeat.repeats?.id === command.id ? undefined : repeat.repeats?.id;
      return repeatItem(repeat, whose, context.timeZone);
    }),
  ];
}

/** `train.py changed since this was queued`. */
function changed(runs: readonly Command[]): readonly string[] {
  const names = new Set(runs.flatMap(({ run }) => run?.start.changed ?? []));
  if (names.size === 0) return [];
  const copied = runs.some(({ run }) => run?.spec.codeDir !== undefined);
  const since = `${listed([...names].toSorted())} changed since this was queued`;
  return [item(copied ? `${since}; the run has it as it was then` : since)];
}

function notCopied({ code }: Command): readonly string[] {
  const snapshot = code?.snapshot;
  if (snapshot?.kind !== "kept" || snapshot.leftCount === 0) return [];
  const { left, leftCount } = snapshot;
  const more = leftCount > left.length ? ` and ${leftCount - left.length} more` : "";
  return [
    item(`too large to copy, so read as it is when the run starts: ${left.join(", ")}${more}`),
  ];
}

/** Who wrote `memory` and ` !` at once has not been told yet. */
function withoutLimit(runs: readonly Command[]): readonly string[] {
  const reasons = new Set(runs.flatMap(({ run }) => run?.start.noMemoryLimit ?? []));
  return [...reasons].map((why) => item(`its ${codeSpan("memory")} is not held here: ${why}`));
}

function trouble(message: string | undefined): readonly string[] {
  if (message === undefined) return [];
  return [item(`its environment cannot be built so far: ${message}`)];
}

function repeatItem(repeat: Command, whose: string | undefined, timeZone: string): string {
  const { id, run, repeats, state } = repeat;
  const as = `repeated as ${codeSpan(id)}`;
  const of = whose === undefined ? "" : `${codeSpan(whose)} `;
  if (!ENDED.has(state)) return `- ${of}being ${as}`;
  if (run === undefined) return `- ${of}was to be ${as}: ${prose(repeat.reason ?? state)}`;
  const startedAtMs = run.startedAtMs ?? run.claimedAtMs;
  const took =
    run.startedAtMs === undefined || run.endedAtMs === undefined
      ? ""
      : `, ${spanText(run.endedAtMs - run.startedAtMs)}`;
  const when = `${localStamp(startedAtMs, timeZone)}${took}`;
  const link =
    run.folder === undefined
      ? ""
      : ` · ${markdownLink(plainLine(run.spec.name, 80), `runs/${run.folder}`)}`;
  const differs = repeats?.differs ?? [];
  const but = differs.length === 0 ? "" : ` (${prose(differs.join("; "))})`;
  return `- ${of}${as}, ${when}: ${endingOf(repeat)}${but}${link}`;
}

/** As Markdown. */
function endingOf(repeat: Command): string {
  const { run, state } = repeat;
  const outcome = run?.outcome;
  if (outcome === undefined) return state;
  if (state !== "done") return causeWords(repeat, outcome).short ?? state;
  return outcome.repeated === undefined ? state : prose(comparedText(outcome.repeated));
}

/** `all 3 metrics equal`, or the first that differ, as they were and as they are. */
function comparedText({ equal, different }: RepeatCompared): string {
  const count = equal + different.length;
  if (count === 0) return "neither run logged a metric";
  if (different.length === 0) {
    return count === 1 ? "its metric is equal" : `all ${count} metrics equal`;
  }
  const told = different
    .slice(0, REPEAT_DIFFERENCES)
    .map(({ metric, was = "none", is = "none" }) => `${metric} ${was} → ${is}`);
  const rest = different.length - told.length;
  const more = rest === 0 ? "" : ` and ${rest} more`;
  return `${told.join(", ")}${more}; ${equal} of ${count} metrics equal`;
}

/** `a, b and c`; of many the first and how many. */
function listed(names: readonly string[]): string {
  const told = names.slice(0, 3);
  const rest = names.length - told.length;
  if (rest > 0) return `${told.join(", ")} and ${rest} more`;
  const last = told.at(-1) ?? "";
  return told.length < 2 ? last : `${told.slice(0, -1).join(", ")} and ${last}`;
}

const prose = (text: string): string => proseText(plainLine(text, 2 * RECEIPT_TEXT_CHARS));

const item = (text: string): string => `- ${prose(text)}`;
