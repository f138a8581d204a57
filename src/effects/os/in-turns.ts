// Long work in parts, with room for everything else in between: nothing that one experiment brings
// may hold up another.
import { performance } from "node:perf_hooks";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";

/** Longest stretch of work in one turn of the event loop, but for the part that exceeds it. */
const TURN_MS = 4;
/**
 * Others who are at work go on alone until they pause, and for this long at most. A start waits for
 * a hundred answers one after the other: with a turn of work before each it took half a second.
 */
const OTHERS_MS = 20;
/** How long others have to be idle to count as done: an answer of the disk takes less. */
const CALM_MS = 2;
/** An empty turn of the event loop takes some 0.01 ms, and a calm pause little more. */
const BUSY_MS = 0.1;

/** Does the parts of some work. Every TURN_MS others have their turn, and finish what they began. */
export async function inTurns<T>(parts: Generator<undefined, T, undefined>): Promise<T> {
  let sinceMs = performance.now();
  for (;;) {
    const part = parts.next();
    if (part.done === true) return part.value;
    if (performance.now() - sinceMs < TURN_MS) continue;
    await letOthersWork();
    sinceMs = performance.now();
  }
}

async function letOthersWork(): Promise<void> {
  const sinceMs = performance.now();
  await nextTurn();
  let busyMs = performance.now() - sinceMs;
  while (busyMs > BUSY_MS && performance.now() - sinceMs < OTHERS_MS) {
    const before = performance.eventLoopUtilization();
    await pause(CALM_MS);
    busyMs = performance.eventLoopUtilization(before).active;
  }
}
