// Converts local (wall clock) time of a time zone to moments, also on days when clocks change. The
// zones' rules come from Intl.
import { localStamp } from "./time.ts";

/**
 * Local time as a number: the ms since 1970 at which a clock in UTC shows the same. Arithmetic on
 * it counts days and hours as on a calendar, without clock changes.
 */
export type WallMs = number;

const DAY_MS = 86_400_000;
/** Farther than any zone is from UTC, and than a zone that skipped a day has moved. */
const AROUND_MS = 1.5 * DAY_MS;

/** Local time at a moment, in whole seconds. */
export function wallAt(ms: number, timeZone: string): WallMs {
  return Date.parse(`${localStamp(ms, timeZone).replace(" ", "T")}Z`);
}

/** The zone's offset from UTC at a moment, in ms; positive east of Greenwich. */
const offsetMs = (ms: number, timeZone: string): number => {
  const second = Math.floor(ms / 1_000) * 1_000;
  return wallAt(second, timeZone) - second;
};

/**
 * The moments at which the local time is `wall`, in order: usually one, none if clocks were put
 * forward over it, two if they were put back over it.
 */
export function momentsOf(wall: WallMs, timeZone: string): readonly number[] {
  const before = offsetMs(wall - AROUND_MS, timeZone);
  const after = offsetMs(wall + AROUND_MS, timeZone);
  const candidates = before === after ? [wall - before] : [wall - before, wall - after];
  return candidates.filter((ms) => wallAt(ms, timeZone) === wall).toSorted((a, b) => a - b);
}

/**
 * The first moment at which the local time is `wall`; if clocks are put forward over it, the moment
 * of that change.
 */
export function momentOf(wall: WallMs, timeZone: string): number {
  const [first] = momentsOf(wall, timeZone);
  return first ?? changeAt(wall, timeZone);
}

/** The moment at which clocks are put forward over a local time, by bisection. */
function changeAt(wall: WallMs, timeZone: string): number {
  const before = offsetMs(wall - AROUND_MS, timeZone);
  const after = offsetMs(wall + AROUND_MS, timeZone);
  // At `low` the local time is before `wall`; the change comes after that.
  let low = wall - Math.max(before, after);
  let high = wall - Math.min(before, after);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetMs(middle, timeZone) === before) low = middle;
    else high = middle;
  }
  return high;
}

/** Local midnight at the start of a day; `later` days after it, or before it if negative. */
export function startOfDay(wall: WallMs, later = 0): WallMs {
  return (Math.floor(wall / DAY_MS) + later) * DAY_MS;
}
