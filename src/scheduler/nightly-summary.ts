// When a lab's nightly summary is made: when the night is over, and again when its last run has
// ended. effects/daemon/nightly-summary-handlers.ts makes it and writes it into LAB.md.
import { relative } from "node:path";
import { counted } from "../base/markdown.ts";
import { codeSpan } from "../base/markdown-text.ts";
import { commandTitle } from "../domain/command.ts";
import { inOrderOf } from "../domain/resolve-reference.ts";
import { HOLDS } from "./hold-reasons.ts";
import { ENDED } from "../domain/command-state.ts";
import type { EventOf } from "../domain/event.ts";
import type { LabPath } from "../base/ids.ts";
import type { Occurrence } from "../domain/window.ts";
import type { LabSettings } from "../domain/lab-settings.ts";
import { openCommands, type Command, type NightlySummary, type World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import type { PageBlock } from "../base/page-signature.ts";
import { hasNews, stillAtWork } from "./nightly-summary-facts.ts";
import { lastNight, nextMorning } from "./nights.ts";

/** A summary that could not be made is tried again after this long. */
export const NIGHT_RETRY_MS = 10 * 60_000;

const DAY_MS = 86_400_000;
/** Of the commands that lost their line so many are named. */
const VANISHED_NAMED = 8;

/** Requests every lab's summary that is due, and wakes the daemon for the next one. */
export function summarizeNights(turn: Turn): void {
  if (!turn.world.allFound) return;
  for (const [path, { settings }] of turn.world.labs) {
    if (settings !== undefined) summarizeNight(turn, path, settings);
  }
}

function summarizeNight(turn: Turn, path: LabPath, settings: LabSettings): void {
  const { world, atMs } = turn;
  const last = world.nightlySummaries.get(path);
  const pending = world.summarizing.get(path);
  if (pending !== undefined && (pending.asked || atMs < pending.notBeforeMs)) {
    if (!pending.asked) turn.wake(pending.notBeforeMs);
    return;
  }
  const morningMs = nextMorning(settings, atMs);
  if (morningMs !== undefined) turn.wake(morningMs);
  const night = lastNight(settings, atMs);
  if (night === undefined) return;
  if (last !== undefined && night.endMs <= last.night.endMs) {
    if (last.atWork.length > 0 && allEnded(world, last)) {
      request(turn, path, last.night, lastEnd(world, last));
    }
  } else if (hasNews(world, path, night, last?.asOfMs ?? night.endMs - DAY_MS)) {
    request(turn, path, night, night.endMs);
  } else {
    turn.record({ kind: "night-told", lab: path, night, asOfMs: night.endMs, atWork: [] });
  }
}

/** Requests the latest summary anew; where there is none yet, that of the last night. */
export function summarizeAgain(turn: Turn, lab: LabPath): void {
  const { world } = turn;
  const settings = world.labs.get(lab)?.settings;
  if (settings === undefined || world.summarizing.get(lab)?.asked === true) return;
  const last = world.nightlySummaries.get(lab);
  const night = last?.night ?? lastNight(settings, turn.atMs);
  if (night !== undefined) request(turn, lab, night, last?.asOfMs ?? night.endMs);
}

function request(turn: Turn, lab: LabPath, night: Occurrence, asOfMs: number): void {
  turn.world.summarizing.set(lab, { asked: true, notBeforeMs: 0 });
  turn.effect({ kind: "compose-night", lab, night, asOfMs });
}

/** Handles a finished summary; one that could not be made is requested again later. */
export function onNightComposed(turn: Turn, event: EventOf<"night-composed">): void {
  const { world } = turn;
  const { lab, night, asOfMs, blocks } = event;
  if (blocks === undefined) {
    world.summarizing.set(lab, { asked: false, notBeforeMs: turn.atMs + NIGHT_RETRY_MS });
    return;
  }
  world.summarizing.delete(lab);
  const first = asOfMs === night.endMs;
  const atWork = first ? stillAtWork(world, lab, night) : [];
  turn.record({ kind: "night-told", lab, night, asOfMs, atWork, blocks });
  showLabPage(turn, lab);
}

/**
 * Has LAB.md show the problems of the settings, a pause, commands that lost their line, and the
 * latest summary.
 */
export function showLabPage(turn: Turn, lab: LabPath): void {
  const { world } = turn;
  const problems = world.labs.get(lab)?.problems ?? [];
  const digest = [
    ...noticeBlocks(world.labs.get(lab)?.notices),
    ...pauseBlocks(world),
    ...vanishedBlocks(world, lab),
    ...(world.nightlySummaries.get(lab)?.blocks ?? []),
  ];
  turn.effect({ kind: "show-lab-page", lab, problems, digest });
}

const noticeBlocks = (notices: readonly string[] = []): readonly PageBlock[] =>
  notices.map((text, i) => ({ key: `lab.notice.${i}`, text: `> **problem** ${text}` }));

/** The block of a pause that the queue made by itself. */
function pauseBlocks({ pause }: World): readonly PageBlock[] {
  if (pause?.why === undefined) return [];
  const text = `the queue paused itself: ${pause.why}; \`queue: resume\` lets it go on`;
  return [{ key: "lab.paused", text: `> **problem** ${text}` }];
}

const isVanished = ({ state, reason }: Command): boolean =>
  state === "held" && reason === HOLDS.vanished;

/** For each journal: which waiting commands lost their line, in a save that was perhaps not meant. */
function vanishedBlocks(world: World, lab: LabPath): readonly PageBlock[] {
  const vanished = openCommands(world).filter(isVanished);
  const heads = new Set(vanished.map(({ id, parent }) => parent ?? id));
  return [...world.experiments.values()].flatMap((experiment) => {
    if (experiment.lab !== lab) return [];
    const gone = inOrderOf(experiment, heads).flatMap((id) => world.commands.get(id) ?? []);
    if (gone.length === 0) return [];
    const folder = relative(lab, experiment.path) || ".";
    const named = gone
      .slice(0, VANISHED_NAMED)
      .map(({ id, spec }) => `${codeSpan(id)} (${codeSpan(commandTitle(spec))})`);
    const more = gone.length > VANISHED_NAMED ? [`${gone.length - VANISHED_NAMED} more`] : [];
    const text =
      `${counted(gone.length, "waiting command")} lost ${gone.length === 1 ? "its" : "their"} line in the journal of ` +
      `${codeSpan(folder)}: ${[...named, ...more].join(", ")}; held, and cancelled after a day. ` +
      `${codeSpan(`nightlab history ${folder}`)} has the text that had them`;
    return [{ key: `lab.vanished.${folder}`, text: `> **held** ${text}` }];
  });
}

const allEnded = (world: World, { atWork }: NightlySummary): boolean =>
  atWork.every((id) => {
    const command = world.commands.get(id);
    return command === undefined || ENDED.has(command.state);
  });

/** When the last of the commands that were at work ended, ms since 1970; after the night's end. */
function lastEnd(world: World, { night, atWork }: NightlySummary): number {
  const ends = atWork.map((id) => world.commands.get(id)?.stateSinceMs ?? 0);
  return Math.max(night.endMs + 1, ...ends);
}
