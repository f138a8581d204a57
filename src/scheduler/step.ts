// step(world, event): what follows from one event, as facts, effects and the next time to look.
// Deterministic and without I/O: it reads no clock and no disk, and changes only the world it is
// given, through `apply` for what lasts.
import { acceptSettled } from "./accept-commands.ts";
import { untoldUntilMs } from "./receipt-schedule.ts";
import { publishDue, statusPage } from "./publish.ts";
import { followRename, noteGone } from "./discover-experiment.ts";
import { onJournalRead } from "./align-journal.ts";
import { onEditorClosed, passOver } from "./settle-timers.ts";
import type { Effect } from "../domain/effect.ts";
import type { Event } from "../domain/event.ts";
import type { Fact } from "../domain/fact.ts";
import type { ExperimentPath } from "../base/ids.ts";
import type { JournalView } from "../domain/journal-view.ts";
import type { World } from "../domain/world.ts";
import { onEnvironmentPrefetched, prefetchEnvironments } from "./prefetch-environments.ts";
import { dropLeftSnapshots, dropSnapshots, noteCode, noteCodeAgain, onCodeNoted } from "./code.ts";
import { onRepeatAsked } from "./repeat.ts";
import { onRunEvent, requestStop, resumeRuns } from "./run-events.ts";
import { onGpusSeen } from "./gpu-polling.ts";
import { onStartExamined, startNext } from "./start.ts";
import {
  onNightComposed,
  showLabPage,
  summarizeAgain,
  summarizeNights,
} from "./nightly-summary.ts";
import { followMembers } from "./sweep.ts";
import { endWindows } from "./window-end.ts";
import { endDrains, onToldElsewhere, pauseAfterDeaths, setQueue } from "./pause.ts";
import { openTurn, type Turn } from "../domain/turn.ts";

/** Runs that end one right after another are told together: no editor should blink at each. */
const OWN_WRITES_MS = 500;

export interface Outcome {
  /** To be made durable, in order, before any of the effects is carried out. */
  readonly facts: readonly Fact[];
  readonly effects: readonly Effect[];
  /** A `tick` is wanted then, ms since 1970; undefined: nothing is due by time alone. */
  readonly wakeAtMs: number | undefined;
}

/** Takes one event. The world is changed in place: ten thousand runs are too many to copy. */
export function step(world: World, event: Event): Outcome {
  world.nowMs = Math.max(world.nowMs, event.atMs);
  const turn = openTurn(world, world.nowMs);
  take(turn, event);
  acceptSettled(turn);
  endWindows(turn);
  pauseAfterDeaths(turn);
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

function take(turn: Turn, event: Event): void {
  const { world } = turn;
  switch (event.kind) {
    case "lab-opened": {
      const { lab, settings, problems } = event;
      world.labs.set(lab, { path: lab, settings, problems });
      // The disk was measured against the floor of before.
      world.lowDisks.delete(lab);
      showLabPage(turn, lab);
      return;
    }
    case "experiment-found":
      world.found.set(event.experiment, { lab: event.lab, local: event.madeHere });
      return;
    case "experiment-gone":
      noteGone(turn, event.experiment);
      world.views.delete(event.experiment);
      world.found.delete(event.experiment);
      world.undecided.delete(event.experiment);
      onGone(turn, event.experiment);
      return;
    case "journal-read":
      onJournalRead(turn, event);
      return;
    case "editor-closed":
      onEditorClosed(turn, event.experiment);
      return;
    case "clock-jumped":
      passOver(world, event.byMs);
      return;
    case "report-renewed":
      onReportRenewed(world, event);
      return;
    case "journal-written":
      onJournalWritten(turn, event);
      return;
    case "daemon-started":
      takeUndecided(turn);
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
      onToldElsewhere(turn, event.fact);
      return;
    case "tick":
  }
}

/** Journals that waited until it was known which experiments there are. */
function takeUndecided(turn: Turn): void {
  const { world } = turn;
  world.allFound = true;
  const waiting = [...world.undecided.values()];
  world.undecided.clear();
  for (const event of waiting) onJournalRead(turn, event);
}

/** Gone, or seen under its new name before. */
function onGone(turn: Turn, experiment: ExperimentPath): void {
  const renamed = followRename(turn, experiment);
  if (renamed !== undefined) onJournalRead(turn, renamed);
}

/** An editor was in the way: look again soon. A journal that refuses gets a page beside it. */
const RETRY_MS = {
  written: OWN_WRITES_MS,
  changed: 0,
  busy: 1_000,
  refused: 60_000,
  failed: 10_000,
} as const;

function onJournalWritten(turn: Turn, event: Extract<Event, { kind: "journal-written" }>): void {
  const { experiment, result } = event;
  const view = turn.world.views.get(experiment);
  if (view === undefined) return;
  changeView(turn.world, experiment, {
    writing: false,
    unwrittenHash: result === "written" ? undefined : view.ownHash,
    // What was not written was not told.
    ...(result === "written" ? {} : { paced: new Map() }),
    // Even when it was written: a save of the old text may stand over it by now, and reading that
    // looks as if nothing had changed.
    dirty: true,
    retryAtMs: turn.atMs + RETRY_MS[result],
  });
  if (result === "refused") {
    turn.effect({
      kind: "write-status-page",
      experiment,
      text: statusPage(turn.world, experiment, event.why ?? ""),
    });
  }
}

function onReportRenewed(world: World, event: Extract<Event, { kind: "report-renewed" }>): void {
  const { experiment, trouble } = event;
  const view = world.views.get(experiment);
  if (view === undefined || view.reportTrouble === trouble) return;
  const { reportTrouble: _, ...rest } = view;
  const told = trouble === undefined ? {} : { reportTrouble: trouble };
  world.views.set(experiment, { ...rest, ...told, dirty: true });
}

/** Receipts depend on commands only: whoever changed one has made its journal worth a look. */
function markDirty(turn: Turn): void {
  for (const fact of turn.facts) {
    const id = "id" in fact ? fact.id : undefined;
    const command = id === undefined ? undefined : turn.world.commands.get(id);
    if (command === undefined) continue;
    const untilMs = untoldUntilMs(turn.world, command);
    if (untilMs <= turn.atMs) changeView(turn.world, command.experiment, { dirty: true });
    else lookAgain(turn.world, command.experiment, untilMs);
  }
}

function lookAgain(world: World, experiment: ExperimentPath, atMs: number): void {
  const lookAtMs = Math.min(world.views.get(experiment)?.lookAtMs ?? Infinity, atMs);
  changeView(world, experiment, { lookAtMs });
}

function changeView(world: World, experiment: ExperimentPath, change: Partial<JournalView>): void {
  const view = world.views.get(experiment);
  if (view !== undefined) world.views.set(experiment, { ...view, ...change });
}
