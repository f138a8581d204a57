// The last lines of a log that say something, for a person; of a line that was redrawn, its last
// form. Texts are only made when the bytes they stand in are about to go.
import { QUOTED_CHARS } from "../../base/limits.ts";

/** Last console lines kept for a person. */
const LAST_LINES = 20;

export interface LastLines {
  add(line: number, bytes: Uint8Array, from: number, to: number): void;
  settle(bytes: Uint8Array): void;
  lines(): readonly string[];
}

const BYTES = 4 * QUOTED_CHARS;

export function createLastLines(): LastLines {
  const numbers = new Float64Array(LAST_LINES);
  const starts = new Int32Array(LAST_LINES);
  const ends = new Int32Array(LAST_LINES);
  const texts: (string | undefined)[] = Array.from({ length: LAST_LINES }, () => undefined);
  let count = 0;
  return {
    add(line, bytes, from, to) {
      let at = from;
      while (at < to && (bytes[at] ?? 0) <= 32) at += 1;
      if (at === to) return;
      const last = (count - 1) % LAST_LINES;
      const slot = count > 0 && numbers[last] === line ? last : count % LAST_LINES;
      if (slot !== last || count === 0) count += 1;
      numbers[slot] = line;
      starts[slot] = from;
      ends[slot] = to;
      texts[slot] = undefined;
    },
    settle(bytes) {
      for (let slot = 0; slot < Math.min(count, LAST_LINES); slot += 1) {
        if (texts[slot] !== undefined) continue;
        const [from, to] = [starts[slot] ?? 0, ends[slot] ?? 0];
        const end = Math.min(to, from + BYTES);
        const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, end - from).toString(
          "utf8",
        );
        texts[slot] = text.slice(0, QUOTED_CHARS).trimEnd();
      }
    },
    lines() {
      const first = Math.max(0, count - LAST_LINES);
      return Array.from({ length: count - first }, (_, i) => texts[(first + i) % LAST_LINES] ?? "");
    },
  };
}
