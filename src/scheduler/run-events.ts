// What happens to a claimed run, event by event, until its one ending is recorded. start.ts decides
// which run is claimed; the cause of an ending comes from its logs (rules/), with `run-concluded`.
import { ENDED } from "../domain/command-state.ts";
import type { Event } from "../domain/event.ts";
import type { AttemptId, CommandId } from "../base/ids.ts";
import type { Cause, Exit, KnownEnding, StopAsker } from "../domain/run.ts";
import { openCommands, type Command, type Run, type World } from "../domain/world.ts";
import { membersOf } from "../domain/members.ts";
import { resolveEarlier } from "./resolve-flags.ts";
import { retryEnded } from "./retry.ts";
import { flagsSoFar, stopMessage } from "./running-flags.ts";
import type { Turn } from "../domain/turn.ts";
import { defined } from "../base/defined.ts";

type RunEvent = Extract<
  Event,
  { kind: `attempt-${string}` | `run-${string}` | "environment-prepared" }
>;

/** How Node's message begins where a disk, or the user's quota on it, is full. */
const NO_ROOM = /^(?:ENOSPC|EDQUOT)\b/;

/** Handles an event about a run. Events about a run that has ended change nothing. */
export function onRunEvent(turn: Turn, event: RunEvent): void {
  const command = commandOfAttempt(turn.world, event.attempt);
  const run = command?.run;
  if (event.kind === "run-plotted") {
    onPlotted(turn, event);
    return;
  }
  if (command === undefined || run === undefined) return;
  switch (event.kind) {
    case "environment-prepared":
      onPrepared(turn, command, run, event.failure);
      return;
    case "attempt-started":
      onStarted(turn, command, run, event);
      return;
    case "attempt-not-started":
      if (!run.exited && run.stopRequested !== undefined) concludeStopped(turn, command, run);
      else if (!run.exited) concludeWithoutLogs(turn, command.id, startFailure(event.message));
      return;
    case "attempt-adopted":
      onAdopted(turn, command, run, event);
      return;
    case "run-folder-found":
      if (run.folder === event.folder) return;
      turn.record({ kind: "run-folder-known", id: command.id, folder: event.folder });
      return;
    case "attempt-main-ended":
      onMainEnded(turn, command, run, event.code);
      return;
    case "attempt-exited":
      if (!run.exited) conclude(turn, command, event.exit);
      return;
    case "attempt-lost":
      if (!run.exited) {
        conclude(turn, command, undefined, { ending: "lost", cause: { kind: event.why } });
      }
      return;
    case "run-judged": {
      const flags = flagsSoFar(run, event.findings, turn.atMs);
      if (flags !== undefined) turn.record({ kind: "run-flagged", id: command.id, flags });
      const why = stopMessage(turn.world, command, run, event.findings);
      if (why !== undefined) requestStop(turn, command, "rule", why);
      return;
    }
    case "run-concluded": {
      if (run.outcome !== undefined) return;
      const { outcome, endedAtMs } = event;
      turn.record({ kind: "run-ended", id: command.id, outcome, endedAtMs });
      resolveEarlier(turn, command.id);
      plot(turn, turn.world.commands.get(command.id)?.run);
      retryEnded(turn, command);
    }
  }
}

/** Plots are made of every attempt; the next one may be running by then. */
function onPlotted(turn: Turn, event: Extract<RunEvent, { kind: "run-plotted" }>): void {
  const { attempt, plots } = event;
  const command = commandNamed(turn.world, attempt);
  const run = [...(command?.earlierRuns ?? []), command?.run].find(
    (one) => one?.attempt === attempt,
  );
  if (command === undefined || run === undefined || run.plotted) return;
  const earlier = run === command.run ? {} : { attempt };
  turn.record({ kind: "run-plotted", id: command.id, ...earlier, plots });
  turn.effect({ kind: "renew-report", experiment: command.experiment });
}

function plot(turn: Turn, run: Run | undefined): void {
  if (run?.outcome === undefined || run.plotted) return;
  turn.effect({
    kind: "plot-run",
    spec: run.spec,
    ...defined({ folder: run.folder }),
    findings: run.outcome.findings,
  });
}

/** After a start of the daemon: every run without a complete ending is continued where it is. */
export function resumeRuns(turn: Turn): void {
  for (const { id, run, earlierRuns = [] } of openCommands(turn.world)) {
    for (const earlier of earlierRuns) plot(turn, earlier);
    if (run === undefined || run.plotted) continue;
    if (run.outcome !== undefined) plot(turn, run);
    else if (run.exited) requestConclusion(turn, id);
    else turn.effect({ kind: "adopt-attempt", spec: run.spec });
  }
}

function onPrepared(turn: Turn, command: Command, run: Run, failure: string | undefined): void {
  if (run.exited || run.startedAtMs !== undefined) return;
  if (run.stopRequested !== undefined) {
    concludeStopped(turn, command, run);
  } else if (failure === undefined) {
    turn.effect({ kind: "start-attempt", spec: run.spec, runner: run.start.runner });
  } else {
    concludeWithoutLogs(turn, command.id, { kind: "environment", message: failure });
  }
}

function onStarted(
  turn: Turn,
  command: Command,
  run: Run,
  event: Extract<RunEvent, { kind: "attempt-started" }>,
): void {
  if (run.exited || run.startedAtMs !== undefined) return;
  turn.record({ kind: "run-started", id: command.id, process: event.process });
  follow(turn, command.id);
  // The stop was requested between the end of the preparation and the start.
  if (run.stopRequested !== undefined) stopProcess(turn, command, run);
}

function onAdopted(
  turn: Turn,
  command: Command,
  run: Run,
  event: Extract<RunEvent, { kind: "attempt-adopted" }>,
): void {
  if (run.exited) return;
  if (event.state === "never-started" && run.startedAtMs !== undefined) {
    // The ledger is right: the attempt's folder was deleted, or lost in a power cut.
    conclude(turn, command, undefined, { ending: "lost", cause: { kind: "lost" } });
  } else if (event.state === "running") {
    if (run.startedAtMs === undefined && event.process !== undefined) {
      turn.record({ kind: "run-started", id: command.id, process: event.process });
    }
    follow(turn, command.id);
    if (run.stopRequested !== undefined) stopProcess(turn, command, run);
  } else if (run.stopRequested !== undefined) {
    concludeStopped(turn, command, run);
  } else {
    turn.effect({ kind: "prepare-environment", spec: run.spec, runner: run.start.runner });
  }
}

/** Its receipt says so, until the run itself is over. */
function onMainEnded(turn: Turn, command: Command, run: Run, code: number | undefined): void {
  if (run.exited || command.state !== "running") return;
  const how = code === undefined ? "" : ` with exit code ${code}`;
  const reason = `its script has ended${how}, what it started goes on`;
  if (command.reason === reason) return;
  turn.record({ kind: "command-state", id: command.id, state: "running", reason });
}

function follow(turn: Turn, id: CommandId): void {
  const run = turn.world.commands.get(id)?.run;
  if (run === undefined) return;
  turn.effect({
    kind: "follow-attempt",
    spec: run.spec,
    start: run.start,
    startedAtMs: run.startedAtMs ?? turn.atMs,
    ...defined({ folder: run.folder }),
  });
}

/**
 * Stops a command: its run, the runs of its sweep, or, before its start, by cancelling it. The
 * request is a durable fact before any signal is sent.
 */
export function requestStop(turn: Turn, command: Command, by: StopAsker, why?: string): void {
  const { run } = command;
  if (command.members !== undefined) {
    for (const member of membersOf(turn.world, command)) {
      if (!ENDED.has(member.state)) requestStop(turn, member, by, why);
    }
    return;
  }
  if (run === undefined || run.exited) {
    if (run !== undefined) {
      // The process has exited, but the command may be about to be retried.
      const again = run.outcome === undefined && command.spec.retry !== undefined;
      if (again && run.stopRequested === undefined) {
        turn.record({ kind: "stop-requested", id: command.id, by });
      }
      return;
    }
    const reason = by === "journal" ? "stopped in the journal" : "stopped on the command line";
    turn.record({ kind: "command-state", id: command.id, state: "cancelled", reason });
    return;
  }
  if (run.stopRequested === undefined) {
    const message = why === undefined ? {} : { why };
    turn.record({ kind: "stop-requested", id: command.id, by, ...message });
  }
  stopProcess(turn, command, run);
}

function stopProcess(turn: Turn, command: Command, run: Run): void {
  const lab = turn.world.experiments.get(command.experiment)?.lab;
  if (lab === undefined) return;
  const { token } = run.spec;
  const known = token === undefined ? {} : { token };
  turn.effect({ kind: "stop-attempt", attempt: run.attempt, lab, ...known });
}

function concludeStopped(turn: Turn, command: Command, run: Run): void {
  const { by = "journal", why } = run.stopRequested ?? {};
  conclude(turn, command, undefined, {
    ending: "stopped",
    cause: { kind: "stopped", by, ...defined({ why }) },
  });
}

const startFailure = (message: string): Cause =>
  NO_ROOM.test(message) ? { kind: "disk-full" } : { kind: "start-failed", message };

/** Ends a run that has written no log as failed, with a cause that is known already. */
export function concludeWithoutLogs(turn: Turn, id: CommandId, cause: Cause): void {
  const command = turn.world.commands.get(id);
  if (command !== undefined) conclude(turn, command, undefined, { ending: "failed", cause });
}

/** Records that a run has no process any more, and has its ending determined from its logs. */
function conclude(turn: Turn, command: Command, exit: Exit | undefined, known?: KnownEnding): void {
  turn.record({
    kind: "run-exited",
    id: command.id,
    ...defined({ exit, known }),
  });
  const spec = command.run?.spec;
  if (spec?.place?.kind === "gpus") turn.effect({ kind: "release-gpus", attempt: spec.attempt });
  requestConclusion(turn, command.id);
}

function requestConclusion(turn: Turn, id: CommandId): void {
  const run = turn.world.commands.get(id)?.run;
  if (run === undefined) return;
  const { exit, known, stopRequested, startedAtMs, folder } = run;
  turn.effect({
    kind: "conclude-run",
    spec: run.spec,
    start: run.start,
    facts: {
      claimedAtMs: run.claimedAtMs,
      ...defined({ startedAtMs }),
      endedAtMs: exit?.endedAtMs ?? run.exitedAtMs ?? turn.atMs,
      ...defined({ exit }),
      limitMs: run.limitMs,
      ...(stopRequested === undefined ? {} : { stoppedBy: stopRequested.by }),
      ...(stopRequested?.why === undefined ? {} : { stoppedWhy: stopRequested.why }),
      ...defined({ known, folder }),
    },
  });
}

/** The command whose latest attempt this is. */
function commandOfAttempt(world: World, attempt: AttemptId): Command | undefined {
  const command = commandNamed(world, attempt);
  return command?.run?.attempt === attempt ? command : undefined;
}

/** The command of an attempt, by the attempt's id. */
const commandNamed = (world: World, attempt: AttemptId): Command | undefined =>
  world.commands.get(attempt.replace(/-\d+$/, "") as CommandId);
