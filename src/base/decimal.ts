// Exact rational numbers from the literal tokens of logs and criteria. Verdicts compare them, so
// nothing is ever rounded; statistics that need roots use doubles.
import { notFinite } from "./not-finite.ts";

/**
 * Longest token (characters) and largest power of ten: enough for every double that a log prints.
 */
const DECIMAL_DIGITS = 1_000;
const DECIMAL_EXPONENT = 1_000;

/** A rational number, an infinity or NaN. */
export type Decimal =
  /** `numerator / denominator`, in lowest terms, the denominator positive. */
  | { readonly kind: "finite"; readonly numerator: bigint; readonly denominator: bigint }
  | { readonly kind: "infinite"; readonly sign: 1 | -1 }
  | { readonly kind: "nan" };

const NAN: Decimal = { kind: "nan" };
const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,9})|([kKMB]))?$/;
/** Suffixes as in `1.5k` and `2.3M`, as powers of ten. */
const SIZES: Readonly<Record<string, number>> = { k: 3, K: 3, M: 6, B: 9 };
const GROUPED = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/;

/**
 * The value of a token: `0.75886`, `.5`, `6.44E+00`, `1,602,557`, `1.5k`, `NaN`, `-inf`. Undefined
 * if it is no number, or one beyond `DECIMAL_DIGITS` or `DECIMAL_EXPONENT`.
 */
export function parseDecimal(token: string): Decimal | undefined {
  const text = token.trim();
  if (text.length > DECIMAL_DIGITS) return undefined;
  const special = notFinite(text);
  if (special !== undefined) {
    return Number.isNaN(special) ? NAN : { kind: "infinite", sign: special < 0 ? -1 : 1 };
  }
  const match = NUMBER.exec(GROUPED.test(text) ? text.replaceAll(",", "") : text);
  if (match === null) return undefined;
  const [, sign = "", whole = "", part = "", power = "0", size = ""] = match;
  if (whole === "" && part === "") return undefined;
  const exponent = Number(power) + (SIZES[size] ?? 0);
  if (Math.abs(exponent) > DECIMAL_EXPONENT) return undefined;
  const digits = BigInt(`${whole}${part}`) * (sign === "-" ? -1n : 1n);
  const shift = exponent - part.length;
  return shift >= 0
    ? fraction(digits * 10n ** BigInt(shift), 1n)
    : fraction(digits, 10n ** BigInt(-shift));
}

function wholeNumber(value: number): Decimal {
  return fraction(BigInt(value), 1n);
}

/** -1, 0 or 1 as `a` is less, equal or greater; undefined if one is NaN, which has no order. */
export function compareDecimals(a: Decimal, b: Decimal): -1 | 0 | 1 | undefined {
  if (a.kind === "nan" || b.kind === "nan") return undefined;
  if (a.kind === "infinite" || b.kind === "infinite") {
    const left = a.kind === "infinite" ? a.sign : 0;
    const right = b.kind === "infinite" ? b.sign : 0;
    return order(left - right);
  }
  const difference = a.numerator * b.denominator - b.numerator * a.denominator;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** The exact result; NaN if an operand is not finite, and for a division by zero. */
export function arithmetic(operator: "+" | "-" | "*" | "/", a: Decimal, b: Decimal): Decimal {
  if (a.kind !== "finite" || b.kind !== "finite") return NAN;
  const [p, q, r, s] = [a.numerator, a.denominator, b.numerator, b.denominator];
  switch (operator) {
    case "+":
      return fraction(p * s + r * q, q * s);
    case "-":
      return fraction(p * s - r * q, q * s);
    case "*":
      return fraction(p * r, q * s);
    case "/":
      return r === 0n ? NAN : fraction(p * s, q * r);
  }
}

/** The exact mean; NaN for no values. */
export function meanOf(values: readonly Decimal[]): Decimal {
  const sum = values.reduce((a, b) => arithmetic("+", a, b), fraction(0n, 1n));
  return arithmetic("/", sum, wholeNumber(values.length));
}

/** The nearest double. */
export function toNumber(value: Decimal): number {
  switch (value.kind) {
    case "nan":
      return Number.NaN;
    case "infinite":
      return value.sign * Number.POSITIVE_INFINITY;
    case "finite": {
      const { sign, digits, exponent } = significant(value.numerator, value.denominator, 25);
      return Number(`${sign}${digits}e${exponent - digits.length + 1}`);
    }
  }
}

/**
 * The value as text: all its digits if they are at most twelve, else six significant digits after
 * `≈`, so that a rounded number never passes for an exact one.
 */
export function decimalText(value: Decimal): string {
  switch (value.kind) {
    case "nan":
      return "NaN";
    case "infinite":
      return value.sign < 0 ? "-Infinity" : "Infinity";
    case "finite": {
      const exact = significant(value.numerator, value.denominator, 12);
      if (exact.whole) return written(exact.sign, exact.digits, exact.exponent);
      const short = significant(value.numerator, value.denominator, 6);
      return `≈ ${written(short.sign, short.digits, short.exponent)}`;
    }
  }
}

function order(difference: number): -1 | 0 | 1 {
  return difference === 0 ? 0 : difference < 0 ? -1 : 1;
}

function fraction(numerator: bigint, denominator: bigint): Decimal {
  const flip = denominator < 0n ? -1n : 1n;
  const divisor = greatestDivisor(numerator < 0n ? -numerator : numerator, denominator * flip);
  return {
    kind: "finite",
    numerator: (flip * numerator) / divisor,
    denominator: (flip * denominator) / divisor,
  };
}

/** Greatest common divisor, by Euclid's algorithm; 1 for two zeros. */
function greatestDivisor(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}

interface Significant {
  readonly sign: "" | "-";
  /** Significant digits; the first is not zero unless the value is. */
  readonly digits: string;
  /** Power of ten of the first digit. */
  readonly exponent: number;
  /** Nothing was rounded away. */
  readonly whole: boolean;
}

/** The first `count` significant digits of a fraction, rounded half away from zero. */
function significant(numerator: bigint, denominator: bigint, count: number): Significant {
  if (numerator === 0n) return { sign: "", digits: "0", exponent: 0, whole: true };
  const sign = numerator < 0n ? "-" : "";
  const size = numerator < 0n ? -numerator : numerator;
  let exponent = String(size).length - String(denominator).length;
  if (scaled(size, denominator, -exponent).quotient === 0n) exponent -= 1;
  const { quotient, rest, divisor } = scaled(size, denominator, count - 1 - exponent);
  const rounded = quotient + (rest * 2n >= divisor ? 1n : 0n);
  const digits = String(rounded);
  if (digits.length > count) exponent += 1;
  return { sign, digits: digits.replace(/(?<=.)0+$/, ""), exponent, whole: rest === 0n };
}

/** `size × 10^power / denominator` as quotient and remainder. */
function scaled(
  size: bigint,
  denominator: bigint,
  power: number,
): { readonly quotient: bigint; readonly rest: bigint; readonly divisor: bigint } {
  const top = power > 0 ? size * 10n ** BigInt(power) : size;
  const divisor = power < 0 ? denominator * 10n ** BigInt(-power) : denominator;
  return { quotient: top / divisor, rest: top % divisor, divisor };
}

function written(sign: string, digits: string, exponent: number): string {
  if (exponent < -5 || exponent > 14) {
    const tail = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits.charAt(0)}${tail}e${exponent}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  const part = digits.slice(exponent + 1);
  return `${sign}${whole}${part === "" ? "" : `.${part}`}`;
}
