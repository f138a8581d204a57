// The days on which a schedule of cron comes. node-cron reads the fields; which day fits them is
// worked out here, since node-cron answers that only for a task, and only from now on.
import type { ParsedFields } from "node-cron";
import { startOfDay, type WallMs } from "../base/zone-time.ts";

const SATURDAY = 6;

/**
 * Whether a day, by any of its local times, fits month, day of the month and day of the week: all
 * of them where several are given. As in node-cron, `L` is the last day of the month, `L-2` two days
 * before it, `15W` the weekday nearest to the 15th within its month, `5L` the last Friday and `5#2`
 * the second one.
 */
export function comesOn(fields: ParsedFields, at: WallMs): boolean {
  const day = calendarDay(at);
  return (
    fields.month.includes(day.month) &&
    fields.dayOfMonth.some((token) => isDayOfMonth(String(token), day)) &&
    fields.dayOfWeek.some((token) => isDayOfWeek(String(token), day))
  );
}

interface CalendarDay {
  /** From 1 on. */
  readonly month: number;
  readonly day: number;
  /** The last day of its month. */
  readonly last: number;
  /** From 0, Sunday, on. */
  readonly weekday: number;
}

function calendarDay(at: WallMs): CalendarDay {
  const date = new Date(startOfDay(at));
  const month = date.getUTCMonth() + 1;
  const last = new Date(Date.UTC(date.getUTCFullYear(), month, 0)).getUTCDate();
  return { month, day: date.getUTCDate(), last, weekday: date.getUTCDay() };
}

function isDayOfMonth(token: string, { day, last, weekday }: CalendarDay): boolean {
  const [, number, nearest] = /^(\d+)(W?)$/i.exec(token) ?? [];
  if (number === undefined) return day === last - Number(/^L-?(\d*)$/i.exec(token)?.[1] ?? NaN);
  const wanted = Number(number);
  if (nearest === "") return day === wanted;
  if (wanted > last || weekday % SATURDAY === 0) return false;
  // The weekday of `wanted`, which lies at most two days off.
  const there = (((weekday + wanted - day) % 7) + 7) % 7;
  if (there === SATURDAY) return day === (wanted === 1 ? 3 : wanted - 1);
  if (there === 0) return day === (wanted === last ? last - 2 : wanted + 1);
  return day === wanted;
}

function isDayOfWeek(token: string, { day, last, weekday }: CalendarDay): boolean {
  if (Number(token.charAt(0)) % 7 !== weekday) return false;
  const [, which = ""] = /^\d(.*)$/.exec(token) ?? [];
  if (which === "") return true;
  return which.toUpperCase() === "L"
    ? day + 7 > last
    : Math.ceil(day / 7) === Number(which.slice(1));
}
