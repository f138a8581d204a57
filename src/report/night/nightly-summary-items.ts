// Single lines of LAB.md: a run, a sweep, a flag, a verdict, a waiting command. Links are relative
// to the lab's folder. Which lines there are, and in which order, is nightly-summary-page.ts.
import { QUOTED_CHARS } from "../../base/limits.ts";
import { causeWords } from "../../journal/receipt/receipt-cause.ts";
import { receiptFinding as receiptText, logLink, metricTexts } from "../../domain/receipt-flags.ts";
import {
  codeSpan,
  linkTarget,
  markdownLink,
  markdownText,
  plainLine,
  proseText,
} from "../../base/markdown-text.ts";
import { commandTitle } from "../../domain/command.ts";
import type { LabPath } from "../../base/ids.ts";
import { slotName } from "../../domain/slot.ts";
import { localStamp, spanText } from "../../base/time.ts";
import type { Occurrence } from "../../domain/window.ts";
import type { Command, Run } from "../../domain/world.ts";
import { counted } from "../../base/markdown.ts";
import { leftAtMs, openFlags, type NightRun } from "../../scheduler/nightly-summary-facts.ts";

/** LAB.md lists at most this many flags of a run; the run's receipt has all. */
const NIGHT_FLAGS = 4;

/** What the files of an experiment add to the summary, if one of its commands ran. */
export interface NightExperiment {
  /** The metrics of the plan, those of its criteria first. */
  readonly promised: readonly string[];
  /** The journal's lines, from 1, on which receipts begin, by the command's id. */
  readonly lines: ReadonlyMap<string, number>;
  /** A sentence for each criterion that could be evaluated. */
  readonly verdicts: readonly string[];
}

/** What all lines of one night's summary need. */
export interface NightContext {
  readonly lab: LabPath;
  readonly timeZone: string;
  readonly night: Occurrence;
  readonly experiments: ReadonlyMap<string, NightExperiment>;
}

/**
 * The line of a run: `**failed** [full](…) `k7f3` in [warm-up](…) at 01:14, after 2 h 3 min: why`.
 */
export function runItem({ command, run, again }: NightRun, context: NightContext): string {
  const { outcome } = run;
  const state =
    outcome === undefined
      ? run.startedAtMs === undefined
        ? "preparing"
        : "running"
      : outcome.ending;
  // Done runs have a list of their own, so their state is left out.
  const bold = state === "done" ? "" : `**${state}** `;
  const parts = [
    `${bold}${runName(command, run, context)} ${codeSpan(command.id)}`,
    journalLink(command, context),
    timeOf(run, context),
    ...(outcome === undefined ? slotTexts(run) : []),
    ...causeOf(command, run, context),
    ...(again ? ["tried again"] : []),
    ...(outcome?.ending === "done" ? metricTexts(outcome, promisedOf(command, context)) : []),
  ];
  return `- ${parts.join(" · ")}`;
}

const slotTexts = (run: Run): readonly string[] => {
  const name = slotName(run.spec.place);
  return name === undefined ? [] : [name];
};

function causeOf(command: Command, run: Run, context: NightContext): readonly string[] {
  const { outcome } = run;
  if (outcome === undefined || outcome.ending === "done") return [];
  const { short } = causeWords({ ...command, run }, outcome);
  const { lastLine } = outcome;
  const line = plainLine(lastLine?.text ?? "", QUOTED_CHARS);
  const words = short === undefined ? [] : [short];
  if (lastLine === undefined || line === "") return words;
  return [
    ...words,
    `${codeSpan(line)} (${inLab(logLink(lastLine, run.folder), command, context)})`,
  ];
}

/** The lines of done runs: one for all runs of a sweep, one for each other run. */
export function doneItems(done: readonly NightRun[], context: NightContext): readonly string[] {
  const sweeps = new Map<string, NightRun[]>();
  for (const one of done) {
    const { parent } = one.command;
    if (parent !== undefined) sweeps.set(parent, [...(sweeps.get(parent) ?? []), one]);
  }
  const listed = new Set<string>();
  return done.flatMap((one) => {
    const { parent } = one.command;
    const members = parent === undefined ? [] : (sweeps.get(parent) ?? []);
    if (parent === undefined || members.length < 2) return [runItem(one, context)];
    if (listed.has(parent)) return [];
    listed.add(parent);
    return [sweepItem(parent, members, context)];
  });
}

function sweepItem(parent: string, members: readonly NightRun[], context: NightContext): string {
  const [first] = members;
  const ends = members.map(({ run }) => leftAtMs(run) ?? 0);
  const from = first?.run.startedAtMs ?? first?.run.claimedAtMs ?? 0;
  const parts = [
    `${counted(members.length, "run")} of ${codeSpan(parent)}`,
    ...(first === undefined ? [] : [journalLink(first.command, context)]),
    `${nightClock(from, context)} to ${nightClock(Math.max(...ends), context)}`,
  ];
  return `- ${parts.join(" · ")}`;
}

/** The lines of a run's open flags, and one with the number of the others. */
export function flagItems({ command, run }: NightRun, context: NightContext): readonly string[] {
  const flags = openFlags(run);
  const name = `${runName(command, run, context)} ${codeSpan(command.id)}`;
  const items = flags
    .slice(0, NIGHT_FLAGS)
    .map((flag) => `- ${name} · [WEIRD] ${inLab(receiptText(flag, run.folder), command, context)}`);
  const more = flags.length - items.length;
  return more === 0 ? items : [...items, `- ${name} · ${counted(more, "more flag")}`];
}

/** The lines of all verdicts, in the order of the experiments' paths. */
export function verdictItems(context: NightContext): readonly string[] {
  const all = [...context.experiments].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return all.flatMap(([path, { verdicts }]) =>
    verdicts.map((verdict) => {
      const folder = below(path, context);
      return `- ${markdownLink(nameOf(path), `${folder}REPORT.md`)} · ${verdict}`;
    }),
  );
}

/** The line of a waiting command: what it is, how many runs it has, and why it waits. */
export function waitItem(command: Command, context: NightContext): string {
  const { reason, state, members } = command;
  const why = reason === undefined ? (state === "queued" ? "its turn" : "") : reason;
  const size = command.spec.sweep === undefined ? [] : ["a sweep"];
  const parts = [
    `${codeSpan(command.id)} ${codeSpan(commandTitle(command.spec))}`,
    journalLink(command, context),
    ...(members === undefined ? size : [counted(members.length, "run")]),
    ...(why === "" ? [] : [proseText(plainLine(why, QUOTED_CHARS))]),
  ];
  return `- ${parts.join(" · ")}`;
}

/** The run's name, as a link to its folder if it has one. */
function runName(command: Command, run: Run, context: NightContext): string {
  const name = plainLine(run.spec.name, 80);
  if (run.folder === undefined) return markdownText(name);
  return markdownLink(name, `${below(command.experiment, context)}runs/${run.folder}`);
}

/** A link to the command's receipt, or to the journal: `[warm-up](warm-up/JOURNAL.md#L42)`. */
function journalLink(command: Command, context: NightContext): string {
  const { experiment, id, parent } = command;
  const line = context.experiments.get(experiment)?.lines.get(parent ?? id);
  const anchor = line === undefined ? "" : `#L${line}`;
  const target = linkTarget(`${below(experiment, context)}JOURNAL.md`);
  return `[${markdownText(nameOf(experiment))}](${target}${anchor})`;
}

/** A receipt's Markdown with its links, relative to the experiment, made relative to the lab. */
function inLab(markdown: string, { experiment }: Command, context: NightContext): string {
  const folder = linkTarget(below(experiment, context));
  return markdown.replaceAll("](runs/", `](${folder}runs/`);
}

const promisedOf = ({ experiment }: Command, { experiments }: NightContext): readonly string[] =>
  experiments.get(experiment)?.promised ?? [];

/** An experiment's path from the lab with a slash at its end; empty for the lab itself. */
function below(experiment: string, { lab }: NightContext): string {
  return experiment === lab ? "" : `${experiment.slice(lab.length + 1)}/`;
}

const nameOf = (experiment: string): string => experiment.slice(experiment.lastIndexOf("/") + 1);

/** When a run ran: `22:05 to 01:14, 3 h 9 min`, or `since 22:05`. */
function timeOf(run: Run, context: NightContext): string {
  const from = run.startedAtMs ?? run.claimedAtMs;
  const to = leftAtMs(run);
  if (to === undefined || run.outcome === undefined) return `since ${nightClock(from, context)}`;
  if (run.startedAtMs === undefined) return `at ${nightClock(to, context)}`;
  if (run.outcome.ending === "lost") return `from ${nightClock(from, context)} on`;
  const took = spanText(to - from);
  const { endMs } = context.night;
  const end = to > endMs ? clockFrom(endMs, to, context) : nightClock(to, context);
  return `${nightClock(from, context)} to ${end}, ${took}`;
}

/** The time of day; with its date if it is before the evening of the night. */
export function nightClock(ms: number, { timeZone, night }: NightContext): string {
  const stamp = localStamp(ms, timeZone);
  return ms < night.startMs - EVENING_MS ? stamp.slice(0, 16) : stamp.slice(11, 16);
}

/** How long before the night's window its evening begins. */
const EVENING_MS = 6 * 3_600_000;

/** The time of day at `atMs`; with its date if that is not the date of `ms`. */
export function clockFrom(ms: number, atMs: number, context: NightContext): string {
  const stamp = localStamp(atMs, context.timeZone);
  return nightDay(ms, context) === stamp.slice(0, 10) ? stamp.slice(11, 16) : stamp.slice(0, 16);
}

/** The date in the lab's time zone: `2025-02-02`. */
export const nightDay = (ms: number, { timeZone }: NightContext): string =>
  localStamp(ms, timeZone).slice(0, 10);
