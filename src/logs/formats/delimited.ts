// Files of comma or tab separated values with a header: Lightning's metrics.csv, Keras's CSVLogger,
// Ultralytics' results.csv, progress.csv of reinforcement learning. Cells may be empty or padded.
import { notFinite } from "../../base/not-finite.ts";
import { QUOTED_CHARS } from "../../base/limits.ts";
import { type FileUnread, UNREAD_SAMPLES } from "../lines/unread-lines.ts";
import { createLineSplitter, LINE_BYTES } from "../lines/lines.ts";
import { counterOf } from "../metric-words.ts";
import type { RecordReading } from "../record-reading.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";
import type { SeriesStore } from "../series/series-store.ts";

/** Whether a file of this name is read as delimited values. */
export const isDelimited = (name: string): boolean => /\.(?:csv|tsv)$/i.test(name);

interface Column {
  readonly key: string;
  /** Set where the column counts steps or epochs. */
  readonly counter: ReturnType<typeof counterOf>;
  /** A label of the row, such as `seed` or a date, and no metric. */
  readonly isLabel: boolean;
  /** Looked up with the first value. */
  store: SeriesStore | undefined;
}

const COMMA = 44;
const TAB = 9;
const SEMICOLON = 59;
const QUOTE = 34;
const SPACE = 32;
const HASH = 35;
const BRACE = 123;
/** Columns that tell one run in the file from another, or a row from another. */
const LABELS =
  /^(?:seed|run|run_id|trial|rank|pid|timestamp|date|datetime|wall[ _]?time|index|unnamed:.*)?$/i;
const MAX_COLUMNS = 5_000;
/** `-infinity`: a longer cell is no value. */
const WORD_BYTES = 9;

/** A reader of the delimited file named `file`, which gives its values to `sink`. */
export function createDelimitedReading(file: string, sink: MetricSink): RecordReading {
  const table = new Table(file, sink);
  let chunk: Uint8Array | undefined;
  const splitter = createLineSplitter((bytes, from, to, line, offset, cut) => {
    if (to === from) return;
    // A line that began in an earlier chunk comes in the splitter's own buffer: settle the tokens
    // of each buffer before the next one is read.
    if (bytes !== chunk && chunk !== undefined) sink.settle(chunk);
    table.takeLine(bytes, from, to, line, offset, cut);
    if (bytes !== chunk) sink.settle(bytes);
  });
  return {
    feed(given) {
      const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
      chunk = bytes;
      splitter.feed(bytes);
      sink.settle(bytes);
      chunk = undefined;
    },
    finish: () => splitter.finish(),
    unread: () => table.unread(),
    lines: () => splitter.lines(),
    bytes: () => splitter.bytes(),
  };
}

/** The table that a file holds: its columns, once the header is read, and the rows not read. */
class Table {
  readonly #file: string;
  readonly #sink: MetricSink;
  readonly #samples: FileUnread["samples"][number][] = [];
  readonly #spot: NumberSpot = { end: 0, value: 0, grouped: false };
  readonly #cells = new Cells();
  #unread = 0;
  /** Undefined before the header; empty where the file has none. */
  #columns: readonly Column[] | undefined;

  constructor(file: string, sink: MetricSink) {
    this.#file = file;
    this.#sink = sink;
  }

  takeLine(
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
    cut: boolean,
  ): void {
    const columns = this.#columns;
    if (columns === undefined) {
      // Stable Baselines' monitor.csv: `#{"t_start": 1699895683.2, "env_id": "CartPole-v1"}`.
      if (bytes[from] === HASH && bytes[from + 1] === BRACE) return;
      this.#columns = this.#readHeader(bytes, from, Math.min(to, from + LINE_BYTES));
    } else if (columns.length > 0 && !cut) this.#readRow(columns, bytes, from, to, line, offset);
  }

  unread(): FileUnread {
    return { count: this.#unread, samples: [...this.#samples] };
  }

  #readHeader(bytes: Uint8Array, from: number, to: number): readonly Column[] {
    this.#cells.separator = separatorOf(bytes, from, to);
    this.#cells.split(bytes, from, to);
    return this.#columnsOf(bytes);
  }

  #columnsOf(bytes: Uint8Array): readonly Column[] {
    const cells = this.#cells;
    const names = Array.from({ length: cells.count }, (_, i) =>
      cellText(bytes, cells.start(i), cells.end(i)),
    );
    const numbers = names.filter((name) => /^[-+.\d]/.test(name)).length;
    // Without a header nothing tells what the numbers mean.
    return numbers > names.length / 2
      ? []
      : names.map((name) => columnOf(name.replace(/^#\s*/, "")));
  }

  /**
   * Whether the row just split is a header: a program that was started again, with other columns,
   * appends to the file. All its cells are names, and it has the first column of the one before.
   */
  #isHeader(bytes: Uint8Array): boolean {
    const cells = this.#cells;
    const first = bytes[cells.start(0)] ?? 0;
    if (first >= 45 && first <= 57) return false;
    const names = Array.from({ length: cells.count }, (_, i) =>
      cellText(bytes, cells.start(i), cells.end(i)),
    );
    return (
      names[0]?.replace(/^#\s*/, "") === this.#columns?.[0]?.key &&
      names.every(
        (name) => name === "" || (/^[A-Za-z#_]/.test(name) && notFinite(name) === undefined),
      )
    );
  }

  #readRow(
    columns: readonly Column[],
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
  ): void {
    this.#cells.split(bytes, from, to);
    if (this.#isHeader(bytes)) {
      this.#columns = this.#columnsOf(bytes);
      return;
    }
    if (this.#cells.count !== columns.length) {
      this.#unread += 1;
      if (this.#samples.length < UNREAD_SAMPLES) {
        const text = cellText(bytes, from, to).slice(0, QUOTED_CHARS);
        this.#samples.push({ file: this.#file, line, offset, text });
      }
      return;
    }
    this.#sink.begin(line, offset, Number.NaN);
    this.#setStep(columns, bytes);
    if (this.#addValues(columns, bytes)) this.#sink.end();
  }

  /** The x of a row is its finest counter. An epoch in a column before that one is noted too. */
  #setStep(columns: readonly Column[], bytes: Uint8Array): void {
    let axis: Column["counter"];
    let step = 0;
    for (let i = 0; i < columns.length; i += 1) {
      const counter = columns[i]?.counter;
      if (counter === undefined || (axis !== undefined && axis.rank <= counter.rank)) continue;
      if (!this.#isNumber(bytes, i)) continue;
      axis = counter;
      step = this.#spot.value;
      if (counter.key === "epoch") this.#sink.sawEpoch(step);
    }
    if (axis !== undefined) this.#sink.setStep(axis.key, step);
  }

  /** Gives the row's metrics to the sink; whether there were any. */
  #addValues(columns: readonly Column[], bytes: Uint8Array): boolean {
    const sink = this.#sink;
    const { incoming } = sink;
    let any = false;
    for (let i = 0; i < columns.length; i += 1) {
      const column = columns[i];
      const start = this.#cells.start(i);
      const end = this.#cells.end(i);
      if (column === undefined || column.counter !== undefined || column.isLabel || start === end)
        continue;
      if (this.#isNumber(bytes, i)) incoming.value = this.#spot.value;
      else {
        const word = end - start > WORD_BYTES ? undefined : notFinite(cellText(bytes, start, end));
        if (word === undefined) continue;
        incoming.value = word;
      }
      column.store ??= sink.storeOf(column.key);
      if (column.store === undefined) continue;
      incoming.start = start;
      incoming.end = end;
      sink.add(column.store, "sure");
      any = true;
    }
    return any;
  }

  /** Whether the whole of cell `i` is a number, which is then in `#spot`. */
  #isNumber(bytes: Uint8Array, i: number): boolean {
    const end = this.#cells.end(i);
    return scanNumber(bytes, this.#cells.start(i), end, true, this.#spot) && this.#spot.end === end;
  }
}

/** The cells of one row, without quotes and padding; the arrays are reused for each row. */
class Cells {
  separator = COMMA;
  count = 0;
  #starts = new Int32Array(64);
  #ends = new Int32Array(64);

  start(i: number): number {
    return this.#starts[i] ?? 0;
  }

  end(i: number): number {
    return this.#ends[i] ?? 0;
  }

  split(bytes: Uint8Array, from: number, to: number): void {
    this.count = 0;
    for (let at = from; ; at += 1) {
      if (this.count === this.#starts.length) {
        this.#starts = grown(this.#starts);
        this.#ends = grown(this.#ends);
      }
      at = this.#takeCell(bytes, at, to);
      if (at >= to || this.count === MAX_COLUMNS) return;
    }
  }

  /** Takes the cell that begins at `at`; where the separator after it is, or `to`. */
  #takeCell(bytes: Uint8Array, at: number, to: number): number {
    const { separator } = this;
    let end = at;
    let first = at;
    let last = at;
    if (bytes[at] === QUOTE) {
      end = at + 1;
      // Two quotes are a quote inside the cell.
      while (end < to && (bytes[end] !== QUOTE || bytes[end + 1] === QUOTE)) {
        end += bytes[end] === QUOTE ? 2 : 1;
      }
      first = at + 1;
      last = Math.min(end, to);
      while (end < to && bytes[end] !== separator) end += 1;
    } else {
      while (end < to && bytes[end] !== separator) end += 1;
      last = end;
    }
    while (first < last && isPadding(bytes[first])) first += 1;
    while (last > first && isPadding(bytes[last - 1])) last -= 1;
    this.#starts[this.count] = first;
    this.#ends[this.count] = last;
    this.count += 1;
    return end;
  }
}

const isPadding = (byte: number | undefined): boolean => byte === SPACE || byte === TAB;

function columnOf(key: string): Column {
  return { key, counter: counterOf(key), isLabel: LABELS.test(key), store: undefined };
}

/** Of the possible separators, the one that occurs most in the header. */
function separatorOf(bytes: Uint8Array, from: number, to: number): number {
  const counts = [COMMA, TAB, SEMICOLON].map((mark) => {
    let count = 0;
    for (let i = from; i < to; i += 1) if (bytes[i] === mark) count += 1;
    return { mark, count };
  });
  return counts.reduce((a, b) => (b.count > a.count ? b : a)).mark;
}

const cellText = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");

function grown(cells: Int32Array): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * cells.length);
  more.set(cells);
  return more;
}
