// `nightlab stop ID`: asks the lab's daemon to end a run. The request is a file, so that the next
// daemon finds it where none is running.
import { ENDED } from "../domain/command-state.ts";
import { writeRequest } from "../effects/state/requests.ts";
import { commandTitle } from "../domain/command.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, noLab, notFound, readWorld, stateOf } from "./lab-world.ts";

/**
 * Exit code 0: a daemon was asked to end it. 1: it had ended already, or no daemon runs to do it.
 * 2: there is no lab or no such command.
 */
export function stop(target: string, from: string): CommandResult {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const world = readWorld(lab);
  const command = findCommand(world, target);
  if (command === undefined) return refused(notFound(world, target));
  const title = `${command.id} (${commandTitle(command.spec)})`;
  if (ENDED.has(command.state)) {
    return { text: `${title} had ended before: ${command.state}`, exitCode: 1 };
  }
  writeRequest(stateOf(lab), { kind: "stop", id: command.id });
  if (isLocked(lab) === undefined) {
    const text = `${title} is to be stopped, but no daemon watches this lab: start \`nightlab watch\`.`;
    return { text, exitCode: 1 };
  }
  return {
    text: `Stopping ${title}; \`nightlab wait ${command.id}\` returns when it has ended.`,
    exitCode: 0,
  };
}
