// One line of LAB.md each: a run, a sweep, a flag, a verdict, a command that waits. Links lead from
// the lab's folder. Which lines there are, and in which order, is nightly-summary-page.ts's.
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

/** Flags of one run that LAB.md lists; its receipt has more. */
const NIGHT_FLAGS = 4;

/** What the files of an experiment add, for the experiments in which something ran. */
export interface NightExperiment {
  /** Metrics of the plan, those of its criteria first. */
  readonly promised: readonly string[];
  /** 1-based lines of the journal in which receipts begin, by the command's id. */
  readonly lines: ReadonlyMap<string, number>;
  /** A sentence for each criterion that could be judged. */
  readonly verdicts: readonly string[];
}

export interface NightContext {
  readonly lab: LabPath;
  readonly timeZone: string;
  readonly night: Occurrence;
  readonly experiments: ReadonlyMap<string, NightExperiment>;
}

/** One run: `**failed** [full](…) `k7f3` in [warm-up](…) at 01:14, after 2 h 3 min: why`. */
export function runItem({ command, run, again }: NightRun, context: NightContext): string {
  const { outcome } = run;
  const state =
    outcome === undefined
      ? run.startedAtMs === undefined
        ? "preparing"
        : "running"
      : outcome.ending;
  // In a list of what is done the state says nothing.
  const bold = state === "done" ? "" : `**${state}** `;
  const parts = [
    `${bold}${runName(command, run, context)} ${codeSpan(command.id)}`,
    journalLink(command, context),
    timeOf(run, context),
    ...(outcome === undefined ? placeOf(run) : []),
    ...causeOf(command, run, context),
    ...(again ? ["tried again"] : []),
    ...(outcome?.ending === "done" ? metricTexts(outcome, promisedOf(command, context)) : []),
  ];
  return `- ${parts.join(" · ")}`;
}

const placeOf = (run: Run): readonly string[] => {
  const name = slotName(run.spec.place);
  return name === undefined ? [] : [name];
};

function causeOf(command: Command, run: Run, context: NightContext): readonly string[] {
  const { outcome } = run;
  if (outcome === undefined || outcome.ending === "done") return [];
  const { short } = causeWords({ ...command, run }, outcome);
  const { lastLine } = outcome;
  const said = plainLine(lastLine?.text ?? "", QUOTED_CHARS);
  const words = short === undefined ? [] : [short];
  if (lastLine === undefined || said === "") return words;
  return [
    ...words,
    `${codeSpan(said)} (${inLab(logLink(lastLine, run.folder), command, context)})`,
  ];
}

/** Runs of a sweep that are done are one line; every other run has its own. */
export function doneItems(done: readonly NightRun[], context: NightContext): readonly string[] {
  const sweeps = new Map<string, NightRun[]>();
  for (const one of done) {
    const { parent } = one.command;
    if (parent !== undefined) sweeps.set(parent, [...(sweeps.get(parent) ?? []), one]);
  }
  const told = new Set<string>();
  return done.flatMap((one) => {
    const { parent } = one.command;
    const members = parent === undefined ? [] : (sweeps.get(parent) ?? []);
    if (parent === undefined || members.length < 2) return [runItem(one, context)];
    if (told.has(parent)) return [];
    told.add(parent);
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

export function flagItems({ command, run }: NightRun, context: NightContext): readonly string[] {
  const flags = openFlags(run);
  const name = `${runName(command, run, context)} ${codeSpan(command.id)}`;
  const items = flags
    .slice(0, NIGHT_FLAGS)
    .map((flag) => `- ${name} · [WEIRD] ${inLab(receiptText(flag, run.folder), command, context)}`);
  const more = flags.length - items.length;
  return more === 0 ? items : [...items, `- ${name} · ${counted(more, "more flag")}`];
}

export function verdictItems(context: NightContext): readonly string[] {
  const all = [...context.experiments].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return all.flatMap(([path, { verdicts }]) =>
    verdicts.map((verdict) => {
      const folder = below(path, context);
      return `- ${markdownLink(nameOf(path), `${folder}REPORT.md`)} · ${verdict}`;
    }),
  );
}

export function waitItem(command: Command, context: NightContext): string {
  const { reason, state, members } = command;
  const why = reason === undefined ? (state === "queued" ? "its turn" : "") : reason;
  const many = command.spec.sweep === undefined ? [] : ["a sweep"];
  const parts = [
    `${codeSpan(command.id)} ${codeSpan(commandTitle(command.spec))}`,
    journalLink(command, context),
    ...(members === undefined ? many : [counted(members.length, "run")]),
    ...(why === "" ? [] : [proseText(plainLine(why, QUOTED_CHARS))]),
  ];
  return `- ${parts.join(" · ")}`;
}

/** The run's name as a link to its folder, where it has one. */
function runName(command: Command, run: Run, context: NightContext): string {
  const name = plainLine(run.spec.name, 80);
  if (run.folder === undefined) return markdownText(name);
  return markdownLink(name, `${below(command.experiment, context)}runs/${run.folder}`);
}

/** `[warm-up](warm-up/JOURNAL.md#L42)`: its receipt, as far as that was found. */
function journalLink(command: Command, context: NightContext): string {
  const { experiment, id, parent } = command;
  const line = context.experiments.get(experiment)?.lines.get(parent ?? id);
  const place = line === undefined ? "" : `#L${line}`;
  const target = linkTarget(`${below(experiment, context)}JOURNAL.md`);
  return `[${markdownText(nameOf(experiment))}](${target}${place})`;
}

/** Links of a receipt lead from its experiment; here they lead from the lab. */
function inLab(markdown: string, { experiment }: Command, context: NightContext): string {
  const folder = linkTarget(below(experiment, context));
  return markdown.replaceAll("](runs/", `](${folder}runs/`);
}

const promisedOf = ({ experiment }: Command, { experiments }: NightContext): readonly string[] =>
  experiments.get(experiment)?.promised ?? [];

/** Path of an experiment from the lab, with a slash at its end; empty for the lab itself. */
function below(experiment: string, { lab }: NightContext): string {
  return experiment === lab ? "" : `${experiment.slice(lab.length + 1)}/`;
}

const nameOf = (experiment: string): string => experiment.slice(experiment.lastIndexOf("/") + 1);

/** `22:05 to 01:14, 3 h 9 min`; of one that goes on, since when. */
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

/** The time; with its day where it is none of the night's or of the evening before it. */
export function nightClock(ms: number, { timeZone, night }: NightContext): string {
  const stamp = localStamp(ms, timeZone);
  return ms < night.startMs - EVENING_MS ? stamp.slice(0, 16) : stamp.slice(11, 16);
}

const EVENING_MS = 6 * 3_600_000;

/** The time; with its day where that is another one than of `ms`. */
export function clockFrom(ms: number, atMs: number, context: NightContext): string {
  const stamp = localStamp(atMs, context.timeZone);
  return nightDay(ms, context) === stamp.slice(0, 10) ? stamp.slice(11, 16) : stamp.slice(0, 16);
}

export const nightDay = (ms: number, { timeZone }: NightContext): string =>
  localStamp(ms, timeZone).slice(0, 10);
