// Questions about sweeps and their members in the world.
// When members are made, and the state of a sweep, is in scheduler/sweep.ts.
import { ENDED } from "./command-state.ts";
import type { Command, World } from "./world.ts";

/** Whether a command is a sweep, whether or not it has begun. */
export const isSweep = ({ spec }: Command): boolean => spec.sweep !== undefined;

/** The members of a sweep in the order of its grid; empty until its turn has come. */
export function membersOf(world: World, { members = [] }: Command): readonly Command[] {
  return members.flatMap((id) => world.commands.get(id) ?? []);
}

/** The command whose block in the journal counts for this one: of a member its sweep. */
export function standsFor(world: World, command: Command): Command {
  const { parent } = command;
  return (parent === undefined ? undefined : world.commands.get(parent)) ?? command;
}

/** Members of a sweep that have neither started nor ended. */
export function unstarted(world: World, head: Command): readonly Command[] {
  return membersOf(world, head).filter(({ state, run }) => run === undefined && !ENDED.has(state));
}
