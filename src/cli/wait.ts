// `nightlab wait ID`: returns when the command has ended, with an exit code that says how.
// It reads the ledger only when it has changed.
import { setTimeout as pause } from "node:timers/promises";
import { ENDED } from "../domain/command-state.ts";
import { commandTitle } from "../domain/command.ts";
import { spanText } from "../base/time.ts";
import type { Command } from "../domain/world.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { findCommand, findLab, ledgerStamp, noLab, notFound, readWorld } from "./lab-world.ts";

const LOOK_MS = 250;

/** 0 when it ended as done, 1 when it ended in any other way. `tell`: what there is to say before. */
export async function waitFor(
  target: string,
  from: string,
  tell: (text: string) => void,
): Promise<CommandResult> {
  const lab = findLab(from);
  if (lab === undefined) return refused(noLab(from));
  const first = readWorld(lab);
  const id = findCommand(first, target)?.id;
  if (id === undefined) return refused(notFound(first, target));
  let seen = "";
  let told = "";
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
    const news = command === undefined ? told : heldText(command);
    if (news !== told && news !== "") tell(news);
    told = news;
    await pause(LOOK_MS);
  }
}

/** Nothing comes of a held command by itself: whoever waits would never learn why. */
function heldText({ id, spec, state, reason = "" }: Command): string {
  if (state !== "held") return "";
  const why = reason === "" ? "" : `: ${reason.replaceAll("`", "")}`;
  return `${id} (${commandTitle(spec)}) is held for your go${why}. Waiting.`;
}
