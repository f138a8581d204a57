// When a lab's night is told: once when it is over, and once more when its last run has ended.
// What is told is made from ledger and files by effects/daemon/nightly-summary-handlers.ts, and written into LAB.md.
import { ENDED } from "../domain/command-state.ts";
import type { EventOf } from "../domain/event.ts";
import type { LabPath } from "../base/ids.ts";
import type { Occurrence } from "../domain/window.ts";
import type { Lab, NightlySummary, World } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import type { PageBlock } from "../base/page-signature.ts";
import { hasNews, stillAtWork } from "./nightly-summary-facts.ts";
import { lastNight, nextMorning } from "./nights.ts";

/** A morning's page that could not be made is tried again after this long. */
export const NIGHT_RETRY_MS = 10 * 60_000;

const DAY_MS = 86_400_000;

/** Has every lab's night told that is due, and wakes for the next one. */
export function summarizeNights(turn: Turn): void {
  if (!turn.world.allFound) return;
  for (const [path, lab] of turn.world.labs) summarizeNight(turn, path, lab);
}

function summarizeNight(turn: Turn, path: LabPath, lab: Lab): void {
  const { world, atMs } = turn;
  const told = world.nightlySummaries.get(path);
  const telling = world.summarizing.get(path);
  if (telling !== undefined && (telling.asked || atMs < telling.notBeforeMs)) {
    if (!telling.asked) turn.wake(telling.notBeforeMs);
    return;
  }
  const morningMs = nextMorning(lab.settings, atMs);
  if (morningMs !== undefined) turn.wake(morningMs);
  const night = lastNight(lab.settings, atMs);
  if (night === undefined) return;
  if (told !== undefined && night.endMs <= told.night.endMs) {
    if (told.atWork.length > 0 && allEnded(world, told)) {
      ask(turn, path, told.night, lastEnd(world, told));
    }
  } else if (hasNews(world, path, night, told?.asOfMs ?? night.endMs - DAY_MS)) {
    ask(turn, path, night, night.endMs);
  } else {
    turn.record({ kind: "night-told", lab: path, night, asOfMs: night.endMs, atWork: [] });
  }
}

/** Has the night that was told last made anew; where none ever was, the last one. */
export function summarizeAgain(turn: Turn, lab: LabPath): void {
  const { world } = turn;
  const settings = world.labs.get(lab)?.settings;
  if (settings === undefined || world.summarizing.get(lab)?.asked === true) return;
  const told = world.nightlySummaries.get(lab);
  const night = told?.night ?? lastNight(settings, turn.atMs);
  if (night !== undefined) ask(turn, lab, night, told?.asOfMs ?? night.endMs);
}

function ask(turn: Turn, lab: LabPath, night: Occurrence, asOfMs: number): void {
  turn.world.summarizing.set(lab, { asked: true, notBeforeMs: 0 });
  turn.effect({ kind: "compose-night", lab, night, asOfMs });
}

/** Takes what was made of a night; where it could not be made, it is tried again later. */
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

/** Has LAB.md say what is wrong with the settings and how the last night was. */
export function showLabPage(turn: Turn, lab: LabPath): void {
  const { world } = turn;
  const problems = world.labs.get(lab)?.problems ?? [];
  const digest = [...pauseBlocks(world), ...(world.nightlySummaries.get(lab)?.blocks ?? [])];
  turn.effect({ kind: "show-lab-page", lab, problems, digest });
}

/** A pause that nobody asked for. */
function pauseBlocks({ pause }: World): readonly PageBlock[] {
  if (pause?.why === undefined) return [];
  const said = `the queue paused itself: ${pause.why}; \`queue: resume\` lets it go on`;
  return [{ key: "lab.paused", text: `> **problem** ${said}` }];
}

const allEnded = (world: World, { atWork }: NightlySummary): boolean =>
  atWork.every((id) => {
    const command = world.commands.get(id);
    return command === undefined || ENDED.has(command.state);
  });

/** When the last of them was known to have ended. */
function lastEnd(world: World, { night, atWork }: NightlySummary): number {
  const ends = atWork.map((id) => world.commands.get(id)?.stateSinceMs ?? 0);
  return Math.max(night.endMs + 1, ...ends);
}
