// The only functions that update a Command in the World, and with it what finds it among thousands.
// Only apply.ts and apply-run.ts use them: they say what each fact changes.
import { SHORT_RUN_MS } from "../base/limits.ts";
import type { CommandId } from "../base/ids.ts";
import { ENDED } from "./command-state.ts";
import { pastRun } from "./past-run.ts";
import { runsOf, type Command, type CommandIndex, type World } from "./world.ts";

/** Puts a command into the world, in place of the one with its id. */
export function put(world: World, command: Command): void {
  const { id, experiment } = command;
  const before = world.commands.get(id);
  const isOver = ENDED.has(command.state) && runsOf(command).every(isPast);
  world.commands.set(id, isOver ? packed(command) : command);
  if (isOver) world.open.delete(id);
  else world.open.add(id);
  const index = world.experiments.get(experiment)?.index;
  if (index !== undefined) keepIndex(index, command, before);
}

const isPast = ({ exited, plotted }: { readonly exited: boolean; readonly plotted: boolean }) =>
  exited && plotted;

function packed(command: Command): Command {
  const { run, earlierRuns } = command;
  if (run === undefined && earlierRuns === undefined) return command;
  return {
    ...command,
    ...(run === undefined ? {} : { run: pastRun(run) }),
    ...(earlierRuns === undefined ? {} : { earlierRuns: earlierRuns.map(pastRun) }),
  };
}

function keepIndex(
  { named, inFolder, passed }: CommandIndex,
  command: Command,
  before: Command | undefined,
): void {
  const { id, run, spec } = command;
  if (before?.spec.target !== spec.target) {
    if (before !== undefined) {
      const others = (named.get(before.spec.target) ?? []).filter((one) => one !== id);
      named.set(before.spec.target, others);
    }
    const same = named.get(spec.target);
    if (same === undefined) named.set(spec.target, [id]);
    else same.push(id);
  }
  if (run === undefined || run === before?.run) return;
  if (run.folder !== undefined && run.folder !== before?.run?.folder) inFolder.set(run.folder, id);
  const isDone = command.state === "done" && before?.state !== "done" && spec.verb === "run";
  if (!isDone || command.repeats !== undefined || run.limitMs > SHORT_RUN_MS) return;
  if (run.outcome?.findings.every(({ blocking }) => !blocking) === true) {
    passed.add(run.start.codeHash);
  }
}

/** Replaces a command by what `update` makes of it; an unknown id is ignored. */
export function replace(world: World, id: CommandId, update: (command: Command) => Command): void {
  const command = world.commands.get(id);
  if (command !== undefined) put(world, update(command));
}

/** Changes single fields of a command; an unknown id is ignored. */
export function change(
  world: World,
  id: CommandId,
  update: (command: Command) => Partial<Command>,
): void {
  replace(world, id, (command) => ({ ...command, ...update(command) }));
}
