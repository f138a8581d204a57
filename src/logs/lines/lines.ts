// Cuts a growing file's bytes into lines, however they are chunked, in bounded memory.
// What a line says is left to its caller: text-reading.ts for logs, formats/delimited.ts for CSV.

/** A longer line is cut here: no metric line is this long. */
export const LINE_BYTES = 1 << 20;

/** Only this much of a cut line is handed on: enough to tell what kind of line it was. */
export const LONG_LINE_HEAD_BYTES = 4_096;

/**
 * Takes one line, or one redraw of a progress bar within a line: `bytes[from..to)`, without its
 * line end. `line` counts from 1, and only LF ends a line, so that numbers agree with editors and
 * grep. `offset` is the position in the file of the line's first byte. `cut`: the line was longer
 * than LINE_BYTES and this is only its head. `bytes` is reused after the call, unless it is the
 * chunk being fed.
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
  /** Takes the file's next bytes; calls back for each line that they complete. */
  feed(bytes: Uint8Array): void;
  /** Hands on the bytes after the last line end as a line. */
  finish(): void;
  /** Lines ended so far. */
  lines(): number;
  /** Bytes fed so far. */
  bytes(): number;
}

const LF = 10;
const CR = 13;
const NONE = new Uint8Array(0);
const BOM = [0xef, 0xbb, 0xbf];
/** A buffer that grew beyond this for one long line is released after it. */
const KEPT_BUFFER_BYTES = 1 << 16;

/**
 * A splitter that calls `onLine` for each line in order. LF, CRLF and CR end a text. Progress bars
 * redraw with a lone CR, so that ends a text but not a line. An empty text is handed on only at
 * the end of a line.
 */
export function createLineSplitter(onLine: OnLine): LineSplitter {
  return new Splitter(onLine);
}

// Fields are `private`, not `#`: V8 reads those more slowly until the code is optimised.
class Splitter implements LineSplitter {
  private readonly onLine: OnLine;
  private readonly held = createHeldBytes();
  /** Number of the line being read. */
  private line = 1;
  /** Bytes fed before the current chunk. */
  private position = 0;
  /** Offset of the text being read. */
  private start = 0;
  /** The last chunk ended in a CR: whether an LF follows it is not known yet. */
  private crPending = false;

  constructor(onLine: OnLine) {
    this.onLine = onLine;
  }

  feed(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    let from = this.resolvePendingCr(bytes);
    // Node finds a byte in a Buffer many times faster than in a plain array.
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let cr = buffer.indexOf(CR, from);
    let lf = buffer.indexOf(LF, from);
    while (lf >= 0 || cr >= 0) {
      if (cr < 0 || (lf >= 0 && lf < cr)) {
        this.endLine(bytes, from, lf, this.position + lf + 1);
        from = lf + 1;
        lf = buffer.indexOf(LF, from);
        continue;
      }
      from = this.endAtCr(bytes, from, cr);
      if (lf >= 0 && lf < from) lf = buffer.indexOf(LF, from);
      cr = buffer.indexOf(CR, from);
    }
    if (from < bytes.length) this.held.add(bytes.subarray(from));
    this.position += bytes.length;
  }

  finish(): void {
    this.crPending = false;
    if (this.held.size() > 0) this.endLine(NONE, 0, 0, this.position);
  }

  lines(): number {
    return this.line - 1;
  }

  bytes(): number {
    return this.position;
  }

  /** Ends the text before a CR that ended the last chunk; gives where the next text begins. */
  private resolvePendingCr(bytes: Uint8Array): number {
    if (!this.crPending) return 0;
    this.crPending = false;
    if (bytes[0] === LF) {
      this.endLine(NONE, 0, 0, this.position + 1);
      return 1;
    }
    this.endRedraw(NONE, 0, 0, this.position);
    return 0;
  }

  /** Ends the text at the CR in `bytes[cr]`, by the byte after it; gives where the next begins. */
  private endAtCr(bytes: Uint8Array, from: number, cr: number): number {
    if (cr + 1 === bytes.length) {
      this.held.add(bytes.subarray(from, cr));
      this.crPending = true;
      return cr + 1;
    }
    if (bytes[cr + 1] === LF) {
      this.endLine(bytes, from, cr, this.position + cr + 2);
      return cr + 2;
    }
    this.endRedraw(bytes, from, cr, this.position + cr + 1);
    return cr + 1;
  }

  private endLine(chunk: Uint8Array, from: number, to: number, next: number): void {
    this.emit(chunk, from, to, next);
    this.line += 1;
  }

  private endRedraw(chunk: Uint8Array, from: number, to: number, next: number): void {
    if (to > from || this.held.size() > 0) this.emit(chunk, from, to, next);
    else this.start = next;
  }

  /** Hands on the held bytes followed by `chunk[from..to)`; `next` is the next text's offset. */
  private emit(chunk: Uint8Array, from: number, to: number, next: number): void {
    const held = this.held;
    const offset = this.start;
    this.start = next;
    if (held.size() === 0 && to - from <= LINE_BYTES) {
      const begin = from + (offset === 0 ? bomOf(chunk, from, to) : 0);
      this.onLine(chunk, begin, to, this.line, offset, false);
      return;
    }
    held.add(chunk.subarray(from, to));
    const cut = held.size() > LINE_BYTES;
    const all = held.bytes();
    const bytes = cut ? all.subarray(0, LONG_LINE_HEAD_BYTES) : all;
    const begin = offset === 0 ? bomOf(bytes, 0, bytes.length) : 0;
    this.onLine(bytes, begin, bytes.length, this.line, offset, cut);
    held.clear();
  }
}

/** Length of the byte order mark that a file may begin with; 0 without one. */
function bomOf(bytes: Uint8Array, from: number, to: number): number {
  return to - from >= 3 && BOM.every((byte, i) => bytes[from + i] === byte) ? 3 : 0;
}

interface HeldBytes {
  add(bytes: Uint8Array): void;
  /** Bytes added since `clear`, kept or not. */
  size(): number;
  /** The first LINE_BYTES of them. */
  bytes(): Uint8Array;
  clear(): void;
}

/** The beginning of an unfinished line; past LINE_BYTES it only counts. */
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
