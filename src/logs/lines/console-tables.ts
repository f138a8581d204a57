// Keeps what a console table needs from line to line: the header that rows stand under, and the
// rows of a box with one metric each, whose step may stand below them. Cells are read in formats/.
import type { TableHeader, TableRow } from "../formats/console-table.ts";
import { tableRow } from "../formats/console-table.ts";
import { latin1 } from "./line-bytes.ts";
import type { Grade, LineStep, MetricLine } from "./metric-line.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { counterOf, namesQuality } from "../metric-words.ts";

/** Rows of one box that are held until it is closed. */
const MOST_ROWS = 400;

/** One row of a box: a name and a value. */
export interface BoxRow {
  readonly key: string;
  readonly value: number;
  readonly token: string;
  readonly grade: Grade;
  readonly line: number;
  readonly offset: number;
  readonly stampMs: number;
}

export interface ConsoleTables {
  begin(header: TableHeader): void;
  begun(): boolean;
  /** The row of the table begun last that a line is, its values added to the sink. */
  row(
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
    stampMs: number,
  ): TableRow | undefined;
  hold(row: BoxRow): void;
  /** Whether a box is open, which `close` adds to the sink. */
  open(): boolean;
  close(): void;
}

export function createConsoleTables(
  sink: MetricSink,
  /** Sets the x of a line that has none of its own. */
  setAnnounced: () => void,
): ConsoleTables {
  let header: TableHeader | undefined;
  let box: BoxRow[] = [];

  const close = (): void => {
    const rows = box;
    box = [];
    const step = stepOf(rows);
    const named = rows.some(({ key }) => namesQuality(key));
    for (const row of rows) {
      if (counterOf(row.key) !== undefined) continue;
      const store = sink.storeOf(row.key);
      if (store === undefined) continue;
      sink.begin(row.line, row.offset, row.stampMs);
      if (step === undefined) setAnnounced();
      else sink.setStep(step.key, step.value);
      sink.incoming.value = row.value;
      sink.incoming.token = row.token;
      const grade = step !== undefined && named ? "sure" : row.grade;
      sink.add(store, grade);
      if (grade !== "maybe") sink.end();
    }
  };

  return {
    begin(next) {
      header = next;
    },
    begun: () => header !== undefined,
    row(bytes, from, to, line, offset, stampMs) {
      if (header === undefined) return undefined;
      const row = tableRow(header, latin1(bytes, from, to));
      if (row === undefined) return undefined;
      const { incoming } = sink;
      sink.begin(line, offset, stampMs);
      if (row.step === undefined) setAnnounced();
      else sink.setStep(row.step.key, row.step.value);
      if (row.epoch !== undefined) sink.sawEpoch(row.epoch);
      for (const { column, value, at, end } of row.values) {
        column.store ??= sink.storeOf(column.key);
        if (column.store === undefined) continue;
        incoming.value = value;
        incoming.start = from + at;
        incoming.end = from + end;
        sink.add(column.store, "sure");
      }
      sink.end();
      return row;
    },
    hold(row) {
      box.push(row);
      if (box.length >= MOST_ROWS) close();
    },
    open: () => box.length > 0,
    close,
  };
}

/** Whether a line within a box leaves it open: a row of another kind, as `| rollout/ |  |`. */
export function goesOn(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && (bytes[at] === 32 || bytes[at] === 9)) at += 1;
  // `|`, and the first byte of the box's `│`.
  return bytes[at] === 124 || bytes[at] === 0xe2;
}

/** A row as other formats give their lines, for whoever asks how it was read. */
export function rowAsLine({ values }: TableRow): MetricLine {
  return {
    kind: "metrics",
    format: "console table",
    fixed: [],
    entries: values.map(({ at, end, column }) => ({ key: column.key, at, end, grade: "sure" })),
  };
}

/** The finest counter among a box's rows. */
function stepOf(rows: readonly BoxRow[]): LineStep | undefined {
  let best: { key: LineStep["key"]; value: number; rank: number } | undefined;
  for (const { key, value } of rows) {
    const counter = counterOf(key);
    if (counter === undefined || !Number.isFinite(value)) continue;
    if (best === undefined || counter.rank < best.rank) best = { ...counter, value };
  }
  return best;
}
