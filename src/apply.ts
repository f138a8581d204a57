// What each fact means for the world: the one place where its durable part changes.
// It decides nothing: the same function runs live and when a ledger is replayed.
import { HEADINGS_KEPT } from "./limits.ts";
import type { Fact } from "./model/fact.ts";
import type { CommandId } from "./model/ids.ts";
import type { Command, Run, World } from "./model/world.ts";

/** Changes `world` as the fact says. Facts about things it does not know are passed over. */
export function apply(world: World, fact: Fact): void {
  switch (fact.kind) {
    case "experiment-known":
      if (!world.experiments.has(fact.experiment)) {
        world.experiments.set(fact.experiment, {
          path: fact.experiment,
          lab: fact.lab,
          foreign: fact.foreign,
          commands: [],
          rendered: new Set(),
          writes: 0,
        });
      }
      return;
    case "experiment-copied": {
      const { of, inert, atMs } = fact;
      const experiment = world.experiments.get(fact.experiment);
      if (experiment === undefined) return;
      world.experiments.set(fact.experiment, { ...experiment, copied: { of, inert, atMs } });
      return;
    }
    case "experiment-moved":
      move(world, fact);
      return;
    case "command-accepted": {
      const { atMs, kind: _, ...rest } = fact;
      world.commands.set(fact.id, {
        ...rest,
        acceptedAtMs: atMs,
        stateSinceMs: atMs,
        shownInWrite: 0,
      });
      addToExperiment(world, fact.id);
      return;
    }
    case "command-edited": {
      const { atMs: _at, kind: _kind, id, ...rest } = fact;
      change(world, id, () => rest);
      return;
    }
    case "journal-aligned":
      align(world, fact);
      return;
    case "command-state":
      replace(world, fact.id, ({ reason: _, ...command }) => ({
        ...command,
        state: fact.state,
        stateSinceMs: fact.atMs,
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
      }));
      return;
    case "command-released":
      change(world, fact.id, () => ({ released: true }));
      return;
    case "command-ran-as":
      replace(world, fact.id, ({ ranAs: _, ...command }) =>
        fact.text === undefined ? command : { ...command, ranAs: fact.text },
      );
      return;
    case "queue-paused":
      world.paused = fact.paused;
      return;
    case "pieces-rendered": {
      const experiment = world.experiments.get(fact.experiment);
      if (experiment === undefined) return;
      for (const hash of fact.hashes) experiment.rendered.add(hash);
      world.experiments.set(fact.experiment, { ...experiment, writes: experiment.writes + 1 });
      return;
    }
    case "save-set-aside":
    case "set-aside-dismissed":
      setAside(world, fact);
      return;
    case "receipts-shown": {
      const shownInWrite = world.experiments.get(fact.experiment)?.writes ?? 0;
      for (const id of fact.ids) change(world, id, () => ({ shownInWrite }));
      return;
    }
    case "commands-moved":
      for (const [id, heading] of fact.headings) change(world, id, below(heading));
      return;
    case "receipts-missed":
      for (const id of fact.ids) change(world, id, () => ({ shownInWrite: 0 }));
      return;
    case "run-claimed":
    case "run-started":
    case "run-folder-known":
    case "limit-extended":
    case "stop-requested":
    case "run-exited":
    case "run-ended":
    case "run-plotted":
    case "flag-resolved":
      applyToRun(world, fact);
  }
}

type RunFact = Extract<
  Fact,
  { kind: `run-${string}` | `limit-${string}` | `flag-${string}` | "stop-requested" }
>;

function applyToRun(world: World, fact: RunFact): void {
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
      change(world, fact.id, () => ({ state: "preparing", stateSinceMs: fact.atMs, run }));
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
      changeRun(world, fact.id, { folder: fact.folder });
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
      leavePlace(world, fact.id, fact.atMs);
      changeRun(world, fact.id, {
        exited: true,
        exitedAtMs: fact.atMs,
        ...(fact.exit === undefined ? {} : { exit: fact.exit }),
        ...(fact.known === undefined ? {} : { known: fact.known }),
      });
      return;
    case "run-ended":
      change(world, fact.id, () => ({ state: fact.outcome.ending, stateSinceMs: fact.atMs }));
      changeRun(world, fact.id, {
        exited: true,
        endedAtMs: fact.endedAtMs,
        outcome: fact.outcome,
      });
      return;
    case "run-plotted": {
      const outcome = world.commands.get(fact.id)?.run?.outcome;
      changeRun(world, fact.id, {
        plotted: true,
        ...(outcome === undefined ? {} : { outcome: { ...outcome, plots: fact.plots } }),
      });
      return;
    }
    case "flag-resolved": {
      const resolved = world.commands.get(fact.id)?.run?.resolved ?? [];
      if (!resolved.includes(fact.flag))
        changeRun(world, fact.id, { resolved: [...resolved, fact.flag] });
    }
  }
}

/** Its GPUs are to be seen again before anybody else gets them. */
function leavePlace(world: World, id: CommandId, atMs: number): void {
  const run = world.commands.get(id)?.run;
  if (run === undefined || run.exited || run.spec.place?.kind !== "gpus") return;
  const { gpus } = world;
  gpus.epoch += 1;
  gpus.nextAtMs = 0;
  for (const { uuid } of run.spec.place.gpus) gpus.left.set(uuid, { epoch: gpus.epoch, atMs });
}

function move(world: World, fact: Extract<Fact, { kind: "experiment-moved" }>): void {
  const experiment = world.experiments.get(fact.from);
  if (experiment === undefined) return;
  world.experiments.delete(fact.from);
  world.experiments.set(fact.to, { ...experiment, path: fact.to, lab: fact.lab });
  for (const id of experiment.commands) change(world, id, () => ({ experiment: fact.to }));
}

type SetAsideFact = Extract<Fact, { kind: "save-set-aside" | "set-aside-dismissed" }>;

function setAside(world: World, fact: SetAsideFact): void {
  const experiment = world.experiments.get(fact.experiment);
  if (experiment === undefined) return;
  const { version } = fact;
  const others = (experiment.setAside ?? []).filter((one) => one.version !== version);
  const near = fact.kind === "save-set-aside" && fact.near !== undefined ? { near: fact.near } : {};
  const added = fact.kind === "save-set-aside" ? [{ version, ...near }] : [];
  world.experiments.set(fact.experiment, { ...experiment, setAside: [...others, ...added] });
}

const below =
  (heading: string) =>
  ({ heading: last, earlierHeadings = [] }: Command): Partial<Command> => ({
    heading,
    earlierHeadings: [...new Set([last, ...earlierHeadings])].slice(0, HEADINGS_KEPT),
  });

function replace(world: World, id: CommandId, update: (command: Command) => Command): void {
  const command = world.commands.get(id);
  if (command !== undefined) world.commands.set(id, update(command));
}

function change(world: World, id: CommandId, update: (command: Command) => Partial<Command>): void {
  replace(world, id, (command) => ({ ...command, ...update(command) }));
}

function changeRun(world: World, id: CommandId, update: Partial<Run>): void {
  change(world, id, (command) =>
    command.run === undefined ? {} : { run: { ...command.run, ...update } },
  );
}

function addToExperiment(world: World, id: CommandId): void {
  const command = world.commands.get(id);
  const experiment = command && world.experiments.get(command.experiment);
  if (experiment === undefined || experiment.commands.includes(id)) return;
  world.experiments.set(experiment.path, {
    ...experiment,
    commands: [...experiment.commands, id],
  });
}

function align(world: World, fact: Extract<Fact, { kind: "journal-aligned" }>): void {
  const experiment = world.experiments.get(fact.experiment);
  if (experiment === undefined) return;
  const present = new Set(fact.commands);
  const gone = experiment.commands.filter((id) => !present.has(id));
  world.experiments.set(fact.experiment, {
    ...experiment,
    commands: [...fact.commands, ...gone],
  });
  for (const id of fact.commands) {
    replace(world, id, ({ absentSinceMs: _, ...command }) => command);
  }
  for (const id of gone) {
    change(world, id, (command) => ({ absentSinceMs: command.absentSinceMs ?? fact.atMs }));
  }
}
