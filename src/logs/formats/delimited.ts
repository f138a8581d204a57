// Files of comma or tab separated values with a header: Lightning's metrics.csv, Keras's CSVLogger,
// ultralytics' results.csv, progress.csv of reinforcement learning. Cells may be empty or padded.
import { QUOTED_CHARS } from "../../base/limits.ts";
import { type FileUnread, UNREAD_SAMPLES } from "../lines/unread-lines.ts";
import { createLineSplitter, LINE_BYTES } from "../lines/lines.ts";
import type { LineStep } from "../lines/metric-line.ts";
import { counterOf } from "../metric-words.ts";
import type { RecordReading } from "../record-reading.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type NumberSpot, scanNumber } from "../lines/scan-number.ts";
import type { SeriesStore } from "../series/series-store.ts";

/** Whether a file of that name is read so. */
export const isDelimited = (name: string): boolean => /\.(?:csv|tsv)$/i.test(name);

interface Column {
  readonly key: string;
  readonly counter: ReturnType<typeof counterOf>;
  /** Who, when and where: `seed`, `time` as a date. */
  readonly passed: boolean;
  store: SeriesStore | undefined;
}

const COMMA = 44;
const TAB = 9;
const SEMICOLON = 59;
const QUOTE = 34;
/** Columns that tell one run in the file from another, or a row from another. */
const LABELS =
  /^(?:seed|run|run_id|trial|rank|pid|timestamp|date|datetime|wall[ _]?time|index|unnamed:.*)?$/i;
const COLUMNS = 5_000;
const WORDS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["-nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["infinity", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
  ["-infinity", Number.NEGATIVE_INFINITY],
]);

export function createDelimitedReading(file: string, sink: MetricSink): RecordReading {
  const samples: FileUnread["samples"][number][] = [];
  const spot: NumberSpot = { end: 0, value: 0, grouped: false };
  let unread = 0;
  let columns: readonly Column[] | undefined;
  let separator = COMMA;
  let chunk: Uint8Array | undefined;
  /** Cells of one row: where each begins and ends, quotes left out. */
  let starts = new Int32Array(64);
  let ends = new Int32Array(64);

  const cellsOf = (bytes: Uint8Array, from: number, to: number): number => {
    let count = 0;
    let at = from;
    for (;;) {
      if (count === starts.length) {
        starts = grown(starts);
        ends = grown(ends);
      }
      let end = at;
      let [first, last] = [at, at];
      if (bytes[at] === QUOTE) {
        end = at + 1;
        while (end < to && (bytes[end] !== QUOTE || bytes[end + 1] === QUOTE)) {
          end += bytes[end] === QUOTE ? 2 : 1;
        }
        [first, last] = [at + 1, Math.min(end, to)];
        while (end < to && bytes[end] !== separator) end += 1;
      } else {
        while (end < to && bytes[end] !== separator) end += 1;
        last = end;
      }
      while (first < last && (bytes[first] === 32 || bytes[first] === TAB)) first += 1;
      while (last > first && (bytes[last - 1] === 32 || bytes[last - 1] === TAB)) last -= 1;
      starts[count] = first;
      ends[count] = last;
      count += 1;
      if (end >= to || count === COLUMNS) return count;
      at = end + 1;
    }
  };
  const header = (bytes: Uint8Array, from: number, to: number): void => {
    separator = separatorOf(bytes, from, to);
    const count = cellsOf(bytes, from, to);
    const names = Array.from({ length: count }, (_, i) =>
      cellText(bytes, starts[i] ?? 0, ends[i] ?? 0),
    );
    const numbers = names.filter((name) => /^[-+.\d]/.test(name)).length;
    // Without a header nothing tells what the numbers are.
    columns = numbers > count / 2 ? [] : names.map((name) => columnOf(name.replace(/^#\s*/, "")));
  };
  const row = (bytes: Uint8Array, from: number, to: number, line: number, offset: number): void => {
    const all = columns ?? [];
    const count = cellsOf(bytes, from, to);
    if (count !== all.length) {
      unread += 1;
      if (samples.length < UNREAD_SAMPLES) {
        samples.push({
          file,
          line,
          offset,
          text: cellText(bytes, from, to).slice(0, QUOTED_CHARS),
        });
      }
      return;
    }
    const { incoming } = sink;
    sink.begin(line, offset, Number.NaN);
    let axis: { key: LineStep["key"]; value: number; rank: number } | undefined;
    for (let i = 0; i < count; i += 1) {
      const counter = all[i]?.counter;
      if (counter === undefined || (axis !== undefined && axis.rank <= counter.rank)) continue;
      if (number(bytes, starts[i] ?? 0, ends[i] ?? 0)) {
        axis = { key: counter.key, value: spot.value, rank: counter.rank };
      }
      if (counter.key === "epoch" && number(bytes, starts[i] ?? 0, ends[i] ?? 0))
        sink.sawEpoch(spot.value);
    }
    if (axis !== undefined) sink.setStep(axis.key, axis.value);
    let any = false;
    for (let i = 0; i < count; i += 1) {
      const column = all[i];
      const [start, end] = [starts[i] ?? 0, ends[i] ?? 0];
      if (column === undefined || column.counter !== undefined || column.passed || start === end)
        continue;
      if (number(bytes, start, end)) incoming.value = spot.value;
      else {
        const word =
          end - start > 9 ? undefined : WORDS.get(cellText(bytes, start, end).toLowerCase());
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
    if (any) sink.end();
  };
  const number = (bytes: Uint8Array, start: number, end: number): boolean =>
    scanNumber(bytes, start, end, true, spot) && spot.end === end;

  const splitter = createLineSplitter((bytes, from, to, line, offset, cut) => {
    if (to === from) return;
    if (bytes !== chunk && chunk !== undefined) sink.settle(chunk);
    if (columns === undefined) header(bytes, from, Math.min(to, from + LINE_BYTES));
    else if (columns.length > 0 && !cut) row(bytes, from, to, line, offset);
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
    unread: () => ({ count: unread, samples: [...samples] }),
    lines: () => splitter.lines(),
    bytes: () => splitter.bytes(),
  };
}

function columnOf(key: string): Column {
  return { key, counter: counterOf(key), passed: LABELS.test(key), store: undefined };
}

/** The mark that parts most cells of the header. */
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
