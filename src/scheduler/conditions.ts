// The conditions before a command's turn: earlier runs, what one of them showed (`if`), and `when`.
// Pure questions about the world; start.ts records the answers. Approval is in approval.ts.
import { localStamp } from "../base/time.ts";
import type { StartKey } from "../domain/journal.ts";
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
import { defined } from "../base/defined.ts";

/** A time of day that passed less than this before it was written means now, not tomorrow. */
const MOMENT_SLACK_MS = 120_000;
/** A moment that was over by more than this when it was written is taken for a slip. */
const MOMENT_PAST_MS = 86_400_000;
/** A time further away than this is shown with its date: the clock alone could mean today. */
const DATED_AFTER_MS = 22 * 3_600_000;

export interface Conditions {
  readonly answer: Condition;
  /** When the answer changes by time alone, ms since 1970. */
  readonly changesAtMs?: number;
}

/**
 * Whether its lab, the frontmatter, `after`, `if` and `when` let the command run; a free slot is
 * not asked about here.
 */
export function conditions(world: World, command: Command): Conditions {
  const lab = world.experiments.get(command.experiment)?.lab;
  const halted = lab === undefined ? undefined : world.labs.get(lab)?.halted;
  if (halted !== undefined) return { answer: { kind: "wait", reason: halted } };
  const unknown = unknownSettings(world, command);
  if (unknown !== undefined) return { answer: { kind: "wait", reason: unknown } };
  const overruled = command.holdOverruled === true;
  const answers: Condition[] = [planCondition(world, command), dependencies(world, command)];
  const shown = judgeIf(world, command);
  if (!(overruled && shown.kind === "hold")) answers.push(shown);
  const time = timeCondition(world, command);
  if (!(overruled && time.answer.kind === "hold")) answers.push(time.answer);
  const final = answers.find(({ kind }) => kind === "hold" || kind === "skip");
  if (final !== undefined) return { answer: final };
  const reasons = answers.flatMap((answer) => (answer.kind === "wait" ? [answer.reason] : []));
  const answer: Condition =
    reasons.length === 0 ? READY : { kind: "wait", reason: [...new Set(reasons)].join(", ") };
  return { answer, ...defined({ changesAtMs: time.changesAtMs }) };
}

/**
 * Whether the frontmatter says how the command starts. A value that cannot be used never means the
 * default: that would be another script, or another limit, than the one that was written.
 */
function planCondition(world: World, { experiment, spec, repeats }: Command): Condition {
  const unusable = world.views.get(experiment)?.reading.plan.unusable ?? [];
  if (repeats !== undefined) return READY;
  const own: Record<StartKey, boolean> = {
    script: spec.verb !== "run" || spec.script !== undefined,
    eval: spec.verb !== "eval" || spec.script !== undefined,
    runner: spec.runner !== undefined,
    timeout: spec.timeoutMs !== undefined,
    "stop on": spec.stopOn !== undefined,
  };
  const key = unusable.find((one) => !own[one]);
  if (key === undefined) return READY;
  return { kind: "wait", reason: `until the frontmatter's \`${key}\` can be used` };
}

/** Why nothing starts: the lab's nightlab.yaml has its windows, floors and slots. */
function unknownSettings(world: World, { experiment }: Command): string | undefined {
  const path = world.experiments.get(experiment)?.lab;
  const lab = path === undefined ? undefined : world.labs.get(path);
  if (lab?.settings !== undefined) return undefined;
  return lab === undefined
    ? "until nightlab.yaml is read"
    : "until nightlab.yaml is mended, as LAB.md says";
}

/** The window that `when` means, by its name or its own times; undefined where there is none. */
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

/** When a window's next occurrence begins, as a receipt says it: `from 22:00`. */
export function nextTime(world: World, command: Command, window: TimeWindow): string {
  const next = nextOccurrence(window, world.nowMs);
  return next === undefined ? "never again" : `from ${timeText(world, command, next.startMs)}`;
}

function timeCondition(world: World, command: Command): Conditions {
  const { when } = command.spec;
  if (when === undefined) return { answer: READY };
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
  // Written at 14:29 and read at 14:31, `14:30` still means today.
  const atMs = momentAt(when, writtenAtMs - MOMENT_SLACK_MS, timeZone);
  const stamp = localStamp(atMs, timeZone).slice(0, 16);
  if (atMs > world.nowMs) {
    const shown = when.date === undefined ? timeText(world, command, atMs) : stamp;
    const reason = `at ${shown}${deRiskNote(world, command)}`;
    return { answer: { kind: "wait", reason }, changesAtMs: atMs };
  }
  if (writtenAtMs - atMs <= MOMENT_PAST_MS) return { answer: READY };
  const reason = `${stamp} was long over when this was written; your go starts it now`;
  return { answer: { kind: "hold", reason } };
}

/** The problem of a command whose window is in no nightlab.yaml; undefined where there is none. */
export function windowProblem(world: World, command: Command): Mistake | undefined {
  const { when } = command.spec;
  const lab = world.experiments.get(command.experiment)?.lab;
  const settings = lab === undefined ? undefined : world.labs.get(lab)?.settings;
  if (when?.kind !== "window" || settings === undefined) return undefined;
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

/** Shown while there is time to act: at night nobody is there to approve. */
const deRiskNote = (world: World, command: Command): string =>
  lacksDeRisk(world, command) ? ", once a de-risking run has passed" : "";

/** `22:00`, with its date where that is further away than DATED_AFTER_MS. */
function timeText(world: World, { experiment }: Command, ms: number): string {
  const stamp = localStamp(ms, settingsOf(world, experiment).timeZone).slice(0, 16);
  return ms - world.nowMs < DATED_AFTER_MS ? stamp.slice(11) : stamp;
}
