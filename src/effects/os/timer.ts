// One timer for the loop: the last time asked for counts, by the clock that the loop goes by.
// Timers stand still while the machine sleeps, so that the clock is looked at on the way.

/** A machine that slept knows what time it is this long after it woke: its timers stood still. */
const WAKE_LOOK_MS = 30_000;

export interface WakeUp {
  readonly at: (atMs: number | undefined, callback: () => void) => void;
  readonly cancel: () => void;
}

/** Calls back after so many ms; the answer takes that back. */
export type Timer = (callback: () => void, ms: number) => () => void;

const realTimer: Timer = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** A timer on a clock that tells ms since 1970. */
export function wakeUp(now: () => number, timer: Timer = realTimer): WakeUp {
  let cancel: (() => void) | undefined;
  const at = (atMs: number | undefined, callback: () => void): void => {
    cancel?.();
    cancel = undefined;
    if (atMs === undefined) return;
    // One more, since timers may fire a fraction of a millisecond early.
    const waitMs = Math.max(0, atMs - now() + 1);
    cancel =
      waitMs > WAKE_LOOK_MS
        ? timer(() => at(atMs, callback), WAKE_LOOK_MS)
        : timer(callback, waitMs);
  };
  return { at, cancel: () => cancel?.() };
}
