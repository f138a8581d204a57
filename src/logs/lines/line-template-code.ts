// The shape of a log line as numbers that its like are compared with, byte by byte.
// Comparing is done in line-templates.ts.
import { type LineTokens, NUMBER, SPACE, maySign } from "./line-tokens.ts";
import type { Spot } from "./metric-line.ts";

/** A longer line's shape is not remembered: it is read with care each time. */
const SHAPE_BYTES = 8_192;

/** Runs of bytes, with their length before them; any spaces; numbers, which may go to a slot. */
export const ANY_SPACE = 256;
const ANY_NUMBER = 512;
export const SIGNED = 1024;
export const GROUPED = 2048;
const COMMA = 44;
/** A slot's number plus one stands above these bits. */
export const SLOT_BITS = 12;
export const NO_SLOT = 0;

/** Values of one line; `MOST_ENTRIES` of a line's meaning is less. */
export const MOST_SLOTS = 2_048;

/** Undefined where the line has no shape to be remembered. */
export function codeOf(
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

/** The code with the line's own spaces: runs between its numbers, packed. */
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
