// Stops runs at the end of the window that they started in, where nightlab.yaml says
// `at-end: stop`. Runs that were started outside of their window are left alone.
import { localStamp } from "../base/time.ts";
import { openCommands, settingsOf, type Command, type Run } from "../domain/world.ts";
import type { Turn } from "../domain/turn.ts";
import { windowOf } from "./conditions.ts";
import { requestStop } from "./run-events.ts";
import { occurrenceAt } from "../domain/windows.ts";

/** Stops every run whose window is over, and wakes the daemon at the end of the others. */
export function endWindows(turn: Turn): void {
  // Until then earlier runs are not adopted, and nightlab.yaml may not have been read.
  if (!turn.world.allFound) return;
  for (const command of openCommands(turn.world)) {
    const { run, spec } = command;
    if (spec.when === undefined || run === undefined || run.exited) continue;
    if (run.stopRequested === undefined) endWindow(turn, command, run);
  }
}

function endWindow(turn: Turn, command: Command, run: Run): void {
  const settings = settingsOf(turn.world, command.experiment);
  const window = windowOf(settings, command.spec.when);
  if (window?.atEnd !== "stop") return;
  // The window as it is written now: where it was extended meanwhile, its runs go on.
  const occurrence = occurrenceAt(window, run.claimedAtMs);
  if (occurrence === undefined) return;
  if (occurrence.endMs > turn.atMs) {
    turn.wake(occurrence.endMs);
    return;
  }
  const end = localStamp(occurrence.endMs, settings.timeZone).slice(11, 16);
  requestStop(turn, command, "window", `\`${window.name}\` was over at ${end}`);
}
