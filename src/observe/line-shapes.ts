// Remembers how lines of one shape were read, so that the next line of that shape is read from
// its bytes at once. Reading a shape for the first time is left to metric-line.ts.
//
// Two lines have one shape when their tokens differ in numbers and in the width of spaces alone;
// formats let numbers decide nothing (`fixed` stretches apart, which are compared byte by byte),
// so what was understood of one holds for all. It is the idea of log templates (P. He and others:
// Drain, ICWS 2017), used as a memory of a parser instead of one.
import { SHAPES_BYTES, SHAPE_BYTES } from "../limits.ts";
import { type LineTokens, NUMBER, SPACE, maySign } from "./line-tokens.ts";
import type { Spot } from "./metric-line.ts";
import { type NumberSpot, scanNumber } from "./scan-number.ts";

/** Runs of bytes, with their length before them; any spaces; numbers, which may go to a slot. */
const ANY_SPACE = 256;
const ANY_NUMBER = 512;
const SIGNED = 1024;
const GROUPED = 2048;
const COMMA = 44;
/** A slot's number plus one stands above these bits. */
const SLOT_BITS = 12;
const NO_SLOT = 0;

export interface Shape<T> {
  readonly code: Int32Array;
  readonly meaning: T;
  /** How many lines had it. */
  count: number;
  /** The shape that came after it last time: logs repeat themselves. */
  next: Shape<T> | undefined;
}

/** Numbers of the line that was matched last, by slot. */
export interface Slots {
  readonly values: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface LineShapes<T> {
  readonly slots: Slots;
  /** The shape of `bytes[from..to)`, its slots filled; undefined for a shape not seen yet. */
  match(bytes: Uint8Array, from: number, to: number): Shape<T> | undefined;
  /**
   * Remembers a line's shape. `spots` get the slots 0, 1, …; undefined when one of them is no
   * number of the tokens, the line is too long to remember, or it is the first of its shape and
   * has no spots.
   */
  learn(
    bytes: Uint8Array,
    tokens: LineTokens,
    spots: readonly Spot[],
    fixed: readonly Spot[],
    meaning: T,
  ): Shape<T> | undefined;
}

/** Values of one line; `MOST_ENTRIES` of a line's meaning is less. */
const MOST_SLOTS = 2_048;
const BUCKET = 24;
/** A power of two; what two lines share of it is only learned one line later. */
const ONCE = 1 << 14;

export function createLineShapes<T>(): LineShapes<T> {
  const slots: Slots = {
    values: new Float64Array(MOST_SLOTS),
    starts: new Int32Array(MOST_SLOTS),
    ends: new Int32Array(MOST_SLOTS),
  };
  const spot: NumberSpot = { end: 0, value: 0, grouped: false };
  const buckets = new Map<number, Shape<T>[]>();
  /** Of lines seen once that nothing was read of: only what comes again is worth remembering. */
  const once = new Int32Array(ONCE);
  let size = 0;
  let last: Shape<T> | undefined;

  const fits = (code: Int32Array, bytes: Uint8Array, from: number, to: number): boolean => {
    let at = from;
    for (let i = 0; i < code.length; i += 1) {
      const want = code[i] ?? 0;
      if (want < 0) {
        // A run of bytes: its length stands here as a negative number, the bytes behind it.
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
        if (at >= to || !scanNumber(bytes, at, to, (want & SIGNED) !== 0, spot)) return false;
        if (spot.grouped !== ((want & GROUPED) !== 0)) return false;
        const slot = want >> SLOT_BITS;
        if (slot !== NO_SLOT) {
          slots.values[slot - 1] = spot.value;
          slots.starts[slot - 1] = at;
          slots.ends[slot - 1] = spot.end;
        }
        at = spot.end;
      }
    }
    return at === to;
  };
  const came = (shape: Shape<T>): Shape<T> => {
    shape.count += 1;
    if (last !== undefined) last.next = shape;
    last = shape;
    return shape;
  };

  return {
    slots,
    match(bytes, from, to) {
      const guess = last?.next;
      if (guess !== undefined && fits(guess.code, bytes, from, to)) return came(guess);
      const bucket = buckets.get(beginning(bytes, from, to));
      if (bucket === undefined) return undefined;
      for (let i = 0; i < bucket.length; i += 1) {
        const shape = bucket[i];
        if (shape === undefined || shape === guess || !fits(shape.code, bytes, from, to)) continue;
        if (i > 0) {
          bucket.splice(i, 1);
          bucket.unshift(shape);
        }
        return came(shape);
      }
      return undefined;
    },
    learn(bytes, tokens, spots, fixed, meaning) {
      if (spots.length === 0) {
        const hash = looks(bytes, tokens);
        const at = hash & (ONCE - 1);
        if (once[at] !== hash) {
          once[at] = hash;
          return undefined;
        }
      }
      const code = codeOf(bytes, tokens, spots, fixed);
      if (code === undefined) return undefined;
      if (size + code.length > SHAPES_BYTES / 4) {
        buckets.clear();
        size = 0;
        last = undefined;
      }
      size += code.length;
      const key = beginning(bytes, 0, bytes.length);
      const bucket = buckets.get(key);
      const shape: Shape<T> = { code, meaning, count: 0, next: undefined };
      if (bucket === undefined) buckets.set(key, [shape]);
      else {
        bucket.unshift(shape);
        if (bucket.length > BUCKET) size -= bucket.pop()?.code.length ?? 0;
      }
      return shape;
    },
  };
}

/** Equal for lines of one shape: every byte outside of numbers, space runs as one. */
function looks(bytes: Uint8Array, { kinds, starts, ends, count }: LineTokens): number {
  let hash = 17;
  for (let i = 0; i < count; i += 1) {
    const kind = kinds[i] ?? 0;
    hash = (Math.imul(hash, 31) + kind) | 0;
    if (kind === SPACE || kind === NUMBER) continue;
    const end = ends[i] ?? 0;
    for (let at = starts[i] ?? 0; at < end; at += 1) {
      hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    }
  }
  return hash;
}

/** Equal for lines of one shape: the bytes before the first digit, space runs as one. */
function beginning(bytes: Uint8Array, from: number, to: number): number {
  let hash = 7;
  const end = Math.min(to, from + 12);
  for (let i = from; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    // Digits, signs and points may belong to a number, spaces may be more or fewer.
    if (byte <= 57) return hash;
    hash = (Math.imul(hash, 31) + byte) | 0;
  }
  return hash;
}

function codeOf(
  bytes: Uint8Array,
  tokens: LineTokens,
  spots: readonly Spot[],
  fixed: readonly Spot[],
): Int32Array | undefined {
  if (tokens.cut || bytes.length > SHAPE_BYTES || spots.length > MOST_SLOTS) return undefined;
  const slotAt = new Map(spots.map(({ at, end }, i) => [at, { end, slot: i + 1 }]));
  const code: number[] = [];
  let found = 0;
  /** Where the length of the run of bytes stands that goes on; -1 without one. */
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
