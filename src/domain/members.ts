// Sweeps and their members, as plain questions about the world.
// When members are made and how a sweep stands by them is in sweep.ts.
import { ENDED } from "./command-state.ts";
import type { Command, World } from "./world.ts";

/** Whether a command is a sweep, begun or not. */
export const isSweep = ({ spec }: Command): boolean => spec.sweep !== undefined;

/** The members of a sweep in the order of its grid; none before its turn has come. */
export function membersOf(world: World, { members = [] }: Command): readonly Command[] {
  return members.flatMap((id) => world.commands.get(id) ?? []);
}

/** The command whose place in the journal counts for this one. */
export function standsFor(world: World, command: Command): Command {
  const { parent } = command;
  return (parent === undefined ? undefined : world.commands.get(parent)) ?? command;
}

/** Members of a sweep that have not ended and hold no process yet. */
export function unstarted(world: World, head: Command): readonly Command[] {
  return membersOf(world, head).filter(({ state, run }) => run === undefined && !ENDED.has(state));
}
