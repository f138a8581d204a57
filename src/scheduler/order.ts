// The order in which commands get their turn: higher `priority` first, then older, then as written.
// Whether one may start is decided in start.ts, on which slot in gpu-placement.ts.
import { placesIn } from "../domain/resolve-reference.ts";
import { openCommands, type Command, type World } from "../domain/world.ts";
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
  return openCommands(world)
    .filter(startable)
    .toSorted(
      (a, b) =>
        (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
        a.acceptedAtMs - b.acceptedAtMs ||
        (a.parent !== undefined && a.parent === b.parent
          ? gridOrder(a, b)
          : indexOf(a) - indexOf(b)),
    );
}

/** Members of one sweep, `k7f3.2`, by their number. */
const gridOrder = (a: Command, b: Command): number =>
  Number(/\d+$/.exec(a.id)?.[0]) - Number(/\d+$/.exec(b.id)?.[0]);

/** The index of a command, or of its sweep, in its journal; -1: in none. */
function indexesIn(world: World): (command: Command) => number {
  return (command) => {
    const experiment = world.experiments.get(command.experiment);
    const places = experiment === undefined ? undefined : placesIn(experiment);
    return places?.get(standsFor(world, command).id) ?? -1;
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
  for (const twin of world.experiments.get(experiment)?.index.named.get(spec.target) ?? []) {
    const { run, stateSinceMs } = world.commands.get(twin) ?? {};
    if (run === undefined || twin === id) continue;
    // One that has been over for so long has left its folder's name.
    const isOver = !world.open.has(twin);
    if (isOver && world.nowMs - (stateSinceMs ?? 0) >= FOLDER_STAMP_MS) continue;
    const exitedAtMs = run.exited ? (run.exitedAtMs ?? 0) : Infinity;
    const madeAtMs = Math.min(run.folderAtMs ?? Infinity, exitedAtMs);
    if (world.nowMs - madeAtMs >= FOLDER_STAMP_MS || run.spec.verb !== "run") continue;
    untilMs = Math.max(untilMs, madeAtMs + FOLDER_STAMP_MS);
  }
  return untilMs;
}
