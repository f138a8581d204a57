// One timer for the loop: the last time asked for counts.
// Timers end after 24 days at most, so a later time is asked for again on the way.

export interface WakeUp {
  readonly at: (atMs: number | undefined, callback: () => void) => void;
  readonly cancel: () => void;
}

const LONGEST_MS = 2 ** 31 - 1;

/** A timer on a clock that tells ms since 1970. */
export function wakeUp(now: () => number): WakeUp {
  let timer: NodeJS.Timeout | undefined;
  return {
    at(atMs, callback) {
      clearTimeout(timer);
      timer = undefined;
      if (atMs === undefined) return;
      // One more, since timers may fire a fraction of a millisecond early.
      const waitMs = Math.min(LONGEST_MS, Math.max(0, atMs - now() + 1));
      timer = setTimeout(callback, waitMs);
    },
    cancel: () => clearTimeout(timer),
  };
}
