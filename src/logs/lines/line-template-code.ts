// The template of a log line as a list of numbers, and the comparison of a line with it, byte by
// byte. Which templates are kept and tried is left to line-templates.ts.
import { type LineTokens, NUMBER, SPACE, maySign } from "./line-tokens.ts";
import type { Spot } from "./metric-line.ts";
import { type NumberSpot, scanNumber } from "./scan-number.ts";

/** A longer line gets no template: it is parsed in full each time. */
const TEMPLATE_LINE_BYTES = 8_192;

// What a code holds: a negative number is the length of a run of bytes, which follow it one by one
// (in a tight code four at a time); ANY_SPACE; or a number to be scanned, as flags and a slot.
/** One or more spaces and tabs. */
const ANY_SPACE = 256;
const ANY_NUMBER = 512;
/** The number may begin with a sign. */
const SIGNED = 1024;
/** The number must have commas between its thousands; without this flag it must have none. */
const GROUPED = 2048;
/** The slot's number plus one is above these bits. */
const SLOT_BITS = 12;
const NO_SLOT = 0;

const COMMA = 44;

/** Slots of one line: more than the values a line may have (MOST_ENTRIES in classify-line.ts). */
const MOST_SLOTS = 2_048;

/** The numbers of the line matched last, by slot: values, and where each begins and ends. */
export interface Slots {
  readonly values: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** What comparing needs from line to line, allocated once. */
export interface TemplateMatcher {
  readonly slots: Slots;
  readonly number: NumberSpot;
  /** The bytes compared last and a view of them: a chunk has many lines. */
  viewed: Uint8Array | undefined;
  view: DataView | undefined;
}

/** A matcher with empty slots. */
export function createTemplateMatcher(): TemplateMatcher {
  return {
    slots: {
      values: new Float64Array(MOST_SLOTS),
      starts: new Int32Array(MOST_SLOTS),
      ends: new Int32Array(MOST_SLOTS),
    },
    number: { end: 0, value: 0, grouped: false },
    viewed: undefined,
    view: undefined,
  };
}

/** Whether `bytes[from..to)` matches a code of `codeOf`; then its numbers are in the slots. */
export function matchesCode(
  matcher: TemplateMatcher,
  code: Int32Array,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  let at = from;
  for (let i = 0; i < code.length; i += 1) {
    const want = code[i] ?? 0;
    if (want < 0) {
      const end = at - want;
      if (end > to) return false;
      for (; at < end; at += 1) {
        i += 1;
        if (bytes[at] !== code[i]) return false;
      }
    } else if (want === ANY_SPACE) {
      let byte = at < to ? bytes[at] : 0;
      if (byte !== 32 && byte !== 9) return false;
      do {
        at += 1;
        byte = bytes[at];
      } while (at < to && (byte === 32 || byte === 9));
    } else {
      at = takeNumber(matcher, want, bytes, at, to);
      if (at < 0) return false;
    }
  }
  return at === to;
}

/** The same for a code of `tightOf`. */
export function matchesTight(
  matcher: TemplateMatcher,
  tight: Int32Array,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  const view = viewOf(matcher, bytes);
  let at = from;
  for (let i = 0; i < tight.length; i += 1) {
    const want = tight[i] ?? 0;
    if (want > 0) {
      at = takeNumber(matcher, want, bytes, at, to);
      if (at < 0) return false;
      continue;
    }
    const end = at - want;
    if (end > to) return false;
    for (; at + 4 <= end; at += 4) {
      i += 1;
      if (view.getInt32(at, true) !== tight[i]) return false;
    }
    for (; at < end; at += 1) {
      i += 1;
      if (bytes[at] !== tight[i]) return false;
    }
  }
  return at === to;
}

function viewOf(matcher: TemplateMatcher, bytes: Uint8Array): DataView {
  if (matcher.viewed === bytes && matcher.view !== undefined) return matcher.view;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  matcher.viewed = bytes;
  matcher.view = view;
  return view;
}

/** Scans the number that `want` describes, into its slot; gives where it ends, -1 without one. */
function takeNumber(
  { slots, number }: TemplateMatcher,
  want: number,
  bytes: Uint8Array,
  at: number,
  to: number,
): number {
  if (at >= to || !scanNumber(bytes, at, to, (want & SIGNED) !== 0, number)) return -1;
  if (number.grouped !== ((want & GROUPED) !== 0)) return -1;
  const slot = want >> SLOT_BITS;
  if (slot !== NO_SLOT) {
    slots.values[slot - 1] = number.value;
    slots.starts[slot - 1] = at;
    slots.ends[slot - 1] = number.end;
  }
  return number.end;
}

/**
 * The code of a line, given its tokens. The numbers at `spots` get the slots 0, 1, …; those within
 * `fixed` are compared as text. Undefined where the line is too long, or a spot is not exactly one
 * number token.
 */
export function codeOf(
  bytes: Uint8Array,
  tokens: LineTokens,
  spots: readonly Spot[],
  fixed: readonly Spot[],
): Int32Array | undefined {
  if (tokens.cut || bytes.length > TEMPLATE_LINE_BYTES || spots.length > MOST_SLOTS) {
    return undefined;
  }
  const slotAt = new Map(spots.map(({ at, end }, i) => [at, { end, slot: i + 1 }]));
  const code: number[] = [];
  let found = 0;
  /** Index of the current byte run's length; -1 outside a run. */
  let run = -1;
  for (let i = 0; i < tokens.count; i += 1) {
    const [kind, start, end] = [tokens.kinds[i], tokens.starts[i] ?? 0, tokens.ends[i] ?? 0];
    if (kind === SPACE) code.push(ANY_SPACE);
    else if (kind === NUMBER && !fixed.some((one) => start < one.end && end > one.at)) {
      const slot = slotAt.get(start);
      if (slot !== undefined && slot.end !== end) return undefined;
      if (slot !== undefined) found += 1;
      const signed = maySign(bytes, start, 0) ? SIGNED : 0;
      const grouped = bytes.subarray(start, end).includes(COMMA) ? GROUPED : 0;
      code.push(ANY_NUMBER | signed | grouped | ((slot?.slot ?? NO_SLOT) << SLOT_BITS));
    } else {
      if (run < 0) {
        run = code.length;
        code.push(0);
      }
      for (let at = start; at < end; at += 1) code.push(bytes[at] ?? 0);
      code[run] = run + 1 - code.length;
      continue;
    }
    run = -1;
  }
  return found === spots.length ? Int32Array.from(code) : undefined;
}

/**
 * The code of the same line with its spaces as wide as they are: all bytes between two numbers are
 * one run, packed four to a number.
 */
export function tightOf(code: Int32Array, bytes: Uint8Array, tokens: LineTokens): Int32Array {
  const tight: number[] = [];
  let [from, token] = [0, 0];
  const pack = (to: number): void => {
    if (to > from) tight.push(from - to);
    for (; from + 4 <= to; from += 4) {
      const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(from, from + 4);
      tight.push(a | (b << 8) | (c << 16) | (d << 24));
    }
    for (; from < to; from += 1) tight.push(bytes[from] ?? 0);
  };
  let at = 0;
  for (let i = 0; i < code.length; i += 1) {
    const want = code[i] ?? 0;
    if (want < 0) {
      at -= want;
      i -= want;
      continue;
    }
    while ((tokens.starts[token] ?? 0) < at) token += 1;
    const end = tokens.ends[token] ?? 0;
    if (want !== ANY_SPACE) {
      pack(at);
      tight.push(want);
      from = end;
    }
    at = end;
  }
  pack(at);
  return Int32Array.from(tight);
}
