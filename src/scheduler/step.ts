// step(world, event): what follows from one event, as facts, effects and the time of the next look.
// Deterministic and without I/O: it reads no clock and no disk, and changes nothing but the world
// it is given, whose durable part changes through facts only.
import type { ExperimentPath } from "../base/ids.ts";
import type { Effect } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import type { Fact } from "../domain/fact.ts";
import { TRUSTED } from "../domain/lab-settings.ts";
import { openTurn, type Turn } from "../domain/turn.ts";
import type { World } from "../domain/world.ts";
import { acceptSettled } from "./accept-commands.ts";
import { onJournalRead } from "./align-journal.ts";
import { dropLeftSnapshots, dropSnapshots, noteCode, noteCodeAgain, onCodeNoted } from "./code.ts";
import { followRename, noteGone } from "./discover-experiment.ts";
import { onGpusSeen } from "./gpu-polling.ts";
import {
  onNightComposed,
  showLabPage,
  summarizeAgain,
  summarizeNights,
} from "./nightly-summary.ts";
import { endDrains, onPausedElsewhere, pauseAfterFailures, setQueue } from "./pause.ts";
import { onEnvironmentPrefetched, prefetchEnvironments } from "./prefetch-environments.ts";
import { onJournalWritten, onReportRenewed, publishDue } from "./publish.ts";
import { markDirty } from "./receipt-schedule.ts";
import { onRepeatAsked } from "./repeat.ts";
import { onRunEvent, requestStop, resumeRuns } from "./run-events.ts";
import { onClockJumped, onEditorClosed } from "./settle-timers.ts";
import { onStartExamined, startNext } from "./start.ts";
import { followMembers } from "./sweep.ts";
import { endWindows } from "./window-end.ts";

/**
 * At a start a thousand journals are found and read, an event each: what follows from all of them
 * waits for `daemon-started`, or this long.
 */
const FIRST_LOOK_MS = 1_000;

export interface Outcome {
  /** To be made durable, in this order, before any of the effects is executed. */
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  /** When a `tick` is wanted, ms since 1970; undefined: nothing becomes due by time alone. */
  readonly wakeAtMs: number | undefined;
}

/**
 * Handles one event, then everything that may have become due by it or by time. Changes the world
 * in place: a world of ten thousand runs is too large to copy for each event.
 */
export function step(world: World, event: Event): Outcome {
  world.nowMs = Math.max(world.nowMs, event.atMs);
  const turn = openTurn(world, world.nowMs);
  handle(turn, event);
  if (!world.allFound && (event.kind === "experiment-found" || event.kind === "journal-read")) {
    const { facts, effects } = turn;
    return { facts, effects, wakeAtMs: turn.atMs + FIRST_LOOK_MS };
  }
  acceptSettled(turn);
  endWindows(turn);
  pauseAfterFailures(turn);
  followMembers(turn);
  noteCode(turn);
  startNext(turn);
  prefetchEnvironments(turn);
  followMembers(turn);
  endDrains(turn);
  markDirty(turn);
  publishDue(turn);
  dropSnapshots(turn);
  summarizeNights(turn);
  return { facts: turn.facts, effects: turn.effects, wakeAtMs: turn.wakeAtMs() };
}

function handle(turn: Turn, event: Event): void {
  const { world } = turn;
  switch (event.kind) {
    case "lab-opened": {
      const { kind: _, atMs: _atMs, lab, ...rest } = event;
      const trust = world.labs.get(lab)?.trust ?? TRUSTED;
      world.labs.set(lab, { trust, ...rest, path: lab });
      // The last measurement was against the floor of the old settings.
      world.lowDisks.delete(lab);
      showLabPage(turn, lab);
      return;
    }
    case "experiment-found":
      world.found.set(event.experiment, { lab: event.lab, sight: event.sight });
      return;
    case "experiment-gone":
      onExperimentGone(turn, event.experiment);
      return;
    case "journal-read":
      onJournalRead(turn, event);
      return;
    case "editor-closed":
      onEditorClosed(turn, event.experiment);
      return;
    case "clock-jumped":
      onClockJumped(world, event.byMs);
      return;
    case "report-renewed":
      onReportRenewed(world, event);
      return;
    case "journal-written":
      onJournalWritten(turn, event);
      return;
    case "daemon-started":
      readUndecided(turn);
      resumeRuns(turn);
      noteCodeAgain(turn);
      dropLeftSnapshots(turn);
      return;
    case "start-examined":
      onStartExamined(turn, event.command, event.examination);
      return;
    case "gpus-seen":
      onGpusSeen(turn, event);
      return;
    case "night-asked":
      summarizeAgain(turn, event.lab);
      return;
    case "night-composed":
      onNightComposed(turn, event);
      return;
    case "environment-prepared":
    case "attempt-started":
    case "attempt-not-started":
    case "attempt-main-ended":
    case "attempt-exited":
    case "attempt-lost":
    case "attempt-adopted":
    case "run-folder-found":
    case "run-concluded":
    case "run-judged":
    case "run-plotted":
      onRunEvent(turn, event);
      return;
    case "stop-asked": {
      const command = world.commands.get(event.id);
      if (command !== undefined) requestStop(turn, command, "command-line");
      return;
    }
    case "code-noted":
      onCodeNoted(turn, event);
      return;
    case "environment-ahead":
      onEnvironmentPrefetched(turn, event);
      return;
    case "repeat-asked":
      onRepeatAsked(turn, event);
      return;
    case "queue-asked":
      setQueue(turn, event.word);
      return;
    case "queue-told":
      onPausedElsewhere(turn, event.fact);
      return;
    case "tick":
  }
}

/** Reads the journals that had to wait until every experiment was found. */
function readUndecided(turn: Turn): void {
  const { world } = turn;
  world.allFound = true;
  const waiting = [...world.undecided.values()];
  world.undecided.clear();
  for (const event of waiting) onJournalRead(turn, event);
}

/** The folder was deleted, or renamed; then its new name may have been seen already. */
function onExperimentGone(turn: Turn, experiment: ExperimentPath): void {
  const { world } = turn;
  noteGone(turn, experiment);
  world.views.delete(experiment);
  world.found.delete(experiment);
  world.undecided.delete(experiment);
  const renamed = followRename(turn, experiment);
  if (renamed !== undefined) onJournalRead(turn, renamed);
}
