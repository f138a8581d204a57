// How the queue at rest is told, in receipts and by `nightlab status`.
// When it comes to rest is in pause.ts; this is read by the command line, and asks for nothing else.
import type { Pause } from "./pause.ts";
import type { World } from "./world.ts";

/** Runs that hold a place: in their preparation, or at work. */
export function atWork({ commands }: World): number {
  let count = 0;
  for (const { run } of commands.values()) if (run !== undefined && !run.exited) count += 1;
  return count;
}

/** What the receipt of a command that waits says of a pause. */
export function pauseShort(pause: Pause | undefined): string {
  if (pause?.why !== undefined) return "the queue paused itself";
  return pause?.drain === true ? "the queue is drained" : "the queue is paused";
}

/** What `nightlab status` says of it, while so many runs are at work. */
export function pauseWords(pause: Pause | undefined, running: number): string {
  if (pause?.why !== undefined) return `the queue paused itself: ${pause.why}`;
  if (pause?.drain !== true) return "queue paused";
  if (running === 0) return "queue drained: nothing runs any more";
  return `queue drains: ${running} run${running === 1 ? " is" : "s are"} still at work`;
}
