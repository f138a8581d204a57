// Cuts a growing file's bytes into lines, whatever the chunks, with bounded memory.
// It knows nothing of what a line says; lines.ts only counts, decodes and hands on.
import { LINE_BYTES, LONG_LINE_HEAD_BYTES } from "../limits.ts";

/** One line, or one redraw of a progress bar within a line. */
export interface LogLine {
  readonly text: string;
  /** 1-based; only LF ends a line, so that numbers agree with editors and grep. */
  readonly line: number;
  /** Byte offset in the file of the text's first byte. */
  readonly offset: number;
  /** The line was longer than LINE_BYTES: `text` is only its beginning. */
  readonly cut: boolean;
}

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
/** A buffer that one long line made is given back. */
const KEPT_BUFFER_BYTES = 1 << 16;

/**
 * A splitter that calls `onLine` for each line in order. LF, CRLF and CR end a text; a lone CR
 * is how progress bars redraw, so it ends a text but not a line. Empty texts are handed on only
 * at the end of a line. Invalid UTF-8 becomes U+FFFD; offsets stay those of the file.
 */
export function createLineSplitter(onLine: (line: LogLine) => void): LineSplitter {
  const held = createHeldBytes();
  let line = 1;
  let position = 0;
  let start = 0;
  let crPending = false;

  const emit = (last: Uint8Array, nextStart: number): void => {
    let bytes = last;
    let cut = false;
    if (held.size() > 0 || last.length > LINE_BYTES) {
      held.add(last);
      cut = held.size() > LINE_BYTES;
      bytes = cut ? held.bytes().subarray(0, LONG_LINE_HEAD_BYTES) : held.bytes();
    }
    const found = { text: decode(bytes, start === 0), line, offset: start, cut };
    held.clear();
    start = nextStart;
    onLine(found);
  };
  const endLine = (last: Uint8Array, nextStart: number): void => {
    emit(last, nextStart);
    line += 1;
  };
  const redraw = (last: Uint8Array, nextStart: number): void => {
    if (last.length > 0 || held.size() > 0) emit(last, nextStart);
    else start = nextStart;
  };

  return {
    feed(bytes) {
      if (bytes.length === 0) return;
      let from = 0;
      if (crPending) {
        crPending = false;
        if (bytes[0] === LF) {
          endLine(NONE, position + 1);
          from = 1;
        } else redraw(NONE, position);
      }
      for (let i = from; i < bytes.length; i += 1) {
        const byte = bytes[i];
        if (byte === LF) {
          endLine(bytes.subarray(from, i), position + i + 1);
          from = i + 1;
        } else if (byte === CR) {
          const text = bytes.subarray(from, i);
          if (i + 1 === bytes.length) {
            held.add(text);
            crPending = true;
          } else if (bytes[i + 1] === LF) {
            i += 1;
            endLine(text, position + i + 1);
          } else redraw(text, position + i + 1);
          from = i + 1;
        }
      }
      held.add(bytes.subarray(from));
      position += bytes.length;
    },
    finish() {
      crPending = false;
      if (held.size() > 0) endLine(NONE, position);
    },
    lines: () => line - 1,
    bytes: () => position,
  };
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

function decode(bytes: Uint8Array, first: boolean): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return first && text.startsWith("\uFEFF") ? text.slice(1) : text;
}
