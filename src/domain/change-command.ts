// The only functions that update a Command in the World.
// Only apply.ts and apply-run.ts use them: they say what each fact changes.
import type { CommandId } from "../base/ids.ts";
import type { Command, World } from "./world.ts";

/** Replaces a command by what `update` makes of it; an unknown id is ignored. */
export function replace(world: World, id: CommandId, update: (command: Command) => Command): void {
  const command = world.commands.get(id);
  if (command !== undefined) world.commands.set(id, update(command));
}

/** Changes single fields of a command; an unknown id is ignored. */
export function change(
  world: World,
  id: CommandId,
  update: (command: Command) => Partial<Command>,
): void {
  replace(world, id, (command) => ({ ...command, ...update(command) }));
}
