// A command of the world with something changed: the only hands by which one ever changes.
// What a fact changes is said in apply.ts and apply-run.ts; nobody else comes here.
import type { CommandId } from "../base/ids.ts";
import type { Command, World } from "./world.ts";

/** Puts another command in its place; does nothing about one that is not known. */
export function replace(world: World, id: CommandId, update: (command: Command) => Command): void {
  const command = world.commands.get(id);
  if (command !== undefined) world.commands.set(id, update(command));
}

/** The same, of single fields. */
export function change(
  world: World,
  id: CommandId,
  update: (command: Command) => Partial<Command>,
): void {
  replace(world, id, (command) => ({ ...command, ...update(command) }));
}
