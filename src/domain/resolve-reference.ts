// Which command a written target means: an id, a run folder, or a name.
// A name means the nearest command above that bears it, then the nearest below.
import { commandId, type ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "./world.ts";
import { membersOf, standsFor } from "./members.ts";

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
  const byFolder = runnersOf(world, experiment).find((command) => hasFolder(command, target));
  if (byFolder !== undefined) return byFolder;
  const own = commandsOf(world, experiment);
  const place = from === undefined ? undefined : standsFor(world, from).id;
  const at = place === undefined ? own.length : own.findIndex(({ id }) => id === place);
  const end = at === -1 ? own.length : at;
  const named = (command: Command): boolean =>
    command.spec.verb === "run" && command.spec.target === target;
  const [above, below] = [own.slice(0, end), own.slice(end + 1)];
  const within = (commands: readonly Command[]): readonly Command[] =>
    commands.flatMap((command) => membersOf(world, command));
  return (
    above.findLast(named) ??
    within(above).findLast(named) ??
    below.find(named) ??
    within(below).find(named)
  );
}

const hasFolder = ({ run, earlierRuns = [] }: Command, folder: string): boolean =>
  run?.folder === folder || earlierRuns.some((earlier) => earlier.folder === folder);

/** Every command of an experiment that can have a run of its own: members stand by their sweep. */
export function runnersOf(world: World, experiment: ExperimentPath): readonly Command[] {
  return commandsOf(world, experiment).flatMap((command) =>
    command.members === undefined ? [command] : membersOf(world, command),
  );
}

/** Commands of an experiment in the order of its journal. */
export function commandsOf(world: World, experiment: ExperimentPath): readonly Command[] {
  const ids = world.experiments.get(experiment)?.commands ?? [];
  return ids.flatMap((id) => world.commands.get(id) ?? []);
}
