import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "../../properties.ts";
import { clockText, type Occurrence, type TimeWindow } from "../../../src/domain/window.ts";
import { isoStamp, localStamp } from "../../../src/base/time.ts";
import { momentOf, momentsOf, wallAt } from "../../../src/base/zone-time.ts";
import {
  dailyTimes,
  lastOccurrence,
  momentAt,
  nextOccurrence,
  occurrenceAt,
  windowNamed,
  windowOccurrence,
  type Recurrence,
} from "../../../src/domain/windows.ts";

const HOUR = 3_600_000;
const BERLIN = "Europe/Berlin";

/** ms of a time that clocks of the zone show, from `2026-03-29T01:30:00+01:00`. */
const at = (iso: string): number => Date.parse(iso);

const told = (found: Occurrence | undefined, timeZone: string): string | undefined =>
  found && `${isoStamp(found.startMs, timeZone)} to ${isoStamp(found.endMs, timeZone)}`;

const night = dailyTimes(22 * 60, 7 * 60, BERLIN);

describe("a night", () => {
  it("is the one that goes on, from its first moment to before its end", () => {
    const whole = "2026-11-23T22:00:00+01:00 to 2026-11-24T07:00:00+01:00";
    for (const inside of [
      "2026-11-23T22:00:00+01:00",
      "2026-11-24T03:00:00+01:00",
      "2026-11-24T06:59:59.999+01:00",
    ]) {
      assert.equal(told(occurrenceAt(night, at(inside)), BERLIN), whole);
    }
    for (const outside of ["2026-11-23T21:59:59.999+01:00", "2026-11-24T07:00:00+01:00"]) {
      assert.equal(occurrenceAt(night, at(outside)), undefined);
    }
  });

  it("in the day is the last one, and the next begins in the evening", () => {
    const noon = at("2026-11-24T12:00:00+01:00");
    assert.equal(
      told(lastOccurrence(night, noon), BERLIN),
      "2026-11-23T22:00:00+01:00 to 2026-11-24T07:00:00+01:00",
    );
    assert.equal(
      told(nextOccurrence(night, noon), BERLIN),
      "2026-11-24T22:00:00+01:00 to 2026-11-25T07:00:00+01:00",
    );
  });

  it("is eight hours long when clocks are put forward, and ten when they are put back", () => {
    const lengths = ["2026-03-29T01:00:00+01:00", "2026-10-25T01:00:00+02:00"].map((inside) => {
      const found = occurrenceAt(night, at(inside));
      return found && (found.endMs - found.startMs) / HOUR;
    });
    assert.deepEqual(lengths, [8, 10]);
  });

  it("that begins in the hour left out begins when clocks are put forward", () => {
    const window = dailyTimes(2 * 60 + 30, 4 * 60, BERLIN);
    assert.equal(
      told(nextOccurrence(window, at("2026-03-29T00:00:00+01:00")), BERLIN),
      "2026-03-29T03:00:00+02:00 to 2026-03-29T04:00:00+02:00",
    );
  });

  it("that lies in the hour left out does not come that day", () => {
    const window = dailyTimes(2 * 60 + 15, 2 * 60 + 45, BERLIN);
    assert.equal(
      told(nextOccurrence(window, at("2026-03-29T00:00:00+01:00")), BERLIN),
      "2026-03-30T02:15:00+02:00 to 2026-03-30T02:45:00+02:00",
    );
  });

  it("that begins in the repeated hour begins once, the first time", () => {
    const window = dailyTimes(2 * 60 + 30, 4 * 60, BERLIN);
    const first = nextOccurrence(window, at("2026-10-25T00:00:00+02:00"));
    assert.equal(told(first, BERLIN), "2026-10-25T02:30:00+02:00 to 2026-10-25T04:00:00+01:00");
    assert.equal(
      told(nextOccurrence(window, first?.startMs ?? 0), BERLIN),
      "2026-10-26T02:30:00+01:00 to 2026-10-26T04:00:00+01:00",
    );
  });

  it("is known where a whole day was left out", () => {
    const window = dailyTimes(22 * 60, 7 * 60, "Pacific/Apia");
    assert.equal(
      told(occurrenceAt(window, at("2011-12-30T09:00:00Z")), "Pacific/Apia"),
      "2011-12-29T22:00:00-10:00 to 2011-12-31T00:00:00+14:00",
    );
  });
});

const cron = (start: string, length: number): Recurrence => ({
  start,
  end: { kind: "length", ms: length },
  timeZone: BERLIN,
});

/** The next starts of a minute each, as clocks show them. */
const startsFrom = (start: string, from: string, count: number): readonly string[] => {
  let ms = at(from);
  return Array.from({ length: count }, () => {
    ms = nextOccurrence(cron(start, 60_000), ms)?.startMs ?? Number.NaN;
    return isoStamp(ms, BERLIN);
  });
};

describe("a window by cron", () => {
  it("comes on its days only", () => {
    const weekend = cron("0 20 * * 5", 58 * HOUR);
    const monday = at("2026-11-23T12:00:00+01:00");
    assert.equal(
      told(nextOccurrence(weekend, monday), BERLIN),
      "2026-11-27T20:00:00+01:00 to 2026-11-30T06:00:00+01:00",
    );
    assert.equal(
      told(lastOccurrence(weekend, monday), BERLIN),
      "2026-11-20T20:00:00+01:00 to 2026-11-23T06:00:00+01:00",
    );
  });

  it("may be a day that seldom comes", () => {
    assert.equal(
      told(nextOccurrence(cron("0 0 29 2 *", HOUR), at("2096-03-01T00:00:00+01:00")), BERLIN),
      "2104-02-29T00:00:00+01:00 to 2104-02-29T01:00:00+01:00",
    );
  });

  it("in every hour comes in the repeated hour too, and in none left out", () => {
    assert.deepEqual(startsFrom("30 * * * *", "2026-10-25T01:45:00+02:00", 3), [
      "2026-10-25T02:30:00+02:00",
      "2026-10-25T02:30:00+01:00",
      "2026-10-25T03:30:00+01:00",
    ]);
    assert.deepEqual(startsFrom("30 * * * *", "2026-03-29T00:45:00+01:00", 2), [
      "2026-03-29T01:30:00+01:00",
      "2026-03-29T03:30:00+02:00",
    ]);
  });

  it("that never comes, or is no cron, has no occurrence", () => {
    for (const start of ["0 0 30 2 *", "whenever"]) {
      assert.equal(nextOccurrence(cron(start, HOUR), 0), undefined);
      assert.equal(occurrenceAt(cron(start, HOUR), 0), undefined);
    }
  });
});

const momentOfCommand = (minute: number, date?: string): string => {
  const when = { kind: "moment", minute, ...(date === undefined ? {} : { date }) } as const;
  return isoStamp(momentAt(when, at("2026-11-23T18:00:00+01:00"), BERLIN), BERLIN);
};

describe("a moment", () => {
  it("without a date is the next such time", () => {
    assert.equal(momentOfCommand(20 * 60), "2026-11-23T20:00:00+01:00");
    assert.equal(momentOfCommand(3 * 60), "2026-11-24T03:00:00+01:00");
    assert.equal(momentOfCommand(18 * 60), "2026-11-23T18:00:00+01:00");
  });

  it("with a date is that one, even in the hour left out", () => {
    assert.equal(momentOfCommand(180, "2026-11-20"), "2026-11-20T03:00:00+01:00");
    assert.equal(momentOfCommand(150, "2027-03-28"), "2027-03-28T03:00:00+02:00");
  });
});

describe("the windows of a lab", () => {
  it("have `tonight`, from 22:00 to 07:00 of the lab's zone unless it says otherwise", () => {
    const now = at("2026-11-24T12:00:00+01:00");
    assert.equal(
      told(windowOccurrence({ timeZone: BERLIN }, now), BERLIN),
      "2026-11-23T22:00:00+01:00 to 2026-11-24T07:00:00+01:00",
    );
    const own: TimeWindow = {
      name: "tonight",
      ...dailyTimes(20 * 60, 6 * 60, "Asia/Tokyo"),
      atEnd: "stop",
    };
    assert.equal(
      told(windowOccurrence({ timeZone: BERLIN, windows: [own] }, now), "Asia/Tokyo"),
      "2026-11-24T20:00:00+09:00 to 2026-11-25T06:00:00+09:00",
    );
    assert.equal(windowNamed({ timeZone: BERLIN, windows: [own] }, "weekend"), undefined);
  });
});

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Australia/Lord_Howe",
  "Africa/Casablanca",
  "Asia/Kathmandu",
  "America/St_Johns",
  "Pacific/Chatham",
  "Asia/Tehran",
  "UTC",
];
const QUARTER = 15 * 60_000;
const moment = fc.integer({ min: Date.UTC(2015, 0) / QUARTER, max: Date.UTC(2030, 0) / QUARTER });

/** Moments within a day or so of which clocks of one of the zones are changed, and others. */
const anyMoment = fc.oneof(
  moment.map((quarter) => quarter * QUARTER),
  fc
    .record({
      year: fc.integer({ min: 2015, max: 2029 }),
      month: fc.constantFrom(1, 2, 3, 9, 10),
      day: fc.integer({ min: 1, max: 31 }),
      quarter: fc.integer({ min: 0, max: 95 }),
    })
    .map(({ year, month, day, quarter }) => Date.UTC(year, month, day) + quarter * QUARTER),
);

describe("in any zone and at any time", () => {
  it("the moments of what clocks show are all there are, by going through every quarter", () => {
    fc.assert(
      fc.property(anyMoment, fc.constantFrom(...ZONES), (ms, zone) => {
        const wall = wallAt(ms, zone);
        const all: number[] = [];
        for (let one = ms - 4 * HOUR; one <= ms + 4 * HOUR; one += QUARTER) {
          if (wallAt(one, zone) === wall) all.push(one);
        }
        assert.deepEqual(momentsOf(wall, zone), all);
        assert.equal(momentOf(wall, zone), all[0]);
      }),
      { numRuns: 300 },
    );
  });

  it("a daily window holds just the moments whose clocks show a time in it", () => {
    fc.assert(
      fc.property(
        anyMoment,
        fc.constantFrom(...ZONES),
        fc.integer({ min: 0, max: 95 }),
        fc.integer({ min: 1, max: 95 }),
        (ms, zone, startQuarter, long) => {
          const from = startQuarter * 15;
          const to = (from + long * 15) % 1440;
          const holds = occurrenceAt(dailyTimes(from, to, zone), ms) !== undefined;
          const shown = localStamp(ms, zone).slice(11, 16);
          const inside =
            from < to
              ? shown >= clockText(from) && shown < clockText(to)
              : shown >= clockText(from) || shown < clockText(to);
          if (clocksChangeNear(ms, zone)) return;
          assert.equal(holds, inside, `${clockText(from)}-${clockText(to)} at ${shown} in ${zone}`);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("occurrences follow one another without overlap, a day apart, whatever clocks do", () => {
    fc.assert(
      fc.property(
        anyMoment,
        fc.constantFrom(...ZONES),
        fc.integer({ min: 0, max: 95 }),
        fc.integer({ min: 1, max: 90 }),
        (ms, zone, startQuarter, long) => {
          const from = startQuarter * 15;
          const window = dailyTimes(from, (from + long * 15) % 1440, zone);
          let last = lastOccurrence(window, ms);
          assert.ok(last !== undefined && last.startMs <= ms);
          for (let i = 0; i < 4; i += 1) {
            const next = nextOccurrence(window, last.startMs);
            assert.ok(next !== undefined);
            assert.ok(next.endMs > next.startMs);
            assert.ok(next.startMs >= last.endMs, "it begins before the last one's end");
            const days = Math.round((next.startMs - last.startMs) / (24 * HOUR));
            assert.ok(days >= 1 && days <= 2, `${days} days later`);
            // Seen from within it, it is the same.
            const middle = Math.floor((next.startMs + next.endMs) / 2);
            assert.deepEqual(occurrenceAt(window, middle), next);
            assert.deepEqual(lastOccurrence(window, next.endMs), next);
            last = next;
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Whether clocks of the zone are changed within a day of a moment. */
function clocksChangeNear(ms: number, zone: string): boolean {
  const ahead = (one: number): number => wallAt(one, zone) - one;
  return ahead(ms - 25 * HOUR) !== ahead(ms) || ahead(ms + 25 * HOUR) !== ahead(ms);
}
