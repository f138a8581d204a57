// Finds and reads a number in the bytes of a log line without making a string of it.
// What the number belongs to is decided by those who know the line's shape.

/** Where a number ends and what it is; one object is used again and again. */
export interface NumberSpot {
  end: number;
  value: number;
  /** It has commas between thousands: elsewhere these part one number from the next. */
  grouped: boolean;
}

const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;

const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 48 && byte <= 57;

/** Powers of ten that a double holds exactly. */
const POWERS = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** Whole numbers with so many digits are exact in a double. */
const EXACT_DIGITS = 15;

/**
 * Reads `12`, `-.5`, `1e-05`, `6.44E+00`, `1,602,557` at `bytes[from]`; false when none is there.
 * A sign is taken only with `signed`. The value is the nearest double: up to 15 digits and powers
 * to 22 one exact division or product rounds once (Clinger 1990); the rest is left to `Number`.
 * A number too large for a double was finite in the log, so it becomes the largest one.
 */
export function scanNumber(
  bytes: Uint8Array,
  from: number,
  to: number,
  signed: boolean,
  into: NumberSpot,
): boolean {
  let at = from;
  let byte = bytes[at] ?? 0;
  const negative = byte === MINUS;
  if (negative || byte === PLUS) {
    if (!signed) return false;
    at += 1;
  }
  let mantissa = 0;
  let digits = 0;
  const whole = at;
  let groups = false;
  while (at < to) {
    byte = bytes[at] ?? 0;
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48);
      if (mantissa > 0) digits += 1;
      at += 1;
    } else if (byte === COMMA && at - whole <= (groups ? Infinity : 3) && isGroup(bytes, at, to)) {
      if (at === whole) return false;
      groups = true;
      at += 1;
    } else break;
  }
  const wholeDigits = at - whole;
  let scale = 0;
  if (at + 1 < to && bytes[at] === DOT && isDigit(bytes[at + 1])) {
    const point = at;
    at += 1;
    while (at < to) {
      byte = bytes[at] ?? 0;
      if (byte < 48 || byte > 57) break;
      mantissa = mantissa * 10 + (byte - 48);
      if (mantissa > 0) digits += 1;
      at += 1;
    }
    scale = at - point - 1;
  } else if (wholeDigits === 0) return false;
  let exponent = 0;
  byte = at < to ? (bytes[at] ?? 0) : 0;
  if ((byte === 101 || byte === 69) && at + 1 < to) {
    let power = at + 1;
    const sign = bytes[power];
    if (sign === MINUS || sign === PLUS) power += 1;
    if (power < to && isDigit(bytes[power])) {
      while (power < to && isDigit(bytes[power])) {
        if (exponent < 100_000) exponent = exponent * 10 + ((bytes[power] ?? 48) - 48);
        power += 1;
      }
      if (sign === MINUS) exponent = -exponent;
      at = power;
    }
  }
  into.end = at;
  into.grouped = groups;
  const power = exponent - scale;
  if (digits <= EXACT_DIGITS && power >= -22 && power <= 22) {
    const size = power < 0 ? mantissa / (POWERS[-power] ?? 1) : mantissa * (POWERS[power] ?? 1);
    into.value = negative ? -size : size;
  } else into.value = fromText(bytes, from, at);
  return true;
}

/** A comma between thousands: three digits follow it, and no fourth. */
function isGroup(bytes: Uint8Array, comma: number, to: number): boolean {
  return (
    comma + 3 < to &&
    isDigit(bytes[comma + 1]) &&
    isDigit(bytes[comma + 2]) &&
    isDigit(bytes[comma + 3]) &&
    !(comma + 4 < to && isDigit(bytes[comma + 4]))
  );
}

function fromText(bytes: Uint8Array, from: number, to: number): number {
  let text = "";
  for (let i = from; i < to; i += 1) {
    if (bytes[i] !== COMMA) text += String.fromCharCode(bytes[i] ?? 0);
  }
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  return value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
