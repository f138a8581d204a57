// The loop's only timer: setting it replaces the previous time. Timers stop while the machine is
// suspended, so a long wait checks the loop's clock from time to time.

/** The longest a single timer runs, so that after a suspend a due time is at most this late. */
const LONGEST_TIMER_MS = 30_000;

export interface WakeUp {
  /** Calls back at `atMs` (ms since 1970), instead of at any earlier request; undefined: never. */
  readonly at: (atMs: number | undefined, callback: () => void) => void;
  readonly cancel: () => void;
}

/** Calls back after `ms`; the returned function cancels. */
export type Timer = (callback: () => void, ms: number) => () => void;

const realTimer: Timer = (callback, ms) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** A timer on a clock that gives ms since 1970. */
export function wakeUp(now: () => number, timer: Timer = realTimer): WakeUp {
  let cancel: (() => void) | undefined;
  const at = (atMs: number | undefined, callback: () => void): void => {
    cancel?.();
    cancel = undefined;
    if (atMs === undefined) return;
    // Plus one, since timers may fire a fraction of a millisecond early.
    const waitMs = Math.max(0, atMs - now() + 1);
    cancel =
      waitMs > LONGEST_TIMER_MS
        ? timer(() => at(atMs, callback), LONGEST_TIMER_MS)
        : timer(callback, waitMs);
  };
  return { at, cancel: () => cancel?.() };
}
