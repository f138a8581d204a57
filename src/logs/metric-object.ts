// Parses the object of a metric line and keeps each number as it was written: JSON.parse would lose
// the tokens and throw on Python's NaN. What a key means is decided in metric-words.ts.
import { notFinite } from "../base/not-finite.ts";

/** Levels of nesting: a deeper object is not of metrics. */
export const METRIC_DEPTH = 32;
/** Longest name of a metric: with a longer one a program printed its data. */
export const METRIC_KEY_CHARS = 200;

/** A number as logged. Keys of nested objects are joined with `/`. */
export interface NumberEntry {
  readonly key: string;
  readonly token: string;
  readonly value: number;
  /** Position of the token in the text. */
  readonly at: number;
}

export interface MetricObject {
  readonly numbers: readonly NumberEntry[];
  /** String values, also those of objects inside, in order, with where they begin and end. */
  readonly strings: readonly StringEntry[];
  /** Where each key begins and ends, also those of nested objects. */
  readonly keys: readonly { readonly at: number; readonly end: number }[];
  /** Where the object ends in the text. */
  readonly end: number;
}

export interface StringEntry {
  readonly key: string;
  readonly value: string;
  readonly at: number;
  readonly end: number;
}

interface Cursor {
  readonly text: string;
  at: number;
  readonly numbers: NumberEntry[];
  readonly strings: StringEntry[];
  readonly keys: { at: number; end: number }[];
  readonly decode: (raw: string) => string;
}

/**
 * Parses the object that starts at `text[from]`, a `{`. Takes JSON and what Python prints besides:
 * NaN, Infinity, nan, inf, single quotes, True, None, a trailing comma. Arrays, booleans and null
 * are skipped. Undefined when there is no object or no end of it; what follows it is ignored. Never
 * throws; linear in the text's length. Where `text` has one character a byte, `decode` makes the
 * true text of what is in quotes.
 */
export function readMetricObject(
  text: string,
  from: number,
  decode: (raw: string) => string = (raw) => raw,
): MetricObject | undefined {
  const cursor: Cursor = { text, at: from, numbers: [], strings: [], keys: [], decode };
  if (!readObject(cursor, "", 0)) return undefined;
  const { numbers, strings, keys, at } = cursor;
  return { numbers, strings, keys, end: at };
}

function readObject(cursor: Cursor, prefix: string, depth: number): boolean {
  if (depth > METRIC_DEPTH || cursor.text[cursor.at] !== "{") return false;
  cursor.at += 1;
  for (;;) {
    skipSpace(cursor);
    if (take(cursor, "}")) return true;
    const from = cursor.at;
    const key = readString(cursor);
    if (key === undefined || prefix.length + key.length > METRIC_KEY_CHARS) return false;
    cursor.keys.push({ at: from, end: cursor.at });
    skipSpace(cursor);
    if (!take(cursor, ":")) return false;
    skipSpace(cursor);
    if (!readValue(cursor, prefix + key, depth)) return false;
    skipSpace(cursor);
    if (take(cursor, ",")) continue;
    return take(cursor, "}");
  }
}

function readValue(cursor: Cursor, key: string, depth: number): boolean {
  const char = cursor.text[cursor.at];
  if (char === "{") return readObject(cursor, `${key}/`, depth + 1);
  if (char === "[" || char === "(") return skipArray(cursor);
  if (char === '"' || char === "'") {
    const from = cursor.at;
    const value = readString(cursor);
    if (value !== undefined) {
      cursor.strings.push({ key, value, at: from, end: cursor.at });
    }
    return value !== undefined;
  }
  let at = cursor.at;
  let token = readWord(cursor);
  const wrapped = WRAPPERS.test(token) && cursor.text[cursor.at] === "(";
  if (wrapped) {
    cursor.at += 1;
    at = cursor.at;
    token = readWord(cursor);
    // An array has no single value.
    if (numberOf(token) === undefined) return closeWrapper(cursor);
    if (!closeWrapper(cursor)) return false;
  }
  const value = numberOf(token);
  if (value !== undefined) {
    cursor.numbers.push({ key, token, value, at });
    return true;
  }
  return SKIPPED.has(token);
}

/** How NumPy, PyTorch and JAX print a scalar: `np.float64(0.5)`, `tensor(0.5, device='cuda:0')`. */
const WRAPPERS =
  /^(?:(?:np|numpy|jnp)\.)?(?:float\d*|bfloat16|u?int\d*|bool_?|[Tt]ensor|Array|array)$/;

/** Moves behind the bracket that closes a scalar, past what stands beside its number. */
function closeWrapper(cursor: Cursor): boolean {
  cursor.at = cursor.text.lastIndexOf("(", cursor.at);
  return skipArray(cursor);
}

const SKIPPED: ReadonlySet<string> = new Set(["true", "false", "null", "True", "False", "None"]);

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The value of a number's token; undefined for any other token. A number too large for a double was
 * finite in the log, so it becomes the largest double and not infinity.
 */
function numberOf(token: string): number | undefined {
  const special = notFinite(token);
  if (special !== undefined) return special;
  if (!NUMBER.test(token)) return undefined;
  const value = Number(token);
  if (Number.isFinite(value)) return value;
  return value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE;
}

/** A run of the characters that numbers and literals are made of. */
function readWord(cursor: Cursor): string {
  const from = cursor.at;
  while (cursor.at < cursor.text.length && isWord(cursor.text.charCodeAt(cursor.at))) {
    cursor.at += 1;
  }
  return cursor.text.slice(from, cursor.at);
}

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  (code >= 65 && code <= 90) ||
  (code >= 97 && code <= 122) ||
  code === 43 ||
  code === 45 ||
  code === 46;

/** Skips an array, whatever is in it; brackets in strings do not count. */
function skipArray(cursor: Cursor): boolean {
  let open = 0;
  while (cursor.at < cursor.text.length) {
    const char = cursor.text[cursor.at];
    if (char === '"' || char === "'") {
      if (readString(cursor) === undefined) return false;
      continue;
    }
    cursor.at += 1;
    if (char === "[" || char === "(" || char === "{") open += 1;
    else if (char === "]" || char === ")" || char === "}") open -= 1;
    if (open === 0) return true;
  }
  return false;
}

function readString(cursor: Cursor): string | undefined {
  const quote = cursor.text[cursor.at];
  if (quote !== '"' && quote !== "'") return undefined;
  const from = cursor.at + 1;
  let escaped = false;
  for (let i = from; i < cursor.text.length; i += 1) {
    const char = cursor.text[i];
    if (char === "\\") {
      escaped = true;
      i += 1;
    } else if (char === quote) {
      cursor.at = i + 1;
      const raw = cursor.decode(cursor.text.slice(from, i));
      return escaped ? unescape(raw) : raw;
    }
  }
  cursor.at = cursor.text.length;
  return undefined;
}

const SIMPLE: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", b: "\b", f: "\f" };

function unescape(raw: string): string {
  return raw.replace(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_all, hex?: string, char?: string) =>
    hex === undefined
      ? (SIMPLE[char ?? ""] ?? char ?? "")
      : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function skipSpace(cursor: Cursor): void {
  while (cursor.at < cursor.text.length) {
    const code = cursor.text.charCodeAt(cursor.at);
    if (code !== 32 && code !== 9 && code !== 10 && code !== 13) return;
    cursor.at += 1;
  }
}

function take(cursor: Cursor, char: string): boolean {
  if (cursor.text[cursor.at] !== char) return false;
  cursor.at += 1;
  return true;
}
