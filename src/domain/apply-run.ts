// What each fact about a run means, from its claim to its plots and its next attempt.
// All other facts are in apply.ts, the only caller.
import { change, replace } from "./change-command.ts";
import type { Fact, FactOf } from "./fact.ts";
import type { CommandId } from "../base/ids.ts";
import { EARLY_FAILURE_MS, EARLY_FAILURES } from "./pause.ts";
import type { Exit, KnownEnding } from "./run.ts";
import { wholeRun } from "./past-run.ts";
import type { Run, World } from "./world.ts";
import { defined } from "../base/defined.ts";

export type RunFact = Extract<
  Fact,
  { kind: `run-${string}` | `limit-${string}` | `flag-${string}` | "stop-requested" }
>;

/** Changes the command's current run, or the command itself where an attempt begins or is over. */
export function applyToRun(world: World, fact: RunFact): void {
  switch (fact.kind) {
    case "run-claimed":
      claimRun(world, fact);
      return;
    case "run-started":
      change(world, fact.id, () => ({ state: "running", stateSinceMs: fact.atMs }));
      changeRun(world, fact.id, { process: fact.process, startedAtMs: fact.atMs });
      return;
    case "run-folder-known":
      changeRun(world, fact.id, { folder: fact.folder, folderAtMs: fact.atMs });
      return;
    case "run-flagged":
      changeRun(world, fact.id, { flags: fact.flags, flaggedAtMs: fact.atMs });
      return;
    case "limit-extended":
      changeRun(world, fact.id, { limitMs: fact.limitMs });
      return;
    case "stop-requested":
      requestStop(world, fact);
      return;
    case "run-exited":
      exitRun(world, fact);
      return;
    case "run-ended":
      endRun(world, fact);
      return;
    case "run-plotted":
      notePlots(world, fact);
      return;
    case "run-retried":
      retryRun(world, fact);
      return;
    case "flag-resolved":
      resolveFlag(world, fact);
  }
}

function claimRun(world: World, fact: FactOf<"run-claimed">): void {
  const { id, spec, start, atMs } = fact;
  const run: Run = {
    attempt: spec.attempt,
    spec,
    start,
    limitMs: spec.limitMs,
    claimedAtMs: atMs,
    exited: false,
    plotted: false,
    resolved: [],
  };
  // Its wait is over. Why it was retried stays visible in the outcome of the attempt before.
  replace(world, id, ({ notBeforeMs: _, reason: _reason, ...command }) => ({
    ...command,
    state: "preparing",
    stateSinceMs: atMs,
    run,
  }));
  const { place: slot } = spec;
  if (slot?.kind === "cpu" && slot.why === "no-gpu") noteCpu(world, id);
  if (slot?.kind === "cpu" && slot.first === true) noteNoGpu(world, id);
  if (slot?.kind === "gpus") {
    for (const { uuid, index } of slot.gpus) {
      world.gpus.known.set(uuid, index);
      world.gpus.claimed.set(uuid, index);
    }
  }
}

function noteCpu(world: World, id: CommandId): void {
  const path = world.commands.get(id)?.experiment;
  const experiment = path === undefined ? undefined : world.experiments.get(path);
  if (path === undefined || experiment === undefined || experiment.ranWithoutGpu === true) return;
  world.experiments.set(path, { ...experiment, ranWithoutGpu: true });
}

/** Noted once a lab. A member of a sweep has no receipt of its own, so its sweep has the note. */
function noteNoGpu(world: World, id: CommandId): void {
  const note = "this machine has no GPU that nightlab can see: runs go on its CPU";
  const noted = world.commands.get(id)?.parent ?? id;
  change(world, noted, ({ notes }) => ({ notes: [...notes, note] }));
}

function requestStop(world: World, { id, by, why, atMs }: FactOf<"stop-requested">): void {
  changeRun(world, id, { stopRequested: { by, atMs, ...defined({ why }) } });
}

function exitRun(world: World, fact: FactOf<"run-exited">): void {
  noteEarlyFailure(world, fact);
  releaseGpus(world, fact.id, fact.atMs);
  changeRun(world, fact.id, {
    exited: true,
    exitedAtMs: fact.atMs,
    ...defined({ exit: fact.exit, known: fact.known }),
  });
}

/** Whoever gets these GPUs next needs a driver's answer that is newer than this exit. */
function releaseGpus(world: World, id: CommandId, atMs: number): void {
  const run = world.commands.get(id)?.run;
  if (run === undefined || run.exited || run.spec.place?.kind !== "gpus") return;
  const { gpus } = world;
  gpus.epoch += 1;
  gpus.nextAtMs = 0;
  for (const { uuid } of run.spec.place.gpus) gpus.left.set(uuid, { epoch: gpus.epoch, atMs });
}

function endRun(world: World, fact: FactOf<"run-ended">): void {
  const { id, outcome, endedAtMs, atMs } = fact;
  noteEarlyFailure(world, fact);
  // What was said of it while it ran is over.
  replace(world, id, ({ reason: _, ...command }) => ({
    ...command,
    state: outcome.ending,
    stateSinceMs: atMs,
    ...(command.run === undefined
      ? {}
      : { run: { ...wholeRun(command.run), exited: true, endedAtMs, outcome } }),
  }));
}

/** The plots may be those of an earlier attempt: it is plotted while the next one runs. */
function notePlots(world: World, fact: FactOf<"run-plotted">): void {
  const plotted = (run: Run): Run => ({
    ...wholeRun(run),
    plotted: true,
    ...(run.outcome === undefined ? {} : { outcome: { ...run.outcome, plots: fact.plots } }),
  });
  change(world, fact.id, ({ run, earlierRuns }) => {
    if (run !== undefined && run.attempt === (fact.attempt ?? run.attempt)) {
      return { run: plotted(run) };
    }
    if (earlierRuns === undefined) return {};
    return {
      earlierRuns: earlierRuns.map((one) => (one.attempt === fact.attempt ? plotted(one) : one)),
    };
  });
}

function retryRun(world: World, fact: FactOf<"run-retried">): void {
  replace(world, fact.id, (command) => {
    const { run, ...rest } = command;
    if (run?.attempt !== fact.attempt) return command;
    return {
      ...rest,
      state: "waiting",
      stateSinceMs: fact.atMs,
      reason: fact.reason,
      notBeforeMs: fact.notBeforeMs,
      earlierRuns: [...(command.earlierRuns ?? []), run],
      ...defined({ changedArgs: fact.args }),
    };
  });
}

function resolveFlag(world: World, { id, flag }: FactOf<"flag-resolved">): void {
  const resolved = world.commands.get(id)?.run?.resolved ?? [];
  if (!resolved.includes(flag)) changeRun(world, id, { resolved: [...resolved, flag] });
}

function changeRun(world: World, id: CommandId, update: Partial<Run>): void {
  change(world, id, (command) =>
    command.run === undefined ? {} : { run: { ...wholeRun(command.run), ...update } },
  );
}

/**
 * Extends the row of early failures, or breaks it where a run ended otherwise. A run is counted
 * when its process exits, because the next one may start before its logs are read. Only a crash
 * behind exit code 0 is counted at the run's end: the logs alone show it.
 */
function noteEarlyFailure(world: World, fact: FactOf<"run-exited" | "run-ended">): void {
  const command = world.commands.get(fact.id);
  // A run that was stopped proves neither health nor trouble.
  if (command?.run === undefined || command.run.stopRequested !== undefined) return;
  const { run, id, acceptedAtMs } = command;
  const { exit, known } = fact.kind === "run-exited" ? fact : run;
  const failed =
    fact.kind === "run-ended" ? fact.outcome.ending === "failed" : hasFailed(exit, known);
  // Unknown, or counted already at the exit.
  if (failed === undefined) return;
  if (fact.kind === "run-ended" && !(failed && exit?.code === 0)) return;
  const endedAtMs = exit?.endedAtMs ?? fact.atMs;
  const early = endedAtMs - (run.startedAtMs ?? run.claimedAtMs) < EARLY_FAILURE_MS;
  const others = world.earlyFailures.filter((one) => one.id !== id);
  world.earlyFailures =
    failed && early ? [...others, { id, acceptedAtMs, endedAtMs }].slice(-EARLY_FAILURES) : [];
}

/** Undefined where nobody saw how the run exited. */
function hasFailed(exit: Exit | undefined, known: KnownEnding | undefined): boolean | undefined {
  if (known !== undefined) return known.ending === "failed" ? true : undefined;
  return exit === undefined ? undefined : exit.code !== 0;
}
