// Which command a written target means: an id, a run folder, or a name. A name means the nearest
// command above that has it, or else the nearest below.
import { commandId, type CommandId, type ExperimentPath, type RunFolder } from "../base/ids.ts";
import type { Command, Experiment, World } from "./world.ts";
import { membersOf } from "./members.ts";

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
  const known = world.experiments.get(experiment);
  if (known === undefined) return undefined;
  const { inFolder, named } = known.index;
  const inJournal = (id: CommandId | undefined): readonly Command[] => {
    const command = id === undefined ? undefined : world.commands.get(id);
    return command === undefined || command.repeats !== undefined ? [] : [command];
  };
  const [byFolder] = inJournal(inFolder.get(target as RunFolder));
  if (byFolder !== undefined) return byFolder;
  const all = (named.get(target) ?? [])
    .flatMap(inJournal)
    .filter(({ spec }) => spec.verb === "run");
  if (all.length === 0) return undefined;
  const placeOf = placesOf(known, [...all, ...(from === undefined ? [] : [from])].map(headOf));
  const at = from === undefined ? Infinity : (placeOf(headOf(from)) ?? Infinity);
  const found = all.flatMap((command) => {
    const place = placeOf(headOf(command));
    // A member of the sweep that `from` is, or belongs to, is neither above nor below.
    return place === undefined || place === at ? [] : [{ command, place }];
  });
  // Members of one sweep stay in the order of its grid.
  const inOrder = found.toSorted((a, b) => a.place - b.place);
  const nearest = (isMember: boolean, isAbove: boolean): Command | undefined =>
    inOrder
      .filter(
        ({ command, place }) =>
          isMember === (command.parent !== undefined) && isAbove === place < at,
      )
      .at(isAbove ? -1 : 0)?.command;
  return (
    nearest(false, true) ?? nearest(true, true) ?? nearest(false, false) ?? nearest(true, false)
  );
}

const headOf = ({ id, parent }: Command): CommandId => parent ?? id;

const PLACES = new WeakMap<readonly CommandId[], ReadonlyMap<CommandId, number>>();

/** The index of each command in the journal. */
export function placesIn({ present }: Experiment): ReadonlyMap<CommandId, number> {
  const known = PLACES.get(present);
  if (known !== undefined) return known;
  const places = new Map(present.map((id, at) => [id, at]));
  PLACES.set(present, places);
  return places;
}

/** Where each of these commands stands among all of an experiment; those gone come last. */
function placesOf(
  experiment: Experiment,
  ids: readonly CommandId[],
): (id: CommandId) => number | undefined {
  const { present, gone } = experiment;
  const places = placesIn(experiment);
  const left = new Set(ids.filter((id) => !places.has(id)));
  const behind = new Map<CommandId, number>();
  for (let i = gone.length - 1; i >= 0 && behind.size < left.size; i -= 1) {
    const id = gone[i];
    if (id !== undefined && left.has(id)) behind.set(id, present.length + gone.length - i);
  }
  return (id) => places.get(id) ?? behind.get(id);
}

/** The commands of an experiment that have their own runs: members take the place of a sweep. */
export function runnersOf(world: World, experiment: ExperimentPath): readonly Command[] {
  return commandsOf(world, experiment).flatMap((command) =>
    command.members === undefined ? [command] : membersOf(world, command),
  );
}

/** Of these commands of an experiment those it has, in the order of `commandsOf`. */
export function inOrderOf(
  { present, gone }: Experiment,
  wanted: ReadonlySet<CommandId>,
): readonly CommandId[] {
  if (wanted.size === 0) return [];
  return [...present, ...gone.toReversed()].filter((id) => wanted.has(id));
}

/** The commands of an experiment in the order of its journal. */
export function presentIn(world: World, experiment: ExperimentPath): readonly Command[] {
  const { present = [] } = world.experiments.get(experiment) ?? {};
  return present.flatMap((id) => world.commands.get(id) ?? []);
}

/** The same, and those gone from it after them, the last to go first. */
export function commandsOf(world: World, experiment: ExperimentPath): readonly Command[] {
  const { gone = [] } = world.experiments.get(experiment) ?? {};
  const left = gone.toReversed().flatMap((id) => world.commands.get(id) ?? []);
  return [...presentIn(world, experiment), ...left];
}
