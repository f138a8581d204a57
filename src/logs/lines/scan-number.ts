// Parses a number from the bytes of a log line without making a string of it.
// What the number means is left to the callers, who know the line's template or tokens.

/** Where a number ends and its value; one object is reused. */
export interface NumberSpot {
  end: number;
  value: number;
  /** It has commas between thousands. In lists a comma separates two numbers instead. */
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
/** Whole numbers of at most this many digits are exact in a double. */
const EXACT_DIGITS = 15;

/**
 * Parses `12`, `-.5`, `1e-05`, `1.e-05`, `6.44E+00` or `1,602,557` at `bytes[from]`; false if there is none.
 * A sign is taken only with `signed`. The value is the nearest double: with at most 15 digits and a
 * power of ten of at most 22, one product or quotient of exact doubles rounds only once (Clinger
 * 1990); the rest is left to `Number`. A number too large for a double was finite in the log, so it
 * becomes the largest double. One function, since every number of a log comes through it.
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
  if (at + 1 < to && bytes[at] === DOT && (isDigit(bytes[at + 1]) || isPower(bytes, at + 1, to))) {
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
    if (wholeDigits === 0 && scale === 0) return false;
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

/** Whether `e-05` is at `at`, as in NumPy's `1.e-05`. */
function isPower(bytes: Uint8Array, at: number, to: number): boolean {
  if (((bytes[at] ?? 0) | 32) !== 101) return false;
  const sign = bytes[at + 1];
  const digit = sign === MINUS || sign === PLUS ? at + 2 : at + 1;
  return digit < to && isDigit(bytes[digit]);
}

/** Whether a comma is one between thousands: three digits follow it, and no fourth. */
function isGroup(bytes: Uint8Array, comma: number, to: number): boolean {
  return (
    comma + 3 < to &&
    isDigit(bytes[comma + 1]) &&
    isDigit(bytes[comma + 2]) &&
    isDigit(bytes[comma + 3]) &&
    !(comma + 4 < to && isDigit(bytes[comma + 4]))
  );
}

/** The value by way of a string. */
function fromText(bytes: Uint8Array, from: number, to: number): number {
  let text = "";
  for (let i = from; i < to; i += 1) {
    if (bytes[i] !== COMMA) text += String.fromCharCode(bytes[i] ?? 0);
  }
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  return value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}
