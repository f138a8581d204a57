// Keeps the last lines of a log that have text, for a person; of a redrawn line, its last redraw.
// A text is decoded only when the bytes it is in are about to be reused, as most never are shown.
import { QUOTED_CHARS } from "../../base/limits.ts";

/** Lines kept: the end of a console log on a screen. */
const LAST_LINES = 20;
/** Bytes decoded of one line: UTF-8 has at most four to a character. */
const DECODED_BYTES = 4 * QUOTED_CHARS;

export interface LastLines {
  /** Takes the next text; blank ones are passed over. */
  add(line: number, bytes: Uint8Array, from: number, to: number): void;
  /** Decodes the texts added since the last call, all of which must be in `bytes`. */
  settle(bytes: Uint8Array): void;
  /** The texts, oldest first, each at most QUOTED_CHARS long. */
  lines(): readonly string[];
}

/** Keeps none yet. */
export function createLastLines(): LastLines {
  const numbers = new Float64Array(LAST_LINES);
  const starts = new Int32Array(LAST_LINES);
  const ends = new Int32Array(LAST_LINES);
  const texts: (string | undefined)[] = Array.from({ length: LAST_LINES }, () => undefined);
  /** Lines kept so far, and the slot of the newest: the slots are a ring. */
  let count = 0;
  let newest = LAST_LINES - 1;
  return {
    add(line, bytes, from, to) {
      let at = from;
      while (at < to && (bytes[at] ?? 0) <= 32) at += 1;
      if (at === to) return;
      if (count === 0 || numbers[newest] !== line) {
        newest = newest + 1 === LAST_LINES ? 0 : newest + 1;
        if (count < LAST_LINES) count += 1;
      }
      numbers[newest] = line;
      starts[newest] = from;
      ends[newest] = to;
      texts[newest] = undefined;
    },
    settle(bytes) {
      for (let slot = 0; slot < count; slot += 1) {
        if (texts[slot] !== undefined) continue;
        const [from, to] = [starts[slot] ?? 0, ends[slot] ?? 0];
        const end = Math.min(to, from + DECODED_BYTES);
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString(
          "utf8",
        );
        texts[slot] = text.slice(0, QUOTED_CHARS).trimEnd();
      }
    },
    lines() {
      const oldest = count < LAST_LINES ? 0 : newest + 1;
      return Array.from({ length: count }, (_, i) => texts[(oldest + i) % LAST_LINES] ?? "");
    },
  };
}
