// The daemon's clock: wall time that never stops, never goes back, and reports jumps forward.
// scheduler/settle-timers.ts decides what a jump means for a journal's timers.
import { performance } from "node:perf_hooks";

/**
 * A larger difference between wall time and elapsed time is a jump: the clock was set, or we slept.
 */
export const CLOCK_JUMP_MS = 1_000;

export interface ClockParts {
  /** The earliest time to return, ms since 1970: that of the ledger's newest fact. */
  readonly notBeforeMs: number;
  /** Called from within the clock, before it returns the first time after the jump. */
  readonly onJump: (byMs: number) => void;
  readonly wallMs?: () => number;
  /** ms since an arbitrary moment; it stops while the machine is suspended. */
  readonly monotonicMs?: () => number;
}

/**
 * Returns a clock that gives whole ms since 1970. If the wall clock was set back, or the ledger is
 * from its future, the clock goes on from its last value at the monotonic pace, so that nothing
 * ever waits for the wall clock to catch up. If the wall clock jumps forward, it follows at once.
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
