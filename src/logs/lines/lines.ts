// Cuts a growing file's bytes into lines, whatever the chunks, with bounded memory.
// It knows nothing of what a line says; lines.ts only counts and hands on bytes.

/** A longer log line is cut here: it is no metric line. */
export const LINE_BYTES = 1 << 20;

/** Of a log line that was cut, this much is looked at: enough to tell what kind of line it was. */
export const LONG_LINE_HEAD_BYTES = 4_096;

/**
 * Takes one line, or one redraw of a progress bar within a line: `bytes[from..to)` without its
 * end. `line` counts from 1, and only LF ends one, so that numbers agree with editors and grep;
 * `offset` is that of the first byte in the file. `cut`: the line was longer than LINE_BYTES and
 * this is only its head. The bytes are the caller's again once this returns, but for those of the chunk being fed.
 */
export type OnLine = (
  bytes: Uint8Array,
  from: number,
  to: number,
  line: number,
  offset: number,
  cut: boolean,
) => void;

export interface LineSplitter {
  feed(bytes: Uint8Array): void;
  /** Hands on what stands after the last line end, as a line. */
  finish(): void;
  /** Lines handed on so far. */
  lines(): number;
  bytes(): number;
}

const LF = 10;
const CR = 13;
const NONE = new Uint8Array(0);
const BOM = [0xef, 0xbb, 0xbf];
/** A buffer that one long line made is given back. */
const KEPT_BUFFER_BYTES = 1 << 16;

/**
 * A splitter that calls `onLine` for each line in order. LF, CRLF and CR end a text; a lone CR
 * is how progress bars redraw, so it ends a text but not a line. Empty texts are handed on only
 * at the end of a line.
 */
export function createLineSplitter(onLine: OnLine): LineSplitter {
  const held = createHeldBytes();
  let line = 1;
  let position = 0;
  let start = 0;
  let crPending = false;

  const emit = (chunk: Uint8Array, from: number, to: number, next: number): void => {
    const offset = start;
    start = next;
    if (held.size() === 0 && to - from <= LINE_BYTES) {
      onLine(chunk, from + (offset === 0 ? bomOf(chunk, from, to) : 0), to, line, offset, false);
      return;
    }
    held.add(chunk.subarray(from, to));
    const cut = held.size() > LINE_BYTES;
    const all = held.bytes();
    const bytes = cut ? all.subarray(0, LONG_LINE_HEAD_BYTES) : all;
    onLine(
      bytes,
      offset === 0 ? bomOf(bytes, 0, bytes.length) : 0,
      bytes.length,
      line,
      offset,
      cut,
    );
    held.clear();
  };
  const endLine = (chunk: Uint8Array, from: number, to: number, next: number): void => {
    emit(chunk, from, to, next);
    line += 1;
  };
  const redraw = (chunk: Uint8Array, from: number, to: number, next: number): void => {
    if (to > from || held.size() > 0) emit(chunk, from, to, next);
    else start = next;
  };

  return {
    feed(bytes) {
      if (bytes.length === 0) return;
      let from = 0;
      if (crPending) {
        crPending = false;
        if (bytes[0] === LF) {
          endLine(NONE, 0, 0, position + 1);
          from = 1;
        } else redraw(NONE, 0, 0, position);
      }
      // Node finds a byte in a Buffer many times faster than in a plain array.
      const sought = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let cr = sought.indexOf(CR, from);
      let lf = sought.indexOf(LF, from);
      while (lf >= 0 || cr >= 0) {
        if (cr < 0 || (lf >= 0 && lf < cr)) {
          endLine(bytes, from, lf, position + lf + 1);
          from = lf + 1;
          lf = sought.indexOf(LF, from);
          continue;
        }
        const end = cr;
        if (end + 1 === bytes.length) {
          held.add(bytes.subarray(from, end));
          crPending = true;
          from = end + 1;
        } else if (bytes[end + 1] === LF) {
          endLine(bytes, from, end, position + end + 2);
          from = end + 2;
          lf = sought.indexOf(LF, from);
        } else {
          redraw(bytes, from, end, position + end + 1);
          from = end + 1;
        }
        cr = sought.indexOf(CR, from);
      }
      if (from < bytes.length) held.add(bytes.subarray(from));
      position += bytes.length;
    },
    finish() {
      crPending = false;
      if (held.size() > 0) endLine(NONE, 0, 0, position);
    },
    lines: () => line - 1,
    bytes: () => position,
  };
}

/** Length of the byte order mark that a file may begin with. */
function bomOf(bytes: Uint8Array, from: number, to: number): number {
  return to - from >= 3 && BOM.every((byte, i) => bytes[from + i] === byte) ? 3 : 0;
}

interface HeldBytes {
  add(bytes: Uint8Array): void;
  /** Bytes added since `clear`, kept or not. */
  size(): number;
  /** The first of them, as many as fit. */
  bytes(): Uint8Array;
  clear(): void;
}

/** What a line has so far; past LINE_BYTES it only counts. */
function createHeldBytes(): HeldBytes {
  let buffer: Uint8Array = NONE;
  let size = 0;
  return {
    add(bytes) {
      const room = Math.max(0, LINE_BYTES - size);
      const kept = bytes.length > room ? bytes.subarray(0, room) : bytes;
      if (kept.length > 0) {
        if (size + kept.length > buffer.length) {
          const grown = new Uint8Array(Math.max(256, 2 * (size + kept.length)));
          grown.set(buffer.subarray(0, size));
          buffer = grown;
        }
        buffer.set(kept, size);
      }
      size += bytes.length;
    },
    size: () => size,
    bytes: () => buffer.subarray(0, Math.min(size, LINE_BYTES)),
    clear() {
      size = 0;
      if (buffer.length > KEPT_BUFFER_BYTES) buffer = NONE;
    },
  };
}
