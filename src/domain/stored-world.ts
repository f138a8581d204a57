// The durable part of a world as lines of JSON, and back: what replaying its facts again would give.
// effects/state/snapshot.ts keeps them in a file; none of it is believed against the ledger.
import { parseStored } from "../base/stored-json.ts";
import type { CommandId, LabPath } from "../base/ids.ts";
import { sameCode } from "./code.ts";
import { runOf, storedRun, type StoredRun } from "./past-run.ts";
import { emptyWorld, runsOf } from "./world.ts";
import type { Command, Experiment, NightlySummary, Run, World } from "./world.ts";
import { defined } from "../base/defined.ts";

type Entries<K, V> = readonly (readonly [K, V])[];

interface StoredRest {
  readonly recordedMs: number;
  readonly open: readonly CommandId[];
  readonly paused: boolean;
  readonly pause?: World["pause"];
  readonly earlyFailures: World["earlyFailures"];
  readonly drains: readonly CommandId[];
  readonly nightlySummaries: Entries<LabPath, NightlySummary>;
  readonly gpus: {
    readonly epoch: number;
    readonly claimed: Entries<string, number>;
    readonly left: Entries<string, { readonly epoch: number; readonly atMs: number }>;
  };
}

type StoredExperiment = Omit<Experiment, "rendered" | "index"> & {
  readonly passed: readonly string[];
};

/** Hashes of receipts in one line, which is parsed as a whole. */
const HASHES_A_LINE = 1_000;

interface PackedRun {
  readonly past: StoredRun;
}

type StoredCommand = Omit<Command, "run" | "earlierRuns"> & {
  readonly run?: Run | PackedRun;
  readonly earlierRuns?: readonly (Run | PackedRun)[];
};

/**
 * The lines, made one by one: first the commands, then the experiments, then the rest. The world
 * may change meanwhile; the lines are of the moment of the call.
 */
export function worldLines(world: World): Generator<string, void, undefined> {
  const commands = [...world.commands.values()];
  const experiments = [...world.experiments.values()].map(
    ({ index: { passed }, rendered, gone, ...one }) => {
      const experiment: StoredExperiment = { ...one, gone: [...gone], passed: [...passed] };
      return { experiment, rendered: [...rendered] };
    },
  );
  const { recordedMs, open, paused, pause, earlyFailures, drains, nightlySummaries } = world;
  const { epoch, claimed, left } = world.gpus;
  const rest: StoredRest = {
    recordedMs,
    open: [...open],
    paused,
    ...defined({ pause }),
    earlyFailures,
    drains: [...drains],
    nightlySummaries: [...nightlySummaries],
    gpus: { epoch, claimed: [...claimed], left: [...left] },
  };
  return (function* lines() {
    for (const command of commands) yield JSON.stringify({ command: stored(command) });
    for (const { experiment, rendered } of experiments) {
      yield JSON.stringify({ experiment });
      for (let i = 0; i < rendered.length; i += HASHES_A_LINE) {
        yield JSON.stringify({ rendered: rendered.slice(i, i + HASHES_A_LINE) });
      }
    }
    yield JSON.stringify({ rest });
  })();
}

function stored({ run, earlierRuns, ...command }: Command): StoredCommand {
  return {
    ...command,
    ...(run === undefined ? {} : { run: storedAs(run) }),
    ...(earlierRuns === undefined ? {} : { earlierRuns: earlierRuns.map(storedAs) }),
  };
}

function storedAs(run: Run): Run | PackedRun {
  const past = storedRun(run);
  return past === undefined ? run : { past };
}

const readRun = (run: Run | PackedRun): Run => ("past" in run ? runOf(run.past) : run);

/** The world of all lines; replaying the facts that followed makes it current. Throws on others. */
export function worldOfLines(lines: Iterable<string>): World {
  const world = emptyWorld();
  let last: Command | undefined;
  let hashes = new Set<string>();
  for (const line of lines) {
    const { command, experiment, rendered, rest } = parseStored(line) as StoredLine;
    if (command !== undefined) {
      last = commandOf(command, last);
      world.commands.set(last.id, last);
    } else if (experiment !== undefined) hashes = addExperiment(world, experiment);
    else if (rendered !== undefined) for (const hash of rendered) hashes.add(hash);
    else if (rest !== undefined) addRest(world, rest);
    else throw new Error("a line of no kind");
  }
  for (const command of world.commands.values()) {
    const { id, experiment, spec } = command;
    const index = world.experiments.get(experiment)?.index;
    if (index === undefined) continue;
    const same = index.named.get(spec.target);
    if (same === undefined) index.named.set(spec.target, [id]);
    else same.push(id);
    for (const { folder } of runsOf(command)) {
      if (folder !== undefined) index.inFolder.set(folder, id);
    }
  }
  return world;
}

interface StoredLine {
  readonly command?: StoredCommand;
  readonly experiment?: StoredExperiment;
  /** Of the experiment before it. */
  readonly rendered?: readonly string[];
  readonly rest?: StoredRest;
}

/** What it has in common with the one before, as thousands have, is kept in memory once. */
function commandOf({ run, earlierRuns, ...command }: StoredCommand, before?: Command): Command {
  const { experiment, heading, code } = before ?? {};
  return {
    ...command,
    ...(experiment === command.experiment ? { experiment } : {}),
    ...(heading === command.heading ? { heading } : {}),
    ...(command.code === undefined ? {} : { code: sameCode(command.code, code) }),
    ...(run === undefined ? {} : { run: readRun(run) }),
    ...(earlierRuns === undefined ? {} : { earlierRuns: earlierRuns.map(readRun) }),
  };
}

/** Gives its set of hashes of receipts, still empty. */
function addExperiment(world: World, { passed, ...one }: StoredExperiment): Set<string> {
  const rendered = new Set<string>();
  const known = (id: CommandId): CommandId => world.commands.get(id)?.id ?? id;
  world.experiments.set(one.path, {
    ...one,
    present: one.present.map(known),
    gone: one.gone.map(known),
    rendered,
    index: { named: new Map(), inFolder: new Map(), passed: new Set(passed) },
  });
  return rendered;
}

function addRest(world: World, rest: StoredRest): void {
  const { gpus } = world;
  world.recordedMs = rest.recordedMs;
  for (const id of rest.open) world.open.add(id);
  world.paused = rest.paused;
  if (rest.pause !== undefined) world.pause = rest.pause;
  world.earlyFailures = rest.earlyFailures;
  for (const id of rest.drains) world.drains.add(id);
  for (const [lab, summary] of rest.nightlySummaries) world.nightlySummaries.set(lab, summary);
  gpus.epoch = rest.gpus.epoch;
  for (const [uuid, index] of rest.gpus.claimed) {
    gpus.known.set(uuid, index);
    gpus.claimed.set(uuid, index);
  }
  for (const [uuid, left] of rest.gpus.left) gpus.left.set(uuid, left);
}
