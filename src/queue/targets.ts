// Which command a written target means: an id, a run folder, or a name.
// A name means the nearest command above that bears it, then the nearest below.
import { commandId, type ExperimentPath } from "../model/ids.ts";
import type { Command, World } from "../model/world.ts";

/**
 * The command that `target` means for somebody at `from` in the experiment's journal; undefined
 * when nothing bears that id, folder or name. Only commands that have a run of their own count.
 */
export function resolveTarget(
  world: World,
  experiment: ExperimentPath,
  target: string,
  from?: Command,
): Command | undefined {
  const byId = world.commands.get(commandId(target));
  if (byId !== undefined) return byId;
  const own = commandsOf(world, experiment);
  const byFolder = own.find((command) => command.run?.folder === target);
  if (byFolder !== undefined) return byFolder;
  const at = from === undefined ? own.length : own.findIndex(({ id }) => id === from.id);
  const end = at === -1 ? own.length : at;
  const named = (command: Command): boolean =>
    command.spec.verb === "run" && command.spec.target === target;
  return own.slice(0, end).findLast(named) ?? own.slice(end + 1).find(named);
}

/** Commands of an experiment in the order of its journal. */
export function commandsOf(world: World, experiment: ExperimentPath): readonly Command[] {
  const ids = world.experiments.get(experiment)?.commands ?? [];
  return ids.flatMap((id) => world.commands.get(id) ?? []);
}
