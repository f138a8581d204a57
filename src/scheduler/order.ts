// In which order commands get their turn: the higher `priority`, then the older, then as written.
// Whether one may start is approval.ts's, and where gpu-placement.ts's.
import type { CommandId, ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "../domain/world.ts";
import { standsFor } from "../domain/members.ts";

/** Scripts name their run folders by the second. */
const FOLDER_STAMP_MS = 1_000;

/** Whether a command still waits for its start and stands in its journal. */
export const startable = (command: Command): boolean =>
  (command.state === "queued" || command.state === "waiting") &&
  command.members === undefined &&
  command.absentSinceMs === undefined;

/** Everything that waits for its start, the next one first. */
export function inOrder(world: World): readonly Command[] {
  const lineOf = linesIn(world);
  return [...world.commands.values()]
    .filter(startable)
    .toSorted(
      (a, b) =>
        (b.spec.priority ?? 0) - (a.spec.priority ?? 0) ||
        a.acceptedAtMs - b.acceptedAtMs ||
        (a.parent !== undefined && a.parent === b.parent ? 0 : lineOf(a) - lineOf(b)),
    );
}

/** Where commands stand in their journals; members of one sweep stay in the order of their grid. */
function linesIn(world: World): (command: Command) => number {
  const known = new Map<ExperimentPath, ReadonlyMap<CommandId, number>>();
  return (command) => {
    const { id, experiment } = standsFor(world, command);
    let lines = known.get(experiment);
    if (lines === undefined) {
      lines = new Map(world.experiments.get(experiment)?.commands.map((one, at) => [one, at]));
      known.set(experiment, lines);
    }
    return lines.get(id) ?? -1;
  };
}

/**
 * Until when a command waits for an earlier start of the same name: for ever while that has not made
 * its run folder, 0 where there is none. Scripts stamp the folder by the second, so that a twin
 * would find its folder there, or be taken for the other.
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
