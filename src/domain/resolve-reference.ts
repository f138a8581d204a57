// Which command a written target means: an id, a run folder, or a name. A name means the nearest
// command above that has it, or else the nearest below.
import { commandId, type ExperimentPath } from "../base/ids.ts";
import type { Command, World } from "./world.ts";
import { membersOf, standsFor } from "./members.ts";

/**
 * The command that `target` means, written at the command `from`, or else at the journal's end.
 * Undefined where no command has that id, run folder or name. A name finds `run:` commands, and
 * sweeps before their members.
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
  const fromId = from === undefined ? undefined : standsFor(world, from).id;
  const at = fromId === undefined ? own.length : own.findIndex(({ id }) => id === fromId);
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

/** The commands of an experiment that have their own runs: members take the place of a sweep. */
export function runnersOf(world: World, experiment: ExperimentPath): readonly Command[] {
  return commandsOf(world, experiment).flatMap((command) =>
    command.members === undefined ? [command] : membersOf(world, command),
  );
}

/** The commands of an experiment in the order of its journal, then those gone from it. */
export function commandsOf(world: World, experiment: ExperimentPath): readonly Command[] {
  const ids = world.experiments.get(experiment)?.commands ?? [];
  return ids.flatMap((id) => world.commands.get(id) ?? []);
}
