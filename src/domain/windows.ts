// When a window occurs: its current, last and next occurrence, in the window's time zone.
// scheduler/conditions.ts decides what follows from that.
//
// Daylight saving: a start or end in the skipped hour is at the moment of the change; one in the
// repeated hour is at its first pass. So a night is an hour shorter or longer and begins once. A
// window that starts every hour also starts in the repeated hour, and not in the skipped one.
import { parse, type ParsedFields } from "node-cron";
import { comesOn } from "./cron-days.ts";
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
import { defined } from "../base/defined.ts";

/** How far an occurrence is searched for: 29 February may be eight years away, around 2100. */
const WINDOW_REACH_DAYS = 8 * 366;
/** Windows in the caches below, which are emptied beyond that: a lab has a few windows. */
const WINDOWS_KEPT = 200;

const MINUTE_MS = 60_000;

/** The times of a window. */
export type Recurrence = Pick<TimeWindow, "start" | "end" | "timeZone">;

/** The current night of a lab (its window `tonight`), else the last one. */
export function windowOccurrence(
  settings: Pick<LabSettings, "timeZone" | "windows">,
  nowMs: number,
): Occurrence | undefined {
  const night = windowNamed(settings, NIGHT);
  return night === undefined ? undefined : lastOccurrence(night, nowMs);
}

/** A window by its name; `tonight` has default times where nightlab.yaml does not define it. */
export function windowNamed(
  { windows, timeZone }: Pick<LabSettings, "timeZone" | "windows">,
  name: string,
): TimeWindow | undefined {
  const written = windows?.find((one) => one.name === name);
  if (written !== undefined || name !== NIGHT) return written;
  return { name, ...dailyTimes(NIGHT_FROM, NIGHT_TO, timeZone), atEnd: "finish" };
}

/** The times of a daily window such as `22:00-07:00`; `from` and `to` in minutes after midnight. */
export function dailyTimes(from: number, to: number, timeZone: string): Recurrence {
  const start = `${from % 60} ${Math.floor(from / 60)} * * *`;
  return { start, end: { kind: "clock", minute: to }, timeZone };
}

/** The moment that `when: 14:30` means, ms since 1970: on its date, or the first after `fromMs`. */
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

/** The occurrence that contains a moment. */
export function occurrenceAt(window: Recurrence, ms: number): Occurrence | undefined {
  const { last } = around(window, ms);
  return last !== undefined && ms < last.endMs ? last : undefined;
}

/** The latest occurrence that has begun by a moment, whether or not it is over. */
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
 * Cache of what was found last for each window, newest first; each entry is valid until its next
 * occurrence begins. Several, because a turn asks for the present and for earlier nights.
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
    ...defined({ last, next }),
  };
  if (kept.size >= WINDOWS_KEPT) kept.clear();
  kept.set(key, [{ fromMs: last?.startMs ?? ms, found }, ...all].slice(0, KEPT_EACH));
  return found;
}

/** Searches day by day: back to the last start at or before `ms`, or on to the first after it. */
function search(window: Recurrence, ms: number, way: 1 | -1): Occurrence | undefined {
  const fields = fieldsOf(window.start);
  if (fields === undefined) return undefined;
  const today = wallAt(ms, window.timeZone);
  // Begins a day early: a clock change at midnight may shift a start to the neighbouring day.
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
  /** The start as the window writes it, even where the clocks never show it. */
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

/** Parses cron fields; undefined where they are invalid, which settings/windows.ts refuses. */
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
    // Any failure: no cron fields, which settings/ tells.
    return undefined;
  }
  const hours = [...new Set(parsed.hour)].toSorted((a, b) => a - b);
  const minutes = [...new Set(parsed.minute)].toSorted((a, b) => a - b);
  return { hours, minutes, comesOn: (day) => comesOn(parsed, day) };
}
