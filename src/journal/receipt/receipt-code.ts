// The receipt's lines on a run's code and environment, and on the runs that repeat it. Changed
// files are found at the start of a run; a repeat is compared when it ends.
import { ENDED } from "../../domain/command-state.ts";
import { RECEIPT_TEXT_CHARS } from "../../domain/receipt-flags.ts";
import type { RepeatCompared } from "../../domain/repeat.ts";
import { listed } from "../../base/markdown.ts";
import { localStamp, spanText } from "../../base/time.ts";
import type { Command } from "../../domain/world.ts";
import { codeSpan, markdownLink, plainLine, proseText } from "../../base/markdown-text.ts";
import { causeWords } from "./receipt-cause.ts";

/** Differing metrics of a repeat that a receipt shows; `nightlab compare` has all of them. */
const REPEAT_DIFFERENCES = 3;
/** File names that one sentence lists; of more it gives the count. */
const LISTED_NAMES = 3;

/** What the lines are made of, beside the command. */
export interface CodeContext {
  /** Why the environment of a waiting command cannot be built, if an attempt to build it failed. */
  readonly environmentTrouble?: string;
  /** Commands that repeat this command's run, or a run of one of its members. */
  readonly repeats?: readonly Command[];
  /** The members, if it is a sweep. */
  readonly members?: readonly Command[];
  readonly timeZone: string;
}

/** One list item for each thing to report; usually there is none. */
export function codeItems(command: Command, context: CodeContext): readonly string[] {
  return [
    ...changed([command, ...(context.members ?? [])]),
    ...notCopied(command),
    ...withoutLimit([command, ...(context.members ?? [])]),
    ...trouble(context.environmentTrouble),
    ...(context.repeats ?? []).map((repeat) => {
      // A repeat of a sweep's receipt repeats one member, which the line then names.
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
  const since = `${listedNames([...names].toSorted())} changed since this was queued`;
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

/** Why `memory` is not enforced; a command approved in advance (` !`) was not held for it. */
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

/** How a repeat ended, as Markdown: its cause, or how its metrics compare. */
function endingOf(repeat: Command): string {
  const { run, state } = repeat;
  const outcome = run?.outcome;
  if (outcome === undefined) return state;
  if (state !== "done") return causeWords(repeat, outcome).short ?? state;
  return outcome.repeated === undefined ? state : prose(comparedText(outcome.repeated));
}

/** `all 3 metrics equal`, or the first that differ, with the old and the new value. */
function comparedText({ equal, different }: RepeatCompared): string {
  const count = equal + different.length;
  if (count === 0) return "neither run logged a metric";
  if (different.length === 0) {
    return count === 1 ? "its metric is equal" : `all ${count} metrics equal`;
  }
  const shown = different
    .slice(0, REPEAT_DIFFERENCES)
    .map(({ metric, was = "none", is = "none" }) => `${metric} ${was} → ${is}`);
  const rest = different.length - shown.length;
  const more = rest === 0 ? "" : ` and ${rest} more`;
  return `${shown.join(", ")}${more}; ${equal} of ${count} metrics equal`;
}

/** `a, b and c`, or `a, b, c and 2 more`. */
function listedNames(names: readonly string[]): string {
  const shown = names.slice(0, LISTED_NAMES);
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(", ")} and ${rest} more` : listed(shown);
}

const prose = (text: string): string => proseText(plainLine(text, 2 * RECEIPT_TEXT_CHARS));

const item = (text: string): string => `- ${prose(text)}`;
