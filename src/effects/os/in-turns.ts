// Long work in parts, with room for everything else in between: nothing that one experiment brings
// may hold up another.
import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Longest stretch of work in one turn of the event loop, but for the part that exceeds it. A start
 * waits for a hundred answers one after the other, and for a turn before each.
 */
const TURN_MS = 4;

/** Does the parts of some work, letting others have their turn every TURN_MS. */
export async function inTurns<T>(parts: Generator<undefined, T, undefined>): Promise<T> {
  let sinceMs = performance.now();
  for (;;) {
    const part = parts.next();
    if (part.done === true) return part.value;
    if (performance.now() - sinceMs < TURN_MS) continue;
    await nextTurn();
    sinceMs = performance.now();
  }
}
