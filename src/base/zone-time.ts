// From the time that clocks of a zone show to moments, over the days on which clocks are changed.
// The rules of the zones are Intl's; what a time is for is left to the callers.
import { localStamp } from "./time.ts";

/**
 * What clocks of a zone show, as the moment in UTC at which clocks there show the same. With it
 * days and times of day are counted as on paper, without any change of clocks.
 */
export type WallMs = number;

const DAY_MS = 86_400_000;
/** Further than any zone is from UTC, and than one that left out a day moved. */
const AROUND_MS = 1.5 * DAY_MS;

/** What clocks of the zone show at a moment, in whole seconds. */
export function wallAt(ms: number, timeZone: string): WallMs {
  return Date.parse(`${localStamp(ms, timeZone).replace(" ", "T")}Z`);
}

/** How far the zone is ahead of UTC at a moment, ms. */
const aheadMs = (ms: number, timeZone: string): number => {
  const second = Math.floor(ms / 1_000) * 1_000;
  return wallAt(second, timeZone) - second;
};

/**
 * The moments at which clocks of the zone show this: one as a rule, none where clocks were put
 * forward over it, two where they were put back over it.
 */
export function momentsOf(wall: WallMs, timeZone: string): readonly number[] {
  const before = aheadMs(wall - AROUND_MS, timeZone);
  const after = aheadMs(wall + AROUND_MS, timeZone);
  const tried = before === after ? [wall - before] : [wall - before, wall - after];
  return tried.filter((ms) => wallAt(ms, timeZone) === wall).toSorted((a, b) => a - b);
}

/**
 * The first moment at which clocks of the zone show this; where they are put forward over it, the
 * moment at which that is done.
 */
export function momentOf(wall: WallMs, timeZone: string): number {
  const [first] = momentsOf(wall, timeZone);
  return first ?? changeAt(wall, timeZone);
}

/** The moment at which clocks are put forward over a time. */
function changeAt(wall: WallMs, timeZone: string): number {
  const before = aheadMs(wall - AROUND_MS, timeZone);
  const after = aheadMs(wall + AROUND_MS, timeZone);
  // Clocks show less than `wall` at `low`, and more from the change on, which is after it.
  let low = wall - Math.max(before, after);
  let high = wall - Math.min(before, after);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (aheadMs(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** The start of the day that clocks show, and a later or earlier one. */
export function startOfDay(wall: WallMs, later = 0): WallMs {
  return (Math.floor(wall / DAY_MS) + later) * DAY_MS;
}
