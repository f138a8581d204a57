// The daemon's clock: wall time that never stands still, never goes back, and tells of jumps.
// What a jump means for the timers of a journal is decided in scheduler/settle-timers.ts.
import { performance } from "node:perf_hooks";

/** The wall clock and what passed differ by less than this while nobody sets a clock. */
export const CLOCK_JUMP_MS = 1_000;

export interface ClockParts {
  /** No earlier time is ever told, ms since 1970: the newest fact of the ledger. */
  readonly notBeforeMs: number;
  /** Called from within the clock, before it tells the first time after the jump. */
  readonly onJump: (byMs: number) => void;
  readonly wallMs?: () => number;
  /** ms since some moment; it stands still while the machine sleeps. */
  readonly monotonicMs?: () => number;
}

/**
 * The time in whole ms since 1970. Where the wall clock was set back, or the ledger is from its
 * future, it goes on from the last time told, at its own pace, so that nothing ever waits for the
 * wall clock to catch up. Where the wall clock went ahead of what passed, it follows at once.
 */
export function steadyClock(parts: ClockParts): () => number {
  const wallMs = parts.wallMs ?? Date.now;
  const monotonicMs = parts.monotonicMs ?? (() => performance.now());
  let lastMs = Math.max(parts.notBeforeMs, wallMs());
  let lastMonotonicMs = monotonicMs();
  return () => {
    const monotonic = monotonicMs();
    const expectedMs = lastMs + Math.max(0, monotonic - lastMonotonicMs);
    const aheadMs = wallMs() - expectedMs;
    lastMonotonicMs = monotonic;
    lastMs = expectedMs + Math.max(0, aheadMs);
    if (aheadMs > CLOCK_JUMP_MS) parts.onJump(Math.round(aheadMs));
    return Math.floor(lastMs);
  };
}
