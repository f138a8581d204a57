// Gives things without a stamp of their own that of the line above them or of the next one.
// Stamps themselves are read in line-stamp.ts.
import { TOLD_LINES_EACH_END } from "../series/first-and-last.ts";

/** When something was said: its own stamp, that of the line above, or the next one after it. */
export interface Stamped {
  stampMs?: number;
}

export interface TimestampInterpolator {
  see(line: number, stampMs: number): void;
  stamped<T extends { readonly line: number }>(thing: T): T & Stamped;
}

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
        if (waiting.length > 2 * TOLD_LINES_EACH_END) waiting.shift();
      }
      return stamped;
    },
  };
}
