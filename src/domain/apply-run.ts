// What a fact about a run means for the world: from its claim to its plots, and its next try.
// Facts about anything else, and who may call this, are in apply.ts.
import { change, replace } from "./change-command.ts";
import type { Fact } from "./fact.ts";
import type { CommandId } from "../base/ids.ts";
import { EARLY_FAILURE_MS, EARLY_FAILURES } from "./pause.ts";
import type { Exit, KnownEnding } from "./run.ts";
import type { Run, World } from "./world.ts";

export type RunFact = Extract<
  Fact,
  { kind: `run-${string}` | `limit-${string}` | `flag-${string}` | "stop-requested" }
>;

/** Changes the run, or the command that it is a try at. */
export function applyToRun(world: World, fact: RunFact): void {
  switch (fact.kind) {
    case "run-claimed": {
      const { spec, start } = fact;
      const run: Run = {
        attempt: spec.attempt,
        spec,
        start,
        limitMs: spec.limitMs,
        claimedAtMs: fact.atMs,
        exited: false,
        plotted: false,
        resolved: [],
      };
      // What it waited for is over; why it was tried again stands with the try before.
      replace(world, fact.id, ({ notBeforeMs: _, reason: _why, ...command }) => ({
        ...command,
        state: "preparing",
        stateSinceMs: fact.atMs,
        run,
      }));
      if (spec.place?.kind === "cpu" && spec.place.first === true) tellNoGpu(world, fact.id);
      if (spec.place?.kind === "gpus") {
        for (const { uuid, index } of spec.place.gpus) world.gpus.known.set(uuid, index);
      }
      return;
    }
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
      changeRun(world, fact.id, {
        stopRequested: {
          by: fact.by,
          atMs: fact.atMs,
          ...(fact.why === undefined ? {} : { why: fact.why }),
        },
      });
      return;
    case "run-exited":
      noteDeath(world, fact);
      releaseSlot(world, fact.id, fact.atMs);
      changeRun(world, fact.id, {
        exited: true,
        exitedAtMs: fact.atMs,
        ...(fact.exit === undefined ? {} : { exit: fact.exit }),
        ...(fact.known === undefined ? {} : { known: fact.known }),
      });
      return;
    case "run-ended":
      noteDeath(world, fact);
      change(world, fact.id, () => ({ state: fact.outcome.ending, stateSinceMs: fact.atMs }));
      changeRun(world, fact.id, {
        exited: true,
        endedAtMs: fact.endedAtMs,
        outcome: fact.outcome,
      });
      return;
    case "run-plotted":
      plotted(world, fact);
      return;
    case "run-retried":
      retry(world, fact);
      return;
    case "flag-resolved": {
      const resolved = world.commands.get(fact.id)?.run?.resolved ?? [];
      if (!resolved.includes(fact.flag))
        changeRun(world, fact.id, { resolved: [...resolved, fact.flag] });
    }
  }
}

function plotted(world: World, fact: Extract<Fact, { kind: "run-plotted" }>): void {
  const drawn = (run: Run): Run => ({
    ...run,
    plotted: true,
    ...(run.outcome === undefined ? {} : { outcome: { ...run.outcome, plots: fact.plots } }),
  });
  change(world, fact.id, ({ run, earlierRuns }) => {
    if (run !== undefined && run.attempt === (fact.attempt ?? run.attempt)) {
      return { run: drawn(run) };
    }
    if (earlierRuns === undefined) return {};
    return {
      earlierRuns: earlierRuns.map((one) => (one.attempt === fact.attempt ? drawn(one) : one)),
    };
  });
}

function retry(world: World, fact: Extract<Fact, { kind: "run-retried" }>): void {
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
      ...(fact.args === undefined ? {} : { changedArgs: fact.args }),
    };
  });
}

/** Said once in a lab; a member of a sweep has no receipt of its own. */
function tellNoGpu(world: World, id: CommandId): void {
  const note = "this machine has no GPU that nightlab can see: runs go on its CPU";
  const told = world.commands.get(id)?.parent ?? id;
  change(world, told, ({ notes }) => ({ notes: [...notes, note] }));
}

/** Its GPUs are to be seen again before anybody else gets them. */
function releaseSlot(world: World, id: CommandId, atMs: number): void {
  const run = world.commands.get(id)?.run;
  if (run === undefined || run.exited || run.spec.place?.kind !== "gpus") return;
  const { gpus } = world;
  gpus.epoch += 1;
  gpus.nextAtMs = 0;
  for (const { uuid } of run.spec.place.gpus) gpus.left.set(uuid, { epoch: gpus.epoch, atMs });
}

function changeRun(world: World, id: CommandId, update: Partial<Run>): void {
  change(world, id, (command) =>
    command.run === undefined ? {} : { run: { ...command.run, ...update } },
  );
}

type Left = Extract<RunFact, { kind: "run-exited" | "run-ended" }>;

/**
 * Failures within seconds of a start, as long as nothing else ends in between. They are counted
 * when the process has left, since the next run may start before its logs are read; only a crash
 * behind exit code 0 is known later.
 */
function noteDeath(world: World, fact: Left): void {
  const command = world.commands.get(fact.id);
  // What a person stopped tells neither way.
  if (command?.run === undefined || command.run.stopRequested !== undefined) return;
  const { run, id, acceptedAtMs } = command;
  const { exit, known } = fact.kind === "run-exited" ? fact : run;
  const failed =
    fact.kind === "run-ended" ? fact.outcome.ending === "failed" : hasFailed(exit, known);
  // Nobody saw it, or it was counted as it left.
  if (failed === undefined || (fact.kind === "run-ended" && !(failed && exit?.code === 0))) return;
  const endedAtMs = exit?.endedAtMs ?? fact.atMs;
  const young = endedAtMs - (run.startedAtMs ?? run.claimedAtMs) < EARLY_FAILURE_MS;
  const others = world.earlyFailures.filter((one) => one.id !== id);
  world.earlyFailures =
    failed && young ? [...others, { id, acceptedAtMs, endedAtMs }].slice(-EARLY_FAILURES) : [];
}

function hasFailed(exit: Exit | undefined, known: KnownEnding | undefined): boolean | undefined {
  if (known !== undefined) return known.ending === "failed" ? true : undefined;
  return exit === undefined ? undefined : exit.code !== 0;
}
