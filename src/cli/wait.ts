// `nightlab wait ID`: returns when the command has ended, with an exit code that says how. Polls,
// but reads the ledger only after it has changed.
import { setTimeout as pause } from "node:timers/promises";
import { ENDED } from "../domain/command-state.ts";
import { commandTitle } from "../domain/command.ts";
import { spanText } from "../base/time.ts";
import type { Command } from "../domain/world.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, ledgerStamp, noLab, notFound, readWorld } from "./lab-world.ts";

/** Interval between two looks at the ledger's stamp. */
const LOOK_MS = 250;

/**
 * Waits for a command to end. Exit code 0: it is done. 1: it ended in any other way. 2: no lab or
 * no such command.
 *
 * @param report receives messages while waiting, such as that the command is held
 */
export async function waitFor(
  target: string,
  from: string,
  report: (text: string) => void,
): Promise<CommandResult> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const first = readWorld(lab);
  const id = findCommand(first, target)?.id;
  if (id === undefined) return refused(notFound(first, target));
  let seen = "";
  let reported = "";
  for (;;) {
    const stamp = ledgerStamp();
    const command = stamp === seen ? undefined : readWorld(lab).commands.get(id);
    seen = stamp;
    if (command !== undefined && ENDED.has(command.state)) {
      const { startedAtMs, endedAtMs } = command.run ?? {};
      const took =
        startedAtMs === undefined || endedAtMs === undefined
          ? ""
          : `, ${spanText(endedAtMs - startedAtMs)}`;
      const text = `${command.id} (${commandTitle(command.spec)}): ${command.state}${took}`;
      return { text, exitCode: command.state === "done" ? 0 : 1 };
    }
    const news = command === undefined ? reported : heldText(command);
    if (news !== reported && news !== "") report(news);
    reported = news;
    await pause(LOOK_MS);
  }
}

/** A held command needs the user's approval, so tell whoever waits; "" for any other state. */
function heldText({ id, spec, state, reason = "" }: Command): string {
  if (state !== "held") return "";
  const why = reason === "" ? "" : `: ${reason.replaceAll("`", "")}`;
  return `${id} (${commandTitle(spec)}) is held for your go${why}. Waiting.`;
}
