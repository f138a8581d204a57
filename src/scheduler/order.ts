// The order in which commands get their turn: higher `priority` first, then older, then as written.
// Whether one may start is decided in start.ts, on which slot in gpu-placement.ts.
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "../domain/world.ts";
import { standsFor } from "../domain/members.ts";

/** Scripts put the time into the names of their run folders, to the second. */
const FOLDER_STAMP_MS = 1_000;

/** Whether a command waits for its start and its block is in the journal. */
export const startable = (command: Command): boolean =>
  (command.state === "queued" || command.state === "waiting") &&
  command.members === undefined &&
  command.absentSinceMs === undefined;

/** All commands that wait for their start, the next one first. */
export function inOrder(world: World): readonly Command[] {
  const indexOf = indexesIn(world);
  return [...world.commands.values()].filter(startable).toSorted(
    (a, b) =>
      (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
      a.acceptedAtMs - b.acceptedAtMs ||
      // Members of one sweep stay in the order of its grid.
      (a.parent !== undefined && a.parent === b.parent ? 0 : indexOf(a) - indexOf(b)),
  );
}

/** The index of a command, or of its sweep, among the commands of its journal; -1: in none. */
function indexesIn(world: World): (command: Command) => number {
  const known = new Map<ExperimentPath, ReadonlyMap<CommandId, number>>();
  return (command) => {
    const { id, experiment } = standsFor(world, command);
    let indexes = known.get(experiment);
    if (indexes === undefined) {
      indexes = new Map(world.experiments.get(experiment)?.commands.map((one, at) => [one, at]));
      known.set(experiment, indexes);
    }
    return indexes.get(id) ?? -1;
  };
}

/**
 * Until when a command waits for another run of the same name, ms since 1970: Infinity while that
 * has not created its run folder, 0 where there is none. Started within the same second, the two
 * would use one folder, or be mistaken for one another.
 */
export function twinUntilMs(world: World, { id, experiment, spec }: Command): number {
  let untilMs = 0;
  if (spec.verb !== "run") return untilMs;
  for (const other of world.commands.values()) {
    const { run } = other;
    if (run === undefined || other.id === id) continue;
    const exitedAtMs = run.exited ? (run.exitedAtMs ?? 0) : Infinity;
    const madeAtMs = Math.min(run.folderAtMs ?? Infinity, exitedAtMs);
    if (world.nowMs - madeAtMs >= FOLDER_STAMP_MS || other.experiment !== experiment) continue;
    if (run.spec.verb === "run" && run.spec.name === spec.target)
      untilMs = Math.max(untilMs, madeAtMs + FOLDER_STAMP_MS);
  }
  return untilMs;
}
