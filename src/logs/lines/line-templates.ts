// Remembers how lines of one shape were read, so that the next line of that shape is read from
// its bytes at once. Reading a shape for the first time is left to metric-line.ts.
//
// Two lines have one shape when their tokens differ in numbers and in the width of spaces alone;
// formats let numbers decide nothing (`fixed` stretches apart, which are compared byte by byte),
// so what was understood of one holds for all. It is the idea of log templates (P. He and others:
// Drain, ICWS 2017), used as a memory of a parser instead of one.
import { type LineTokens, NUMBER, SPACE } from "./line-tokens.ts";
import type { Spot } from "./metric-line.ts";
import { type NumberSpot, scanNumber } from "./scan-number.ts";
import {
  ANY_SPACE,
  GROUPED,
  MOST_SLOTS,
  NO_SLOT,
  SIGNED,
  SLOT_BITS,
  codeOf,
  tightOf,
} from "./line-template-code.ts";

/** Remembered shapes of one file; when they are full, all are forgotten and learned anew. */
const SHAPES_BYTES = 256 * 1024;

export interface LineTemplate<T> {
  readonly code: Int32Array;
  /**
   * The same with spaces as wide as in the first line, which most lines have: then all between two
   * numbers is one run, four bytes of it at a time. Undefined where widths turned out to change.
   */
  tight: Int32Array | undefined;
  /** How many lines had it with other widths. */
  loose: number;
  /** Numbers of both. */
  readonly room: number;
  readonly meaning: T;
  /** How many lines had it. */
  count: number;
  /** The shape that came after it last time: logs repeat themselves. */
  next: LineTemplate<T> | undefined;
}

/** Numbers of the line that was matched last, by slot. */
export interface Slots {
  readonly values: Float64Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

export interface LineTemplates<T> {
  readonly slots: Slots;
  /** The shape of `bytes[from..to)`, its slots filled; undefined for a shape not seen yet. */
  match(bytes: Uint8Array, from: number, to: number): LineTemplate<T> | undefined;
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
  ): LineTemplate<T> | undefined;
  /** The bytes of the lines so far are not held on to. */
  release(): void;
}

const BUCKET = 24;
/** Lines of other widths than the first until these are no longer asked for; and one in so many. */
const LOOSE_LINES = 64;
const LOOSE_PART = 4;
/** A power of two; what two lines share of it is only learned one line later. */
const ONCE = 1 << 14;

export function createLineTemplates<T>(): LineTemplates<T> {
  const slots: Slots = {
    values: new Float64Array(MOST_SLOTS),
    starts: new Int32Array(MOST_SLOTS),
    ends: new Int32Array(MOST_SLOTS),
  };
  const spot: NumberSpot = { end: 0, value: 0, grouped: false };
  const buckets = new Map<number, LineTemplate<T>[]>();
  /** Of lines seen once that nothing was read of: only what comes again is worth remembering. */
  const once = new Int32Array(ONCE);
  let size = 0;
  let last: LineTemplate<T> | undefined;
  let viewed: Uint8Array | undefined;
  let view: DataView | undefined;

  /** Reads the number that `want` asks for; where it ends, -1 without one. */
  const takeNumber = (want: number, bytes: Uint8Array, at: number, to: number): number => {
    if (at >= to || !scanNumber(bytes, at, to, (want & SIGNED) !== 0, spot)) return -1;
    if (spot.grouped !== ((want & GROUPED) !== 0)) return -1;
    const slot = want >> SLOT_BITS;
    if (slot !== NO_SLOT) {
      slots.values[slot - 1] = spot.value;
      slots.starts[slot - 1] = at;
      slots.ends[slot - 1] = spot.end;
    }
    return spot.end;
  };
  const fitsTight = (tight: Int32Array, bytes: Uint8Array, from: number, to: number): boolean => {
    if (viewed !== bytes || view === undefined) {
      viewed = bytes;
      view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    let at = from;
    for (let i = 0; i < tight.length; i += 1) {
      const want = tight[i] ?? 0;
      if (want > 0) {
        at = takeNumber(want, bytes, at, to);
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
  };
  const fitsCode = (code: Int32Array, bytes: Uint8Array, from: number, to: number): boolean => {
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
        at = takeNumber(want, bytes, at, to);
        if (at < 0) return false;
      }
    }
    return at === to;
  };
  const fits = (shape: LineTemplate<T>, bytes: Uint8Array, from: number, to: number): boolean => {
    const { tight } = shape;
    if (tight !== undefined && fitsTight(tight, bytes, from, to)) return true;
    if (!fitsCode(shape.code, bytes, from, to)) return false;
    if (tight !== undefined) {
      shape.loose += 1;
      if (shape.loose > LOOSE_LINES + shape.count / LOOSE_PART) shape.tight = undefined;
    }
    return true;
  };
  const came = (shape: LineTemplate<T>): LineTemplate<T> => {
    shape.count += 1;
    if (last !== undefined) last.next = shape;
    last = shape;
    return shape;
  };

  return {
    slots,
    match(bytes, from, to) {
      const guess = last?.next;
      if (guess !== undefined && fits(guess, bytes, from, to)) return came(guess);
      const bucket = buckets.get(beginning(bytes, from, to));
      if (bucket === undefined) return undefined;
      for (let i = 0; i < bucket.length; i += 1) {
        const shape = bucket[i];
        if (shape === undefined || shape === guess || !fits(shape, bytes, from, to)) continue;
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
      const tight = tightOf(code, bytes, tokens);
      const room = code.length + tight.length;
      if (size + room > SHAPES_BYTES / 4) {
        buckets.clear();
        size = 0;
        last = undefined;
      }
      size += room;
      const key = beginning(bytes, 0, bytes.length);
      const bucket = buckets.get(key);
      const shape: LineTemplate<T> = {
        code,
        tight,
        loose: 0,
        room,
        meaning,
        count: 0,
        next: undefined,
      };
      if (bucket === undefined) buckets.set(key, [shape]);
      else {
        bucket.unshift(shape);
        if (bucket.length > BUCKET) size -= bucket.pop()?.room ?? 0;
      }
      return shape;
    },
    release() {
      viewed = undefined;
      view = undefined;
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
