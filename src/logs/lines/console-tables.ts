// Keeps the state of console tables from line to line: the header that rows are under, and the rows
// of an open box, whose step may come last. Cells are parsed in formats/console-table.ts.
import type { TableHeader, TableRow } from "../formats/console-table.ts";
import { tableRow } from "../formats/console-table.ts";
import { latin1 } from "./line-bytes.ts";
import type { Grade, LineStep, MetricLine } from "./metric-line.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { counterOf, namesQuality } from "../metric-words.ts";
import type { SectionCounter } from "./section-counter.ts";

/** Rows held of one box: with this many it is closed. */
const MOST_ROWS = 400;

/** One row of a box: a name and a value, with the position of its line. */
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
  /** Begins a table; its header replaces the last one. */
  begin(header: TableHeader): void;
  /** Whether any table has begun. */
  begun(): boolean;
  /** Parses a line as a row of the last table and adds its values to the sink. */
  row(
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
    stampMs: number,
  ): TableRow | undefined;
  /** Holds a row of a box until its end, when its step is known. */
  hold(row: BoxRow): void;
  /** Whether rows of a box are held. */
  open(): boolean;
  /** The box has ended: adds its rows to the sink. */
  close(): void;
}

/**
 * Tables of one file, without any yet; values go to `sink`. Rows that have no step get that of
 * `section`, the headings above them.
 */
export function createConsoleTables(sink: MetricSink, section: SectionCounter): ConsoleTables {
  let header: TableHeader | undefined;
  let box: BoxRow[] = [];
  const close = (): void => {
    const rows = box;
    box = [];
    addBox(sink, section, rows);
  };
  return {
    begin(next) {
      header = next;
    },
    begun: () => header !== undefined,
    row(bytes, from, to, line, offset, stampMs) {
      const row = header === undefined ? undefined : tableRow(header, latin1(bytes, from, to));
      if (row === undefined) return undefined;
      sink.begin(line, offset, stampMs);
      addRow(sink, section, row, from);
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

/** Adds the values of a table's row, whose line begins at `from` in its bytes. */
function addRow(sink: MetricSink, section: SectionCounter, row: TableRow, from: number): void {
  const { incoming } = sink;
  if (row.step === undefined) sink.setSectionCounter(section);
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
}

/** Adds the rows of a box, each with the box's step. */
function addBox(sink: MetricSink, section: SectionCounter, rows: readonly BoxRow[]): void {
  const step = stepOf(rows);
  const named = rows.some(({ key }) => namesQuality(key));
  for (const row of rows) {
    if (counterOf(row.key) !== undefined) continue;
    const store = sink.storeOf(row.key);
    if (store === undefined) continue;
    sink.begin(row.line, row.offset, row.stampMs);
    if (step === undefined) sink.setSectionCounter(section);
    else sink.setStep(step.key, step.value);
    sink.incoming.value = row.value;
    sink.incoming.token = row.token;
    const grade = step !== undefined && named ? "sure" : row.grade;
    sink.add(store, grade);
    if (grade !== "maybe") sink.end();
  }
}

/** Whether a line leaves a box open: a row of another kind, such as `| rollout/ |  |`. */
export function continuesBox(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && (bytes[at] === 32 || bytes[at] === 9)) at += 1;
  // `|`, or the first byte of `│` in UTF-8.
  return bytes[at] === 124 || bytes[at] === 0xe2;
}

/** A table row as a MetricLine, for `onRead`. */
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
