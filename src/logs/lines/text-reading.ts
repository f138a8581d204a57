// Reads one text log as its bytes arrive: cuts them into lines, strips colours, holds progress bars
// back until their last redraw. What a line holds is left to line-reader.ts.
import type { LineFacts } from "../../domain/sample.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type BarRedraws, createBarRedraws } from "./bar-redraws.ts";
import { type LastLines, createLastLines } from "./last-lines.ts";
import {
  endFailure,
  type FileDeathMarker,
  type FileTraceback,
  type LineReader,
  type TextOptions,
  createLineReader,
  readCutLine,
  readLine,
} from "./line-reader.ts";
import { createLineSplitter } from "./lines.ts";
import { copyPlain, hasEscape, mayEscape } from "./plain-text.ts";
import type { FileUnread } from "./unread-lines.ts";

export interface TextReading {
  /** Takes the file's next bytes, which are the caller's again once this returns. */
  feed(bytes: Uint8Array): void;
  /** The log is over: what is after the last line end counts as a line. */
  finish(): void;
  /** The first and the last TOLD_LINES_EACH_END of them, as of `deathMarkers`. */
  tracebacks(): readonly FileTraceback[];
  deathMarkers(): readonly FileDeathMarker[];
  /** The last lines with text, for a person. */
  lastLines(): readonly string[];
  unread(): FileUnread;
  facts(): LineFacts;
  /** Lines and bytes read so far. */
  lines(): number;
  bytes(): number;
}

/** A reader of `file`, the file's name in what it gives. Metrics go to `sink`. */
export function createTextReading(
  file: string,
  sink: MetricSink,
  options: TextOptions,
): TextReading {
  const reader = createLineReader(file, sink, options);
  const lastLines = createLastLines();
  const state: ChunkState = {
    reader,
    sink,
    lastLines,
    bars: createBarRedraws((bytes, line, offset) => {
      readBar(state, bytes, line, offset);
    }),
    chunk: undefined,
    mayEscape: false,
    mayHaveBars: false,
    scratch: new Uint8Array(1 << 10),
  };
  const splitter = createLineSplitter((bytes, from, to, line, offset, cut) => {
    readText(state, bytes, from, to, line, offset, cut);
  });
  return {
    feed(given) {
      // A plain Uint8Array, as the splitter's own buffers are: all readers see one kind of array.
      const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
      state.chunk = bytes;
      state.mayEscape = mayEscape(bytes);
      state.mayHaveBars = state.bars.maybe(bytes);
      splitter.feed(bytes);
      settle(state, bytes);
      reader.templates.release();
      state.chunk = undefined;
    },
    finish() {
      splitter.finish();
      state.bars.finish();
      reader.tables.close();
      endFailure(reader);
    },
    tracebacks: () => reader.tracebacks.items(),
    deathMarkers: () => reader.deathMarkers.items(),
    lastLines: () => lastLines.lines(),
    unread: () => reader.unread.facts(),
    facts: () => reader.facts.facts(),
    lines: () => splitter.lines(),
    bytes: () => splitter.bytes(),
  };
}

/** What is known of the chunk being fed, and the objects that its texts pass through. */
interface ChunkState {
  readonly reader: LineReader;
  readonly sink: MetricSink;
  readonly lastLines: LastLines;
  readonly bars: BarRedraws;
  /** Most lines are slices of it; the others were put together in a buffer of their own. */
  chunk: Uint8Array | undefined;
  /** The chunk has an escape or a backspace somewhere: lines without one are not copied. */
  mayEscape: boolean;
  /** The chunk may have a progress bar, or one is held back: nearly no chunk has. */
  mayHaveBars: boolean;
  /** Holds a line without its escapes. */
  scratch: Uint8Array;
}

/** Takes one line or redraw of the splitter. */
function readText(
  state: ChunkState,
  given: Uint8Array,
  givenFrom: number,
  givenTo: number,
  line: number,
  offset: number,
  cut: boolean,
): void {
  const { chunk } = state;
  let [bytes, from, to] = [given, givenFrom, givenTo];
  if ((state.mayEscape || given !== chunk) && hasEscape(given, from, to)) {
    if (state.scratch.length < to - from) state.scratch = new Uint8Array(2 * (to - from));
    to = copyPlain(given, from, to, state.scratch);
    [bytes, from] = [state.scratch, 0];
  }
  // Tokens and last lines are offsets in one array: settle those in the chunk before another comes.
  const elsewhere = bytes !== chunk;
  if (elsewhere && chunk !== undefined) settle(state, chunk);
  state.lastLines.add(line, bytes, from, to);
  if (cut) readCutLine(state.reader, bytes, from, to, line, offset);
  else if (mayBeBar(state, bytes, from, to) && state.bars.take(bytes, from, to, line, offset)) {
    state.mayHaveBars = true;
  } else readLine(state.reader, bytes, from, to, line, offset);
  if (elsewhere) settle(state, bytes);
}

/** Whether a text may be a bar: known of the whole chunk, looked up for a text from elsewhere. */
function mayBeBar(state: ChunkState, bytes: Uint8Array, from: number, to: number): boolean {
  if (state.mayHaveBars) return true;
  return bytes !== state.chunk && state.bars.maybe(bytes.subarray(from, to));
}

/** Reads the last redraw of a bar, which `bars` held back in `bytes` of its own. */
function readBar(state: ChunkState, bytes: Uint8Array, line: number, offset: number): void {
  if (state.chunk !== undefined) state.sink.settle(state.chunk);
  readLine(state.reader, bytes, 0, bytes.length, line, offset);
  state.sink.settle(bytes);
}

/** Takes what was found so far out of `bytes`, which are about to be reused. */
function settle(state: ChunkState, bytes: Uint8Array): void {
  state.sink.settle(bytes);
  state.lastLines.settle(bytes);
}
