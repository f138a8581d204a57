// When windows come, against an oracle that knows no arithmetic of clocks: it watches a clock of the
// zone minute by minute over the days around each of its changes.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "../properties.ts";
import { isoStamp } from "../../src/base/time.ts";
import { wallAt } from "../../src/base/zone-time.ts";
import { lastOccurrence, nextOccurrence, type Recurrence } from "../../src/domain/windows.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Beyond what is asked about, so that the occurrences before and after it are in sight. */
const SEEN = 3 * DAY;
const ASKED = DAY;

/** Zones with changes at night, at midnight, by half an hour, and around Ramadan; one lost a day. */
const PLACES = [
  ["Europe/Berlin", 2026],
  ["America/New_York", 2026],
  ["America/Sao_Paulo", 2018],
  ["Asia/Beirut", 2026],
  ["Australia/Lord_Howe", 2026],
  ["Africa/Casablanca", 2026],
  ["America/St_Johns", 2010],
  ["Pacific/Chatham", 2026],
  ["Pacific/Apia", 2011],
  ["Asia/Kathmandu", 2026],
] as const;

interface Watch {
  readonly zone: string;
  /** A moment close to a change, or any other in a zone without. */
  readonly aroundMs: number;
}

const watches: readonly Watch[] = PLACES.flatMap(([zone, year]) => {
  const ahead = (ms: number): number => wallAt(ms, zone) - ms;
  const found: Watch[] = [];
  let before = ahead(Date.UTC(year, 0));
  for (let ms = Date.UTC(year, 0); ms < Date.UTC(year + 1, 0); ms += 6 * HOUR) {
    if (ahead(ms) !== before) found.push({ zone, aroundMs: ms });
    before = ahead(ms);
  }
  return found.length > 0 ? found : [{ zone, aroundMs: Date.UTC(year, 5) }];
});

/** What the clock shows at each minute around a moment. */
const shown = new Map<Watch, readonly (readonly [ms: number, wall: number])[]>();

function clockOf(watch: Watch): readonly (readonly [ms: number, wall: number])[] {
  let clock = shown.get(watch);
  if (clock === undefined) {
    const { zone, aroundMs } = watch;
    clock = Array.from({ length: (2 * SEEN) / MINUTE }, (_, i) => {
      const ms = aroundMs - SEEN + i * MINUTE;
      return [ms, wallAt(ms, zone)] as const;
    });
    shown.set(watch, clock);
  }
  return clock;
}

interface Times {
  readonly hours: readonly number[];
  readonly minutes: readonly number[];
  readonly weekdays: readonly number[];
  readonly end: Recurrence["end"];
}

const fits = ({ hours, minutes, weekdays }: Times, wall: number): boolean => {
  const date = new Date(wall);
  return (
    minutes.includes(date.getUTCMinutes()) &&
    hours.includes(date.getUTCHours()) &&
    weekdays.includes(date.getUTCDay())
  );
};

/** Starts and ends in sight, in order; those that end beyond are left out. */
function occurrences(
  watch: Watch,
  times: Times,
): readonly (readonly [start: number, end: number])[] {
  const starts: { readonly ms: number; readonly wall: number }[] = [];
  /** When each time of day was first passed, whether or not the clock showed it. */
  const passed = new Map<number, number>();
  let furthest: number | undefined;
  for (const [ms, wall] of clockOf(watch)) {
    const everyHour = times.hours.length === 24;
    if (everyHour && fits(times, wall)) starts.push({ ms, wall });
    for (let one = (furthest ?? wall - MINUTE) + MINUTE; one <= wall; one += MINUTE) {
      passed.set(one, ms);
      if (!everyHour && fits(times, one)) starts.push({ ms, wall: one });
    }
    furthest = Math.max(furthest ?? wall, wall);
  }
  return starts.flatMap(({ ms, wall }) => {
    const { end } = times;
    if (end.kind === "length") return [[ms, ms + end.ms] as const];
    let until = wall + MINUTE;
    while ((((until % DAY) + DAY) % DAY) / MINUTE !== end.minute) until += MINUTE;
    const endMs = passed.get(until);
    return endMs === undefined || endMs <= ms ? [] : [[ms, endMs] as const];
  });
}

const hour = fc.integer({ min: 0, max: 23 });
const minute = fc.constantFrom(0, 1, 15, 30, 45, 59);
const night = fc.integer({ min: 0, max: 4 });
const some = <T>(one: fc.Arbitrary<T>, most: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(one, { minLength: 1, maxLength: most });
const everyHour = Array.from({ length: 24 }, (_, i) => i);
const everyDay = [0, 1, 2, 3, 4, 5, 6];

const anyTimes: fc.Arbitrary<Times> = fc.record({
  hours: fc.oneof(some(night, 2), some(hour, 3), fc.constant(everyHour)),
  minutes: some(minute, 2),
  weekdays: fc.oneof(
    fc.constant(everyDay),
    fc.constant(everyDay),
    some(fc.constantFrom(0, 1, 6), 2),
  ),
  end: fc.oneof(
    fc
      .tuple(fc.oneof(night, hour), minute)
      .map(([h, m]) => ({ kind: "clock" as const, minute: h * 60 + m })),
    fc
      .integer({ min: 1, max: 600 })
      .map((length) => ({ kind: "length" as const, ms: length * MINUTE })),
  ),
});

const schedule = ({ hours, minutes, weekdays }: Times): string =>
  `${minutes.join(",")} ${hours.length === 24 ? "*" : hours.join(",")} * * ${weekdays.join(",")}`;

test("windows come when a clock that is watched shows their times, or skips them", () => {
  assert.ok(watches.length > 15);
  fc.assert(
    fc.property(
      fc.constantFrom(...watches),
      anyTimes,
      fc.integer({ min: -ASKED / MINUTE, max: ASKED / MINUTE }),
      (watch, times, later) => {
        const { zone, aroundMs } = watch;
        const window = { start: schedule(times), end: times.end, timeZone: zone };
        const ms = aroundMs + later * MINUTE;
        const all = occurrences(watch, times);
        const expected = {
          last: all.findLast(([start]) => start <= ms),
          next: all.find(([start]) => start > ms),
        };
        const last = lastOccurrence(window, ms);
        const next = nextOccurrence(window, ms);
        const told = JSON.stringify(window);
        const check = (
          found: { readonly startMs: number; readonly endMs: number } | undefined,
          wanted: readonly [number, number] | undefined,
        ): void => {
          if (wanted === undefined) {
            // Out of sight: a week may lie between two.
            assert.ok(found === undefined || Math.abs(found.startMs - aroundMs) > SEEN - DAY, told);
            return;
          }
          const texts = wanted.map((one) => isoStamp(one, zone));
          assert.deepEqual(
            found && [isoStamp(found.startMs, zone), isoStamp(found.endMs, zone)],
            texts,
            told,
          );
        };
        check(last, expected.last);
        check(next, expected.next);
      },
    ),
    { numRuns: 300 },
  );
});
