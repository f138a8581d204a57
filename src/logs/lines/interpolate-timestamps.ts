// Dates tracebacks and death markers, whose lines rarely have a time stamp of their own.
// Stamps are parsed in line-stamp.ts.
import { KEPT_EACH_END } from "../series/first-and-last.ts";

/** Something dated by the stamp of its own line or the line above, else by the next stamp. */
export interface Stamped {
  /** Ms since 1970, as the log's stamps are; missing until there is a stamp. */
  stampMs?: number;
}

export interface TimestampInterpolator {
  /** Takes the stamp of a line; lines come in order. */
  see(line: number, stampMs: number): void;
  /** A copy of `thing` with its time, which may be set only later, by `see`. */
  stamped<T extends { readonly line: number }>(thing: T): T & Stamped;
}

/** Starts without a stamp. */
export function createTimestampInterpolator(): TimestampInterpolator {
  const last = { line: -2, stampMs: Number.NaN };
  let waiting: Stamped[] = [];
  return {
    see(line, stampMs) {
      last.line = line;
      last.stampMs = stampMs;
      if (waiting.length === 0) return;
      for (const thing of waiting) thing.stampMs = stampMs;
      waiting = [];
    },
    stamped(thing) {
      const stamped: typeof thing & Stamped = { ...thing };
      if (thing.line - last.line <= 1 && !Number.isNaN(last.stampMs))
        stamped.stampMs = last.stampMs;
      else {
        waiting.push(stamped);
        // No more than this are kept of tracebacks, and of death markers.
        if (waiting.length > 2 * KEPT_EACH_END) waiting.shift();
      }
      return stamped;
    },
  };
}
