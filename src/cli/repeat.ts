// `nightlab repeat RUN`: asks the lab's daemon to run the same code, arguments and packages again.
// The run goes through the queue like any other; its result is shown in the receipt of the first
// one.
import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { experimentsOf } from "../effects/run-store/lab-experiments.ts";
import { isLocked } from "../effects/state/lab-lock.ts";
import { repeatAnswer, writeRequest } from "../effects/state/requests.ts";
import { RUN_FOLDER } from "../base/ids.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, noLab, notFound, readWorld, stateOf } from "./lab-world.ts";

/** A run by its folder. */
interface RunLocation {
  readonly experiment: string;
  readonly folder: string;
}

/**
 * Requests a repeat and waits for the daemon's answer. Exit code 0: it is queued. 2: it cannot be
 * repeated; the text says what is missing.
 *
 * @param token a name for this request that no other request has
 */
export async function repeat(target: string, from: string, token: string): Promise<CommandResult> {
  const lab = findLab(existsSync(target) ? target : from);
  if (lab === undefined) return refused(noLab(from));
  const world = readWorld(lab);
  const command = findCommand(world, target);
  const folder = command?.run?.folder;
  const place =
    command !== undefined && folder !== undefined
      ? { experiment: command.experiment, folder }
      : await locationOf(target, from, lab);
  if (place === undefined) {
    if (command === undefined) return refused(notFound(world, target));
    return refused(`${command.id} (${command.state}) has no run folder yet to repeat it from.`);
  }
  if (isLocked(lab) === undefined) {
    return refused("Cannot repeat: no daemon watches this lab. Start one with `nightlab watch`.");
  }
  const state = stateOf(lab);
  writeRequest(state, { kind: "repeat", id: token, ...place });
  const answer = await repeatAnswer(state, token);
  if (answer === undefined) {
    return refused("The daemon did not answer in time. See `nightlab status` for what it does.");
  }
  if (answer.command === undefined) {
    return refused(`Cannot repeat ${place.folder}: ${answer.why ?? "the daemon did not say why"}.`);
  }
  const { command: id, name = "", of = "", differs = [] } = answer;
  return {
    text: [
      `${id} repeats ${of} as ${name}: ${answer.from ?? ""}.`,
      ...differs.map((one) => `  not as it was: ${one}`),
      `It is in the queue; \`nightlab wait ${id}\` returns when it has ended.`,
      `The receipt of ${of} will say how the two compare, \`nightlab compare ${of} ${id}\` in full.`,
    ].join("\n"),
    exitCode: 0,
  };
}

/** Finds a run by its path or its folder's name, also one that nightlab did not start. */
async function locationOf(
  target: string,
  from: string,
  lab: string,
): Promise<RunLocation | undefined> {
  const folder = basename(target.replace(/\/+$/, ""));
  if (!RUN_FOLDER.test(folder)) return undefined;
  const path = resolve(from, target);
  if (existsSync(path) && basename(dirname(path)) === "runs") {
    return { experiment: dirname(dirname(realpathSync(path))), folder };
  }
  const experiments = await experimentsOf(lab);
  const experiment = experiments.find((one) => existsSync(join(one, "runs", folder)));
  return experiment === undefined ? undefined : { experiment, folder };
}
