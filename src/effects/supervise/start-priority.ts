// Lets the next run start before the last one is concluded: an idle GPU costs more than a late
// receipt. Otherwise reading logs, asking git and drawing would compete with the start for the CPU.
import { setTimeout as pause } from "node:timers/promises";
import { openCommands, type World } from "../../domain/world.ts";

/** Concluding a run is delayed by this much at most. */
const START_FIRST_MS = 100;
const START_FIRST_POLL_MS = 5;

/** Waits while a run is being started, START_FIRST_MS at most. */
export async function afterStarts(world: World): Promise<void> {
  const deadline = performance.now() + START_FIRST_MS;
  while (isStarting(world) && performance.now() < deadline) await pause(START_FIRST_POLL_MS);
}

const isStarting = (world: World): boolean =>
  world.examining !== undefined ||
  world.gpus.asked ||
  openCommands(world).some(({ state }) => state === "preparing");
