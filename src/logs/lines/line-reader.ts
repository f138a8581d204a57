// Reads one text log line by line: finds or makes the template of each line, and passes what it
// holds to the file's metrics, tables, tracebacks, death markers and facts. Bytes are cut into
// lines by text-reading.ts; what a line means is decided in classify-line.ts.
import type { DeathMarker } from "../../domain/sample.ts";
import { type FirstAndLast, createFirstAndLast } from "../series/first-and-last.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { type LineClass, classifyLine } from "./classify-line.ts";
import {
  type ConsoleTables,
  continuesBox,
  createConsoleTables,
  rowAsLine,
} from "./console-tables.ts";
import {
  type Stamped,
  type TimestampInterpolator,
  createTimestampInterpolator,
} from "./interpolate-timestamps.ts";
import { isCutMetric, latin1, mayHoldValue, quoted, utf8 } from "./line-bytes.ts";
import { type LineFactsReader, type SeenLine, createLineFacts } from "./line-facts.ts";
import { type StampSpot, createStampReader } from "./line-stamp.ts";
import { type LineTemplates, createLineTemplates } from "./line-templates.ts";
import { type LineTokens, createLineTokens, cutTokens } from "./line-tokens.ts";
import { type LineValues, createLineValues } from "./line-values.ts";
import type { MetricLine, OwnFormat } from "./metric-line.ts";
import { readMetricLine } from "./read-line.ts";
import { type NumberSpot, scanNumber } from "./scan-number.ts";
import type { SectionCounter } from "./section-counter.ts";
import { type FoundTraceback, type TracebackFinder, createTracebackFinder } from "./tracebacks.ts";
import { type UnreadLines, createUnreadLines } from "./unread-lines.ts";

export type FileTraceback = FoundTraceback & Stamped;
export type FileDeathMarker = Omit<DeathMarker, "metricAfter"> & Stamped;

export interface TextOptions {
  /** The journal's `metrics_pattern`, which is tried before any format. */
  readonly own?: () => OwnFormat | undefined;
  /** Called for each line with how it was parsed. It switches templates off. */
  readonly onRead?: (line: number, offset: number, text: string, read: MetricLine) => void;
}

/** The state of reading one file, which the functions below advance line by line. */
export interface LineReader {
  readonly file: string;
  readonly sink: MetricSink;
  readonly options: TextOptions;
  readonly templates: LineTemplates<LineClass>;
  readonly tables: ConsoleTables;
  readonly values: LineValues;
  readonly finder: TracebackFinder;
  readonly tracebacks: FirstAndLast<FileTraceback>;
  readonly deathMarkers: FirstAndLast<FileDeathMarker>;
  readonly timestamps: TimestampInterpolator;
  readonly facts: LineFactsReader;
  readonly unread: UnreadLines;
  /** What the headings above the current line say. */
  readonly section: SectionCounter;
  /** Number of the last line that printed a setting. */
  settingLine: number;
  /** The program is printing its own source. */
  inCode: boolean;
  // Filled again for each line, so that reading one allocates nothing.
  readonly seen: SeenLine;
  readonly tokens: LineTokens;
  readonly readStamp: ReturnType<typeof createStampReader>;
  readonly stamp: StampSpot;
  readonly number: NumberSpot;
}

/** After a line that prints a setting, a lone result within this many lines is a setting too. */
const SETTINGS_REACH = 3;

/** A reader of no line yet; `file` is the name in the positions that it gives. */
export function createLineReader(file: string, sink: MetricSink, options: TextOptions): LineReader {
  const templates = createLineTemplates<LineClass>();
  const section: SectionCounter = {
    key: undefined,
    value: Number.NaN,
    lastKey: undefined,
    lastValue: Number.NaN,
    split: undefined,
    splitLine: 0,
  };
  const tables = createConsoleTables(sink, section);
  return {
    file,
    sink,
    options,
    templates,
    tables,
    values: createLineValues(sink, templates.slots, section, tables),
    finder: createTracebackFinder(),
    tracebacks: createFirstAndLast(),
    deathMarkers: createFirstAndLast(),
    timestamps: createTimestampInterpolator(),
    facts: createLineFacts(file),
    unread: createUnreadLines(file),
    section,
    settingLine: -SETTINGS_REACH,
    inCode: false,
    seen: {
      line: 0,
      offset: 0,
      isMetric: false,
      step: Number.NaN,
      epoch: Number.NaN,
      stampMs: Number.NaN,
      unit: undefined,
      done: Number.NaN,
      total: Number.NaN,
      plain: undefined,
    },
    tokens: createLineTokens(),
    readStamp: createStampReader(),
    stamp: { end: 0, ms: Number.NaN },
    number: { end: 0, value: 0, grouped: false },
  };
}

/**
 * Reads the next line, `bytes[from..to)` without colours and line end. `offset` is its position in
 * the file. The tokens of its values stay in `bytes` until the caller settles the sink. Every line
 * of a log comes through here, so it is one function, with few calls.
 */
export function readLine(
  reader: LineReader,
  bytes: Uint8Array,
  from: number,
  to: number,
  line: number,
  offset: number,
): void {
  const { seen, tables, templates, stamp } = reader;
  const { values } = templates.slots;
  seen.line = line;
  seen.offset = offset;
  seen.stampMs = Number.NaN;
  let start = from;
  const first = bytes[from] ?? 0;
  const mayBeStamp = (first >= 48 && first <= 57) || first === 91;
  if (mayBeStamp && reader.readStamp(bytes, from, to, stamp)) {
    start = stamp.end;
    seen.stampMs = stamp.ms;
    reader.inCode = false;
    if (!Number.isNaN(stamp.ms)) reader.timestamps.see(line, stamp.ms);
  }
  if (tables.begun() && readRow(reader, bytes, start, to)) return;
  const meaning =
    templates.match(bytes, start, to)?.meaning ?? learn(reader, bytes, start, to, line, offset);
  if (tables.open() && !meaning.boxed && !continuesBox(bytes, start, to)) tables.close();
  takeHeading(reader, meaning, line);
  const isMetric = counts(reader, meaning);
  seen.isMetric = isMetric && meaning.solid;
  seen.step = isMetric ? valueOf(values, meaning.stepSlot) : Number.NaN;
  seen.epoch = valueOf(values, meaning.epochSlot);
  seen.unit = meaning.unit;
  seen.done = valueOf(values, meaning.doneSlot);
  seen.total = valueOf(values, meaning.totalSlot);
  seen.plain = meaning.hasFactWords ? utf8(bytes, from, to) : undefined;
  reader.facts.see(seen);
  if (!Number.isNaN(seen.epoch)) reader.sink.sawEpoch(seen.epoch);
  const { kind } = meaning.read;
  if (kind === "unread") reader.unread.add(line, offset, bytes, from, to);
  if (isMetric) {
    if (meaning.stepSlot >= 0) reader.inCode = false;
    const maySet = meaning.lone && line - reader.settingLine <= SETTINGS_REACH;
    if (meaning.setting) reader.settingLine = line;
    const hasRoom = reader.values.add(bytes, meaning, seen, maySet);
    if (!hasRoom || meaning.partly) reader.unread.add(line, offset, bytes, from, to);
    if (meaning.solid) return;
  } else if (meaning.code !== undefined) reader.inCode = meaning.code === "begins";
  if (kind !== "unread") takeFailure(reader, meaning, bytes, from, to);
}

/** Takes the head of a line too long to be read, which counts as unread where it had metrics. */
export function readCutLine(
  { unread }: LineReader,
  bytes: Uint8Array,
  from: number,
  to: number,
  line: number,
  offset: number,
): void {
  if (isCutMetric(latin1(bytes, from, to))) unread.add(line, offset, bytes, from, to);
}

/** Takes the traceback that the log breaks off in. */
export function endFailure({ finder, tracebacks, timestamps }: LineReader): void {
  const found = finder.end();
  if (found !== undefined) tracebacks.add(timestamps.stamped(found));
}

/** Whether the line is a row of the table begun above it; then it is nothing else besides. */
function readRow(reader: LineReader, bytes: Uint8Array, from: number, to: number): boolean {
  const { seen, section } = reader;
  const row = reader.tables.row(bytes, from, to, seen.line, seen.offset, seen.stampMs);
  if (row === undefined) return false;
  if (row.epoch !== undefined) {
    section.key = "epoch";
    section.value = row.epoch;
  }
  seen.isMetric = true;
  seen.step = row.step?.value ?? Number.NaN;
  seen.epoch = row.epoch ?? Number.NaN;
  seen.unit = undefined;
  seen.plain = undefined;
  reader.facts.see(seen);
  reader.options.onRead?.(seen.line, seen.offset, latin1(bytes, from, to), rowAsLine(row));
  return true;
}

/**
 * Parses a line of an unknown template, and remembers the template where it may come again. `from`
 * is after the stamp. The line's numbers are in the slots, as after a match.
 */
function learn(
  { options, templates, tokens, number }: LineReader,
  bytes: Uint8Array,
  from: number,
  to: number,
  line: number,
  offset: number,
): LineClass {
  const own = bytes.subarray(from, to);
  const text = latin1(own, 0, own.length);
  const numbers = mayHoldValue(text);
  if (numbers) cutTokens(own, 0, own.length, tokens);
  else tokens.count = 0;
  const ownFormat = options.own?.();
  const read: MetricLine =
    ownFormat?.(text) ??
    (numbers ? readMetricLine({ text, tokens }) : { kind: "other", why: "no value stands in it" });
  options.onRead?.(line, offset, text, read);
  const meaning = classifyLine(text, tokens, read);
  const template =
    numbers && ownFormat === undefined && options.onRead === undefined
      ? templates.learn(own, tokens, meaning.spots, meaning.fixed, meaning)
      : undefined;
  if (template !== undefined && templates.match(bytes, from, to) === template) return meaning;
  // Without a template its numbers are scanned one by one.
  const { values, starts, ends } = templates.slots;
  meaning.spots.forEach((spot, i) => {
    starts[i] = from + spot.at;
    ends[i] = from + spot.end;
    scanNumber(bytes, from + spot.at, from + spot.end, true, number);
    values[i] = number.value;
  });
  return meaning;
}

/** The number in a slot; NaN without one. */
const valueOf = (values: Float64Array, slot: number): number =>
  slot < 0 ? Number.NaN : (values[slot] ?? Number.NaN);

/** Remembers what a heading says of the lines below it: table columns, a counter, a split. */
function takeHeading(
  { tables, templates, section }: LineReader,
  meaning: LineClass,
  line: number,
): void {
  if (meaning.header !== undefined) tables.begin(meaning.header);
  if (meaning.sectionSlot >= 0) {
    section.key = meaning.sectionKey;
    section.value = valueOf(templates.slots.values, meaning.sectionSlot);
    section.lastKey = section.key;
    section.lastValue = section.value;
  }
  if (meaning.sectionSplit !== undefined) {
    section.split = meaning.sectionSplit;
    section.splitLine = line;
  }
}

/** Whether the line's values count as metrics, given the lines above it. */
function counts({ finder, inCode }: LineReader, meaning: LineClass): boolean {
  if (meaning.read.kind !== "metrics") return false;
  if (meaning.firm) return true;
  if (meaning.deathMarker !== undefined || finder.inFrames()) return false;
  return !inCode || meaning.stepSlot >= 0;
}

/** Looks for a traceback and for a death marker in a line that is not surely one of metrics. */
function takeFailure(
  reader: LineReader,
  meaning: LineClass,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  const { file, finder, timestamps, tracebacks } = reader;
  const { line, offset } = reader.seen;
  if (meaning.mayFail || finder.busy()) {
    const step = finder.next({ line, offset, text: utf8(bytes, from, to) });
    if (step !== undefined) {
      const found = timestamps.stamped(step.found);
      if (step.replaces) tracebacks.replaceLast(found);
      else tracebacks.add(found);
    }
  }
  const kind = finder.inFrames() ? undefined : meaning.deathMarker;
  if (kind === undefined) return;
  const text = quoted(utf8(bytes, from, to));
  reader.deathMarkers.add(timestamps.stamped({ kind, text, file, line, offset }));
}
