// Cuts one log line into tokens: words, numbers, spaces and single marks, each with its position.
// The formats parse tokens; line-template-code.ts makes a line's template of them.
import { type NumberSpot, scanNumber } from "./scan-number.ts";

/** Tokens of one line: the longest line seen had some 400. */
const LINE_TOKENS = 4_096;

export const SPACE = 0;
export const NUMBER = 1;
export const WORD = 2;
export const MARK = 3;

/** The tokens of one line, in order and without gaps; positions are those in the line's bytes. */
export interface LineTokens {
  readonly kinds: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  count: number;
  /** The line has more tokens than fit; only its beginning is here. */
  cut: boolean;
}

/** Room for one line's tokens, reused for each line. */
export function createLineTokens(): LineTokens {
  return {
    kinds: new Uint8Array(LINE_TOKENS),
    starts: new Int32Array(LINE_TOKENS),
    ends: new Int32Array(LINE_TOKENS),
    count: 0,
    cut: false,
  };
}

const spot: NumberSpot = { end: 0, value: 0, grouped: false };

/**
 * Cuts `bytes[from..to)`. A word is letters, digits after a letter, `_`, bytes beyond ASCII, and
 * `- . / @ % #` between two of these: `val/loss`, `Acc@1`, `tok/sec`, `lm-loss`. A number has no
 * letter before it, except after the words of COUNTED: `epoch3` is a word and a number.
 */
export function cutTokens(bytes: Uint8Array, from: number, to: number, into: LineTokens): void {
  let at = from;
  let count = 0;
  into.cut = false;
  while (at < to) {
    if (count === into.kinds.length) {
      into.cut = true;
      break;
    }
    const byte = bytes[at] ?? 0;
    let kind = MARK;
    let end = at + 1;
    if (byte === 32 || byte === 9) {
      kind = SPACE;
      while (end < to && (bytes[end] === 32 || bytes[end] === 9)) end += 1;
    } else if (isLetter(byte)) {
      kind = WORD;
      end = endOfWord(bytes, at, to);
    } else if (
      startsNumber(bytes, at, to) &&
      scanNumber(bytes, at, to, maySign(bytes, at, from), spot)
    ) {
      kind = NUMBER;
      end = spot.end;
    }
    into.kinds[count] = kind;
    into.starts[count] = at;
    into.ends[count] = end;
    count += 1;
    at = end;
  }
  into.count = count;
}

function startsNumber(bytes: Uint8Array, at: number, to: number): boolean {
  let next = at;
  let byte = bytes[next] ?? 0;
  if (byte === 43 || byte === 45) {
    next += 1;
    byte = next < to ? (bytes[next] ?? 0) : 0;
  }
  if (byte === 46) byte = next + 1 < to ? (bytes[next + 1] ?? 0) : 0;
  return byte >= 48 && byte <= 57;
}

/** Whether a sign at `at` may begin a number, as not in `5-3`. The line begins at `from`. */
export function maySign(bytes: Uint8Array, at: number, from: number): boolean {
  if (at === from) return true;
  const before = bytes[at - 1] ?? 0;
  const digit = before >= 48 && before <= 57;
  // Not after `)`, `-`, `.`, `]`, `+`.
  return !digit && !isLetter(before) && ![41, 45, 46, 93, 43].includes(before);
}

const isLetter = (byte: number): boolean =>
  (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte === 95 || byte >= 128;

const isDigit = (byte: number): boolean => byte >= 48 && byte <= 57;

/** `-`, `.`, `/`, `@`, `%`, `#`, which may join the parts of a name. */
const isJoint = (byte: number): boolean =>
  byte === 45 || byte === 46 || byte === 47 || byte === 64 || byte === 37 || byte === 35;

/** Counters that are written with their number as one word. */
const COUNTED = ["epoch", "step", "iter", "iteration", "batch"];

/** Where the word that begins at `start` ends. */
function endOfWord(bytes: Uint8Array, start: number, to: number): number {
  let at = start + 1;
  while (at < to) {
    const byte = bytes[at] ?? 0;
    if (isLetter(byte)) at += 1;
    else if (isDigit(byte)) {
      if (at - start <= 9 && isCounted(bytes, start, at)) return at;
      at += 1;
    } else if (isJoint(byte) && at + 1 < to) {
      const next = bytes[at + 1] ?? 0;
      if (!isLetter(next) && !(byte !== 37 && isDigit(next))) return at;
      at += 2;
    } else return at;
  }
  return at;
}

function isCounted(bytes: Uint8Array, start: number, end: number): boolean {
  return COUNTED.some((word) => {
    if (word.length !== end - start) return false;
    for (let i = 0; i < word.length; i += 1) {
      if (((bytes[start + i] ?? 0) | 32) !== word.charCodeAt(i)) return false;
    }
    return true;
  });
}
