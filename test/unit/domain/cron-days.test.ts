import assert from "node:assert/strict";
import { test } from "node:test";
import { createTask, parse, validate } from "node-cron";
import * as fc from "../../properties.ts";
import { comesOn } from "../../../src/domain/cron-days.ts";

const DAY = 86_400_000;
const days = (from: string, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => Date.parse(`${from}T00:00:00Z`) + i * DAY);

const daysThat = (fit: string, month: string): readonly number[] => {
  const fields = parse(`0 0 ${fit}`);
  return days(`${month}-01`, 31)
    .filter((day) => new Date(day).toISOString().startsWith(month) && comesOn(fields, day))
    .map((day) => new Date(day).getUTCDate());
};

test("a day fits by its number, its place in the month, and its weekday", () => {
  assert.deepEqual(daysThat("1,15-17,*/10 * *", "2026-02"), [1, 11, 15, 16, 17, 21]);
  assert.deepEqual(daysThat("L * *", "2028-02"), [29]);
  assert.deepEqual(daysThat("L-2 * *", "2026-02"), [26]);
  assert.deepEqual(daysThat("* * fri", "2026-02"), [6, 13, 20, 27]);
  assert.deepEqual(daysThat("* * 0,7", "2026-02"), [1, 8, 15, 22]);
  assert.deepEqual(daysThat("* * 5#2", "2026-02"), [13]);
  assert.deepEqual(daysThat("* * 5L", "2026-02"), [27]);
  assert.deepEqual(daysThat("* 3 *", "2026-02"), []);
  // 1 and 15 February 2026 are Sundays, and so is 31 May: the month is not left.
  assert.deepEqual(daysThat("15W * *", "2026-02"), [16]);
  assert.deepEqual(daysThat("31W * *", "2026-05"), [29]);
  assert.deepEqual(daysThat("1W * *", "2026-08"), [3]);
  assert.deepEqual(daysThat("31W * *", "2026-02"), []);
});

test("where both days are given, both must fit", () => {
  assert.deepEqual(daysThat("13 * fri", "2026-02"), [13]);
  assert.deepEqual(daysThat("14 * fri", "2026-02"), []);
});

const number = (min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map(String);
const list = (token: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(token, { minLength: 1, maxLength: 3 }).map((tokens) => tokens.join(","));

test("of any fields, the days are those of node-cron's own tasks", async () => {
  const dayOfMonth = fc.oneof(
    fc.constantFrom("*", "?", "*/5", "10-20", "L", "l", "L-1", "L-30"),
    number(1, 31).map((day) => `${day}W`),
    list(number(1, 31)),
  );
  const dayOfWeek = fc.oneof(
    fc.constantFrom("*", "?", "1-5", "fri-sun", "Mon,7"),
    list(number(0, 7)),
    list(fc.tuple(number(0, 7), fc.constantFrom("#1", "#3", "#5", "L")).map((two) => two.join(""))),
  );
  const month = fc.constantFrom("*", "*/2", "feb", "1,12");
  await fc.assert(
    fc.asyncProperty(dayOfMonth, month, dayOfWeek, number(1999, 2101), async (...fields) => {
      const [first, second, third, year] = fields;
      const schedule = `0 0 ${first} ${second} ${third}`;
      fc.pre(validate(schedule));
      const parsed = parse(schedule);
      const task = createTask(schedule, () => undefined, { timezone: "UTC" });
      const all = days(`${year}-01-01`, 366);
      assert.deepEqual(
        all.filter((day) => comesOn(parsed, day)),
        all.filter((day) => task.match(new Date(day))),
        schedule,
      );
      await task.destroy();
    }),
    { numRuns: 60 },
  );
});
