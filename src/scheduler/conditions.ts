// What a command waits for before its turn comes: earlier runs, what one of them showed, and time.
// Pure questions about the world; start.ts records the answers. The go of a long run is in approval.ts.
import { localStamp } from "../base/time.ts";
import type { LabSettings } from "../domain/lab-settings.ts";
import { clockText, NIGHT, type TimeWindow, type When } from "../domain/window.ts";
import type { Mistake } from "../base/problem.ts";
import { settingsOf, type Command, type World } from "../domain/world.ts";
import { nearest } from "../base/nearest.ts";
import { judgeIf } from "./earlier-metric.ts";
import { dependencies, lacksDeRisk } from "./approval.ts";
import {
  dailyTimes,
  momentAt,
  nextOccurrence,
  occurrenceAt,
  windowNamed,
} from "../domain/windows.ts";
import { READY, type Condition } from "./readiness.ts";

/** A time of day that passed this shortly before it was read is now, and not tomorrow. */
const MOMENT_SLACK_MS = 120_000;
/** A date that was over by more than this when it was written is a slip of the pen. */
const MOMENT_PAST_MS = 86_400_000;
/** A time further ahead than this is told with its date: by the clock alone it could be today. */
const DATED_AFTER_MS = 22 * 3_600_000;

export interface Conditions {
  readonly answer: Condition;
  /** By time alone the answer changes then. */
  readonly changesAtMs?: number;
}

/** Whether everything has come that the command was told to wait for, but for a place to run. */
export function conditions(world: World, command: Command): Conditions {
  const overruled = command.holdOverruled === true;
  const answers: Condition[] = [dependencies(world, command)];
  const shown = judgeIf(world, command);
  if (!(overruled && shown.kind === "hold")) answers.push(shown);
  const time = timeCondition(world, command);
  if (!(overruled && time.answer.kind === "hold")) answers.push(time.answer);
  const final = answers.find(({ kind }) => kind === "hold" || kind === "skip");
  if (final !== undefined) return { answer: final };
  const reasons = answers.flatMap((answer) => (answer.kind === "wait" ? [answer.reason] : []));
  const answer: Condition =
    reasons.length === 0 ? READY : { kind: "wait", reason: [...new Set(reasons)].join(", ") };
  return { answer, ...(time.changesAtMs === undefined ? {} : { changesAtMs: time.changesAtMs }) };
}

/** The window of a command, by its name or its own times; undefined where it asks for none. */
export function windowOf(settings: LabSettings, when: When | undefined): TimeWindow | undefined {
  switch (when?.kind) {
    case "window":
      return windowNamed(settings, when.name);
    case "daily": {
      const name = `${clockText(when.from)}-${clockText(when.to)}`;
      return { name, ...dailyTimes(when.from, when.to, settings.timeZone), atEnd: "finish" };
    }
    case "moment":
    case undefined:
      return undefined;
  }
}

/** When a window's next occurrence begins, as its receipt says it. */
export function nextTime(world: World, command: Command, window: TimeWindow): string {
  const next = nextOccurrence(window, world.nowMs);
  return next === undefined ? "never again" : `from ${timeText(world, command, next.startMs)}`;
}

function timeCondition(world: World, command: Command): Conditions {
  const { when } = command.spec;
  if (when === undefined) return { answer: READY };
  const lab = world.experiments.get(command.experiment)?.lab;
  // Its windows and its zone are known as soon as its nightlab.yaml is read.
  if (lab === undefined || !world.labs.has(lab)) {
    return { answer: { kind: "wait", reason: "until nightlab.yaml is read" } };
  }
  const settings = settingsOf(world, command.experiment);
  if (when.kind === "moment") return momentCondition(world, command, when, settings.timeZone);
  const window = windowOf(settings, when);
  if (window === undefined) {
    const name = when.kind === "window" ? when.name : "";
    return { answer: { kind: "wait", reason: `until nightlab.yaml has a window \`${name}\`` } };
  }
  if (occurrenceAt(window, world.nowMs) !== undefined) return { answer: READY };
  const next = nextOccurrence(window, world.nowMs);
  const named = when.kind === "window" ? `${when.name} ` : "";
  const reason = `${named}${nextTime(world, command, window)}${deRiskNote(world, command)}`;
  return {
    answer: { kind: "wait", reason },
    ...(next === undefined ? {} : { changesAtMs: next.startMs }),
  };
}

function momentCondition(
  world: World,
  command: Command,
  when: Extract<When, { kind: "moment" }>,
  timeZone: string,
): Conditions {
  const writtenAtMs = command.editedAtMs ?? command.acceptedAtMs;
  // Somebody who writes 14:30 a little before may have it read a little after.
  const atMs = momentAt(when, writtenAtMs - MOMENT_SLACK_MS, timeZone);
  const stamp = localStamp(atMs, timeZone).slice(0, 16);
  if (atMs > world.nowMs) {
    const told = when.date === undefined ? timeText(world, command, atMs) : stamp;
    const reason = `at ${told}${deRiskNote(world, command)}`;
    return { answer: { kind: "wait", reason }, changesAtMs: atMs };
  }
  if (writtenAtMs - atMs <= MOMENT_PAST_MS) return { answer: READY };
  const reason = `${stamp} was long over when this was written; your go starts it now`;
  return { answer: { kind: "hold", reason } };
}

/** What is wrong with the window that a command waits for, if there is none of that name. */
export function windowProblem(world: World, command: Command): Mistake | undefined {
  const { when } = command.spec;
  const lab = world.experiments.get(command.experiment)?.lab;
  if (when?.kind !== "window" || lab === undefined || !world.labs.has(lab)) return undefined;
  const settings = settingsOf(world, command.experiment);
  if (windowOf(settings, when) !== undefined) return undefined;
  const { windows = [] } = settings;
  const { name } = when;
  const known = [...new Set([NIGHT, ...windows.map((window) => window.name)])];
  const near = nearest(name, known);
  const fix =
    near === undefined
      ? `nightlab.yaml has ${known.map((one) => `\`${one}\``).join(", ")}`
      : `did you mean \`${near}\`?`;
  return { message: `no window is called \`${name}\``, fix };
}

/** Told while there is time: in the night nobody is there to give a go. */
const deRiskNote = (world: World, command: Command): string =>
  lacksDeRisk(world, command) ? ", once a de-risking run has passed" : "";

/** `22:00`, with its date where that is not within a day. */
function timeText(world: World, { experiment }: Command, ms: number): string {
  const stamp = localStamp(ms, settingsOf(world, experiment).timeZone).slice(0, 16);
  return ms - world.nowMs < DATED_AFTER_MS ? stamp.slice(11) : stamp;
}
