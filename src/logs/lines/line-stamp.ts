// Parses the time stamp that a log line begins with, from its bytes.
// Stamps inside a line, and those without a year, are not looked for.

/** A stamp that was read; one object is reused. */
export interface StampSpot {
  /** Position after the stamp. */
  end: number;
  /** Ms since 1970 as if the stamp were UTC: logs name no zone. NaN where it names no year. */
  ms: number;
}

/** A 0 stands for any digit; the space may be a T. */
const FORM = "0000-00-00 00:00:00";
/** `05/31 02:36:11 PM `: it has no year, so that it tells no time. */
const SHORT = "00/00 00:00:00 PM ";

/**
 * A reader of stamps like `2025-02-02 14:30:00.123`, also with `T`, a comma, no fraction, or a `[`
 * before it. It returns false where `bytes[from..to)` begins otherwise. A field out of its range
 * carries over, as in `Date.UTC`. The last day is cached: computing it is slow.
 */
export function createStampReader(): (
  bytes: Uint8Array,
  from: number,
  to: number,
  into: StampSpot,
) => boolean {
  let day = -1;
  let dayMs = 0;
  return (bytes, from, to, into) => {
    const start = bytes[from] === 91 ? from + 1 : from;
    if (bytes[from + 2] === 47 && isShort(bytes, from, to)) {
      into.end = from + SHORT.length;
      into.ms = Number.NaN;
      return true;
    }
    if (start + FORM.length > to) return false;
    for (let i = 0; i < FORM.length; i += 1) {
      const byte = bytes[start + i] ?? 0;
      const form = FORM.charCodeAt(i);
      if (form === 48 ? byte < 48 || byte > 57 : byte !== form && !(i === 10 && byte === 84)) {
        return false;
      }
    }
    const two = (at: number): number =>
      ((bytes[start + at] ?? 48) - 48) * 10 + (bytes[start + at + 1] ?? 48) - 48;
    const date = (two(0) * 100 + two(2)) * 10_000 + two(5) * 100 + two(8);
    if (date !== day) {
      day = date;
      dayMs = Date.UTC(two(0) * 100 + two(2), two(5) - 1, two(8));
    }
    let ms = dayMs + two(11) * 3_600_000 + two(14) * 60_000 + two(17) * 1_000;
    let at = start + FORM.length;
    if (at + 1 < to && (bytes[at] === 46 || bytes[at] === 44) && isDigit(bytes[at + 1])) {
      at += 1;
      for (let unit = 100, digits = 0; at < to && isDigit(bytes[at]) && digits < 9; at += 1) {
        if (digits < 3) ms += ((bytes[at] ?? 48) - 48) * unit;
        unit /= 10;
        digits += 1;
      }
    }
    into.end = at;
    into.ms = ms;
    return true;
  };
}

/** Whether a stamp of the form SHORT, of the morning or the afternoon, is at `from`. */
function isShort(bytes: Uint8Array, from: number, to: number): boolean {
  if (from + SHORT.length > to) return false;
  for (let i = 0; i < SHORT.length; i += 1) {
    const [byte, form] = [bytes[from + i], SHORT.charCodeAt(i)];
    if (form === 48 ? !isDigit(byte) : byte !== form && !(i === 15 && byte === 65)) return false;
  }
  return true;
}

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 48 && byte <= 57;
