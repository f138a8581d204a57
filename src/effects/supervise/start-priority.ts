// Lets a start go before the words about the last run's end: a GPU is dearer than a receipt.
// Reading logs, asking git and drawing would share the processor with it otherwise.
import { setTimeout as pause } from "node:timers/promises";
import type { World } from "../../domain/world.ts";

/** The end of a run is told this much later at most, while the next one starts in its place. */
const START_FIRST_MS = 100;
const START_FIRST_LOOK_MS = 5;

/** Waits while a start is on its way, START_FIRST_MS at most. */
export async function afterStarts(world: World): Promise<void> {
  const deadline = performance.now() + START_FIRST_MS;
  while (startsNow(world) && performance.now() < deadline) await pause(START_FIRST_LOOK_MS);
}

function startsNow({ examining, gpus, commands }: World): boolean {
  if (examining !== undefined || gpus.asked) return true;
  for (const { state } of commands.values()) if (state === "preparing") return true;
  return false;
}
