// Times of day and ranges of them as people write them in commands and in nightlab.yaml: `22:00`,
// `22:00-07:00`, `2026-11-24 03:00`. The caller knows the time zone.
import type { When } from "../domain/window.ts";
import { brief, type Checked } from "./written-values.ts";

const CLOCK = /^(\d{1,2}):(\d{2})$/;

/**
 * Minutes after midnight of `22:00`, 0 to 1439; `24:00` is 0. Undefined if it is no time of day.
 */
export function clockMinute(text: string): number | undefined {
  const [, hour = "", minute = ""] = CLOCK.exec(text.trim()) ?? [];
  const minutes = Number(hour) * 60 + Number(minute);
  if (hour === "" || Number(minute) > 59 || minutes > 1440) return undefined;
  return minutes % 1440;
}

/** A written time is not longer than this. */
const TIME_CHARS = 80;

/**
 * Both ends of `22:00-07:00`, in minutes after midnight; undefined if it is no range, or an empty
 * one.
 */
export function clockRange(
  text: string,
): { readonly from: number; readonly to: number } | undefined {
  const [first, last, ...more] = text.slice(0, TIME_CHARS).split(/\s*[-–—]\s*/);
  if (first === undefined || last === undefined || more.length > 0) return undefined;
  const [from, to] = [clockMinute(first), clockMinute(last)];
  return from === undefined || to === undefined || from === to ? undefined : { from, to };
}

const WINDOW_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,39}$/;
/** Whether a text can name a window; `windows:` and `when` accept the same names. */
export const isWindowName = (text: string): boolean => WINDOW_NAME.test(text);

/**
 * Reads the value of a command's `when`; whether a window of that name exists is not checked here.
 */
export function checkWhen(text: string): Checked<When> {
  const written = text.trim().slice(0, TIME_CHARS);
  if (isWindowName(written)) return { ok: true, value: { kind: "window", name: written } };
  const range = clockRange(written);
  if (range !== undefined) return { ok: true, value: { kind: "daily", ...range } };
  const [, date, clock = ""] = /^(?:(\d{4}-\d{2}-\d{2})(?:T|\s+|$))?(.*)$/.exec(written) ?? [];
  const minute = clockMinute(clock);
  if (date !== undefined && !isDate(date)) return bad(`there is no day ${date}`);
  if (minute !== undefined) {
    const day = date === undefined ? {} : { date };
    return { ok: true, value: { kind: "moment", minute, ...day } };
  }
  if (date !== undefined && clock === "") {
    return bad(`\`when\` says a day and no time`, `write \`${date} 22:00\``);
  }
  const two = written.split(/\s*[-–—]\s*/);
  if (two.length === 2 && two[0] === two[1] && clockMinute(two[0] ?? "") !== undefined) {
    return bad(`\`${brief(written)}\` ends when it begins`);
  }
  return bad(`\`${brief(written)}\` is no time that \`when\` knows`);
}

const FIX =
  "write `tonight` or a window of nightlab.yaml, `22:00-07:00`, `03:00` or `2026-11-24 03:00`";
const bad = (message: string, fix: string = FIX): Checked<never> => ({
  ok: false,
  fault: { message, fix },
});

/** Whether the calendar has this day: it has no `2026-02-29`. */
function isDate(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}
