// How a pause of the queue is worded, in receipts and by `nightlab status`.
// When the queue pauses is decided in scheduler/pause.ts.
import type { Pause } from "./pause.ts";
import { openCommands, type World } from "./world.ts";

/** The number of runs that hold a slot: being prepared, or running. */
export function atWork(world: World): number {
  let count = 0;
  for (const { run } of openCommands(world)) if (run !== undefined && !run.exited) count += 1;
  return count;
}

/** What the receipt of a waiting command says of a pause. */
export function pauseShort(pause: Pause | undefined): string {
  if (pause?.why !== undefined) return "the queue paused itself";
  return pause?.drain === true ? "the queue is drained" : "the queue is paused";
}

/** What `nightlab status` says of a pause while `running` runs hold a slot. */
export function pauseWords(pause: Pause | undefined, running: number): string {
  if (pause?.why !== undefined) return `the queue paused itself: ${pause.why}`;
  if (pause?.drain !== true) return "queue paused";
  if (running === 0) return "queue drained: nothing runs any more";
  return `queue drains: ${running} run${running === 1 ? " is" : "s are"} still at work`;
}
