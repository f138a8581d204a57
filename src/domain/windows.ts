// When a window comes: its occurrence now, the last and the next one, in the window's time zone.
// Pure: from a moment to moments. What a window allows is asked in conditions.ts.
//
// Clocks that are put forward over a start or an end: it is when that is done. Clocks that are put
// back over it: it is the first time that they show it. So a night is an hour shorter or longer,
// and begins once. A start in every hour comes in the repeated hour too, and in no hour left out.
import { createTask, parse, type ParsedFields } from "node-cron";
import type { LabSettings } from "./lab-settings.ts";
import {
  NIGHT,
  NIGHT_FROM,
  NIGHT_TO,
  type Occurrence,
  type TimeWindow,
  type When,
} from "./window.ts";
import { startOfDay, momentOf, momentsOf, wallAt, type WallMs } from "../base/zone-time.ts";

/** Days ahead in which a window must come: the 29th of February needs eight years, around 2100. */
const WINDOW_REACH_DAYS = 8 * 366;
/** Windows of which the present and next occurrence are kept at hand: labs have a few. */
const WINDOWS_KEPT = 200;

const MINUTE_MS = 60_000;

/** What of a window tells its times. */
export type Recurrence = Pick<TimeWindow, "start" | "end" | "timeZone">;

/** The night of a lab, `tonight`: the one that goes on, else the last one that was. */
export function windowOccurrence(
  settings: Pick<LabSettings, "timeZone" | "windows">,
  nowMs: number,
): Occurrence | undefined {
  const night = windowNamed(settings, NIGHT);
  return night === undefined ? undefined : lastOccurrence(night, nowMs);
}

/** A window by its name; `tonight` is there even where nightlab.yaml does not name it. */
export function windowNamed(
  { windows, timeZone }: Pick<LabSettings, "timeZone" | "windows">,
  name: string,
): TimeWindow | undefined {
  const written = windows?.find((one) => one.name === name);
  if (written !== undefined || name !== NIGHT) return written;
  return { name, ...dailyTimes(NIGHT_FROM, NIGHT_TO, timeZone), atEnd: "finish" };
}

/** The times of `22:00-07:00`. */
export function dailyTimes(from: number, to: number, timeZone: string): Recurrence {
  const start = `${from % 60} ${Math.floor(from / 60)} * * *`;
  return { start, end: { kind: "clock", minute: to }, timeZone };
}

/** The moment that a command without a window waits for: a dated one, or the next after `fromMs`. */
export function momentAt(
  { minute, date }: Extract<When, { kind: "moment" }>,
  fromMs: number,
  timeZone: string,
): number {
  const at = (day: WallMs): number => momentOf(day + minute * MINUTE_MS, timeZone);
  if (date !== undefined) return at(Date.parse(`${date}T00:00:00Z`));
  const today = startOfDay(wallAt(fromMs, timeZone));
  const first = at(today);
  return first >= fromMs ? first : at(startOfDay(today, 1));
}

/** The occurrence that holds a moment. */
export function occurrenceAt(window: Recurrence, ms: number): Occurrence | undefined {
  const { last } = around(window, ms);
  return last !== undefined && ms < last.endMs ? last : undefined;
}

/** The latest occurrence that had begun by then, whether or not it is over. */
export const lastOccurrence = (window: Recurrence, ms: number): Occurrence | undefined =>
  around(window, ms).last;

/** The first occurrence that begins after a moment. */
export const nextOccurrence = (window: Recurrence, ms: number): Occurrence | undefined =>
  around(window, ms).next;

interface Around {
  readonly last?: Occurrence;
  readonly next?: Occurrence;
}

/**
 * Of each window what was found last, the newest first: each holds until its next occurrence
 * begins. A turn asks for now and for the night before by turns.
 */
const kept = new Map<string, readonly { readonly fromMs: number; readonly found: Around }[]>();
const KEPT_EACH = 4;

function around(window: Recurrence, ms: number): Around {
  const key = JSON.stringify([window.start, window.end, window.timeZone]);
  const all = kept.get(key) ?? [];
  const known = all.find(
    ({ fromMs, found }) => ms >= fromMs && ms < (found.next?.startMs ?? Infinity),
  );
  if (known !== undefined) return known.found;
  const last = search(window, ms, -1);
  const next = search(window, ms, 1);
  const found = {
    ...(last === undefined ? {} : { last }),
    ...(next === undefined ? {} : { next }),
  };
  if (kept.size >= WINDOWS_KEPT) kept.clear();
  kept.set(key, [{ fromMs: last?.startMs ?? ms, found }, ...all].slice(0, KEPT_EACH));
  return found;
}

/** Day by day, back to the last start at or before a moment, or on to the first after it. */
function search(window: Recurrence, ms: number, way: 1 | -1): Occurrence | undefined {
  const fields = fieldsOf(window.start);
  if (fields === undefined) return undefined;
  const today = wallAt(ms, window.timeZone);
  // A day's start may be seen a day off where clocks were put over midnight.
  for (let i = -1; i <= WINDOW_REACH_DAYS; i += 1) {
    const day = startOfDay(today, way * i);
    if (!fields.comesOn(day)) continue;
    const starts = startsOn(day, fields, window.timeZone);
    const found = (way === 1 ? starts : starts.toReversed()).find(({ startMs, wall }) => {
      const wanted = way === 1 ? startMs > ms : startMs <= ms;
      return wanted && endOf(window, wall, startMs) > startMs;
    });
    if (found === undefined) continue;
    return { startMs: found.startMs, endMs: endOf(window, found.wall, found.startMs) };
  }
  return undefined;
}

interface Start {
  readonly startMs: number;
  /** What the window's own words say, where clocks were put over it too. */
  readonly wall: WallMs;
}

function startsOn(day: WallMs, { hours, minutes }: Fields, timeZone: string): readonly Start[] {
  const walls = hours.flatMap((hour) =>
    minutes.map((minute) => day + (hour * 60 + minute) * MINUTE_MS),
  );
  const everyHour = hours.length === 24;
  const starts = walls.flatMap((wall) => {
    const moments = everyHour ? momentsOf(wall, timeZone) : [momentOf(wall, timeZone)];
    return moments.map((startMs) => ({ startMs, wall }));
  });
  return starts.toSorted((a, b) => a.startMs - b.startMs);
}

function endOf({ end, timeZone }: Recurrence, wall: WallMs, startMs: number): number {
  if (end.kind === "length") return startMs + end.ms;
  const sameDay = startOfDay(wall) + end.minute * MINUTE_MS;
  return momentOf(sameDay > wall ? sameDay : sameDay + 24 * 60 * MINUTE_MS, timeZone);
}

interface Fields {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  comesOn(day: WallMs): boolean;
}

const read = new Map<string, Fields | undefined>();

/** What cron fields say; undefined where they are none: settings/windows.ts refuses those. */
function fieldsOf(start: string): Fields | undefined {
  if (!read.has(start)) {
    if (read.size >= WINDOWS_KEPT) read.clear();
    read.set(start, readFields(start));
  }
  return read.get(start);
}

function readFields(start: string): Fields | undefined {
  let parsed: ParsedFields;
  try {
    parsed = parse(start);
  } catch {
    return undefined;
  }
  const hours = [...new Set(parsed.hour)].toSorted((a, b) => a - b);
  const minutes = [...new Set(parsed.minute)].toSorted((a, b) => a - b);
  const [hour = 0, minute = 0] = [hours[0], minutes[0]];
  // Never started: it only tells which days fit, on paper, so in UTC.
  const task = createTask(start, () => undefined, { timezone: "UTC" });
  void task.destroy();
  return {
    hours,
    minutes,
    comesOn: (day) =>
      parsed.month.includes(new Date(day).getUTCMonth() + 1) &&
      task.match(new Date(day + (hour * 60 + minute) * MINUTE_MS)),
  };
}
