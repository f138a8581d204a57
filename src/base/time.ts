// Times and durations as people write and read them. Pure: the time and the time zone are always
// arguments.

/** A moment (ms since 1970) as local time in an IANA time zone: `2025-02-02 14:30:00`. */
export function localStamp(ms: number, timeZone: string): string {
  const parts = formatter(timeZone).formatToParts(ms);
  const get = (type: Intl.DateTimeFormatPartTypes): string =>
    parts.find((part) => part.type === type)?.value ?? "";
  const date = `${get("year")}-${get("month")}-${get("day")}`;
  return `${date} ${get("hour")}:${get("minute")}:${get("second")}`;
}

/** The same with the zone's offset, as in ISO 8601: `2025-02-02T14:30:00+01:00`. */
export function isoStamp(ms: number, timeZone: string): string {
  const local = localStamp(ms, timeZone).replace(" ", "T");
  const minutes = Math.round((Date.parse(`${local}Z`) - Math.floor(ms / 1000) * 1000) / 60_000);
  const sign = minutes < 0 ? "-" : "+";
  const abs = Math.abs(minutes);
  return `${local}${sign}${two(Math.floor(abs / 60))}:${two(abs % 60)}`;
}

/** Cache: making a formatter takes far longer than using one. */
const formatters = new Map<string, Intl.DateTimeFormat>();
function formatter(timeZone: string): Intl.DateTimeFormat {
  let found = formatters.get(timeZone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formatters.set(timeZone, found);
  }
  return found;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** Two units, without the smaller one if it is 0. */
const both = (big: number, bigUnit: string, small: number, smallUnit: string): string =>
  small === 0 ? `${big} ${bigUnit}` : `${big} ${bigUnit} ${small} ${smallUnit}`;

/**
 * A duration as text, rounded down: `0.4 s`, `41 s`, `12 min 5 s`, `1 h 12 min`, `2 d 3 h`.
 * Negative ones, from a clock that was set back or a start that was noticed late, give `0 s`.
 */
export function spanText(ms: number): string {
  if (ms < 10_000)
    return `${(Math.floor(Math.max(0, ms) / 100) / 10).toFixed(1).replace(/\.0$/, "")} s`;
  const s = Math.floor(ms / 1000);
  if (s < 60) return `${s} s`;
  if (s < 3600) return both(Math.floor(s / 60), "min", s % 60, "s");
  if (s < 86_400) return both(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  return both(Math.floor(s / 86_400), "d", Math.floor((s % 86_400) / 3600), "h");
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A written duration is not longer than this. */
const SPAN_CHARS = 100;

/**
 * Milliseconds of a written duration: `90m`, `2h`, `1h30m`, `45 s`. Undefined for anything else,
 * also for a number without a unit and for 0.
 */
export function parseSpan(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (trimmed.length > SPAN_CHARS) return undefined;
  if (!/^(\d+(\.\d+)?\s*(ms|sec|s|min|m|h|d)\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|sec|s|min|m|h|d)/g)) {
    total += Number(amount) * (UNITS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(total) && total > 0 ? Math.round(total) : undefined;
}
