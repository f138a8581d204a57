// Reads one text log line by line: what each means is asked once for each shape of line, and
// what it holds goes to the metrics, tracebacks, telling lines and facts of the file.
import type { LineFacts, DeathMarker } from "../../domain/sample.ts";
import type { SectionCounter } from "./section-counter.ts";
import { type BarRedraws, createBarRedraws } from "./bar-redraws.ts";
import { createConsoleTables, goesOn, rowAsLine } from "./console-tables.ts";
import { createKeptEnds } from "../series/first-and-last.ts";
import { createLastLines } from "./last-lines.ts";
import { type SeenLine, createLineFacts } from "./line-facts.ts";
import { type LineClass, meaningOf } from "./classify-line.ts";
import { type LineTemplates, createLineTemplates } from "./line-templates.ts";
import { type StampSpot, createStampReader } from "./line-stamp.ts";
import { createLineTokens, cutTokens } from "./line-tokens.ts";
import { createLineValues } from "./line-values.ts";
import { createLineSplitter } from "./lines.ts";
import type { MetricLine } from "./metric-line.ts";
import { readMetricLine } from "./read-line.ts";
import type { MetricSink } from "../series/metric-sink.ts";
import { copyPlain, mayEscape } from "./plain-text.ts";
import { hasEscape, mayHoldValue, isCutMetric, latin1, quoted, utf8 } from "./line-bytes.ts";
import { type NumberSpot, scanNumber } from "./scan-number.ts";
import { type Stamped, createTimestampInterpolator } from "./interpolate-timestamps.ts";
import { createUnreadLines, type FileUnread } from "./unread-lines.ts";
import { type FoundTraceback, createTracebackFinder } from "./tracebacks.ts";

export type FileTraceback = FoundTraceback & Stamped;
export type FileDeathMarker = Omit<DeathMarker, "metricAfter"> & Stamped;

export interface TextReading {
  feed(bytes: Uint8Array): void;
  finish(): void;
  tracebacks(): readonly FileTraceback[];
  deathMarkers(): readonly FileDeathMarker[];
  lastLines(): readonly string[];
  unread(): FileUnread;
  facts(): LineFacts;
  lines(): number;
  bytes(): number;
}

/** A person's own pattern, which is asked before any format. */
export type OwnFormat = (text: string) => MetricLine | undefined;

/** What a curious caller may ask for. */
export interface TextOptions {
  readonly own?: () => OwnFormat | undefined;
  /** Called for each line that is looked at with care, with how it is read. */
  readonly onRead?: (line: number, offset: number, text: string, read: MetricLine) => void;
}

/** Lines after a setting in which a lone result is taken for one as well. */
const SETTINGS_REACH = 3;

export function createTextReading(
  file: string,
  sink: MetricSink,
  options: TextOptions,
): TextReading {
  const shapes: LineTemplates<LineClass> = createLineTemplates();
  const { slots } = shapes;
  const tokens = createLineTokens();
  const readStamp = createStampReader();
  const stamp: StampSpot = { end: 0, ms: Number.NaN };
  const number: NumberSpot = { end: 0, value: 0, grouped: false };
  const finder = createTracebackFinder();
  const tracebacks = createKeptEnds<FileTraceback>();
  const telling = createKeptEnds<FileDeathMarker>();
  const last = createLastLines();
  const clock = createTimestampInterpolator();
  const facts = createLineFacts(file);
  const announced: SectionCounter = {
    key: undefined,
    value: Number.NaN,
    split: undefined,
    splitLine: 0,
  };
  const tables = createConsoleTables(sink, () => sink.setSectionCounter(announced));
  const values = createLineValues(sink, slots, announced, tables);
  const unreadLines = createUnreadLines(file);
  const state = { setting: -10, inCode: false, escapes: false, bars: false };
  let chunk: Uint8Array | undefined;
  let scratch = new Uint8Array(1 << 10);
  const seen: SeenLine = {
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
  };

  const unread = unreadLines.add;
  /** Reads a line with care; `from` is behind its stamp. */
  const learn = (
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
  ): LineClass => {
    const own = bytes.subarray(from, to);
    const text = latin1(own, 0, own.length);
    const numbers = mayHoldValue(text);
    if (numbers) cutTokens(own, 0, own.length, tokens);
    else tokens.count = 0;
    const ownFormat = options.own?.();
    const read: MetricLine =
      ownFormat?.(text) ??
      (numbers
        ? readMetricLine({ text, tokens })
        : { kind: "other", why: "no value stands in it" });
    options.onRead?.(line, offset, text, read);
    const meaning = meaningOf(text, tokens, read);
    const shape =
      numbers && ownFormat === undefined && options.onRead === undefined
        ? shapes.learn(own, tokens, meaning.spots, meaning.fixed, meaning)
        : undefined;
    if (shape !== undefined && shapes.match(bytes, from, to) === shape) return meaning;
    // Not to be remembered: its numbers are read one by one.
    meaning.spots.forEach((spot, i) => {
      slots.starts[i] = from + spot.at;
      slots.ends[i] = from + spot.end;
      scanNumber(bytes, from + spot.at, from + spot.end, true, number);
      slots.values[i] = number.value;
    });
    return meaning;
  };
  const slotValue = (slot: number): number =>
    slot < 0 ? Number.NaN : (slots.values[slot] ?? Number.NaN);

  /** Whether the values of a line count, given what stood before it. */
  const counts = (meaning: LineClass): boolean => {
    if (meaning.read.kind !== "metrics") return false;
    if (meaning.firm) return true;
    if (meaning.telling !== undefined || finder.inFrames()) return false;
    return !state.inCode || meaning.stepSlot >= 0;
  };

  /** Whether a line is a row of the table begun above it; then it says nothing else. */
  const rowOf = (bytes: Uint8Array, from: number, to: number): boolean => {
    const row = tables.row(bytes, from, to, seen.line, seen.offset, seen.stampMs);
    if (row === undefined) return false;
    if (row.epoch !== undefined) {
      announced.key = "epoch";
      announced.value = row.epoch;
    }
    seen.isMetric = true;
    seen.step = row.step?.value ?? Number.NaN;
    seen.epoch = row.epoch ?? Number.NaN;
    seen.unit = undefined;
    seen.plain = undefined;
    facts.see(seen);
    options.onRead?.(seen.line, seen.offset, latin1(bytes, from, to), rowAsLine(row));
    return true;
  };

  const look = (
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
  ): void => {
    const first = bytes[from] ?? 0;
    let start = from;
    seen.line = line;
    seen.offset = offset;
    seen.stampMs = Number.NaN;
    if (((first >= 48 && first <= 57) || first === 91) && readStamp(bytes, from, to, stamp)) {
      start = stamp.end;
      seen.stampMs = stamp.ms;
      state.inCode = false;
      clock.see(line, stamp.ms);
    }
    if (tables.begun() && rowOf(bytes, start, to)) return;
    const meaning =
      shapes.match(bytes, start, to)?.meaning ?? learn(bytes, start, to, line, offset);
    if (tables.open() && !meaning.boxed && !goesOn(bytes, start, to)) tables.close();
    if (meaning.header !== undefined) tables.begin(meaning.header);
    if (meaning.announcedSlot >= 0) {
      announced.key = meaning.announcedKey;
      announced.value = slotValue(meaning.announcedSlot);
    }
    if (meaning.announcedSplit !== undefined) {
      announced.split = meaning.announcedSplit;
      announced.splitLine = line;
    }
    const { read } = meaning;
    const isMetric = counts(meaning);
    seen.isMetric = isMetric && meaning.solid;
    seen.step = isMetric ? slotValue(meaning.stepSlot) : Number.NaN;
    seen.epoch = slotValue(meaning.epochSlot);
    seen.unit = meaning.unit;
    seen.done = slotValue(meaning.doneSlot);
    seen.total = slotValue(meaning.totalSlot);
    seen.plain = meaning.speaks ? utf8(bytes, from, to) : undefined;
    facts.see(seen);
    if (!Number.isNaN(seen.epoch)) sink.sawEpoch(seen.epoch);
    if (read.kind === "unread") unread(line, offset, bytes, from, to);
    if (isMetric) {
      if (meaning.stepSlot >= 0) state.inCode = false;
      const settings = meaning.lone && line - state.setting <= SETTINGS_REACH;
      if (meaning.setting) state.setting = line;
      if (!values.add(bytes, meaning, seen, settings)) unread(line, offset, bytes, from, to);
      if (meaning.solid) return;
    } else if (meaning.code !== undefined) state.inCode = meaning.code === "begins";
    if (read.kind === "unread") return;
    fail(meaning, bytes, from, to, line, offset);
  };

  /** Lines without metrics may tell of a failure. */
  const fail = (
    meaning: LineClass,
    bytes: Uint8Array,
    from: number,
    to: number,
    line: number,
    offset: number,
  ): void => {
    if (meaning.mayFail || finder.busy()) {
      const step = finder.next({ line, offset, text: utf8(bytes, from, to) });
      if (step !== undefined) {
        const found = clock.stamped(step.found);
        if (step.replaces) tracebacks.replaceLast(found);
        else tracebacks.add(found);
      }
    }
    const kind = finder.inFrames() ? undefined : meaning.telling;
    if (kind === undefined) return;
    telling.add(clock.stamped({ kind, text: quoted(utf8(bytes, from, to)), file, line, offset }));
  };

  const bars: BarRedraws = createBarRedraws((bytes, line, offset) => {
    // The lines around it have their tokens in other bytes.
    if (chunk !== undefined) sink.settle(chunk);
    look(bytes, 0, bytes.length, line, offset);
    sink.settle(bytes);
  });

  /** Asked of whole chunks, since nearly none has a bar; of a line from elsewhere by itself. */
  const mayBar = (bytes: Uint8Array, from: number, to: number): boolean =>
    state.bars || (bytes !== chunk && bars.maybe(bytes.subarray(from, to)));

  const splitter = createLineSplitter((given, givenFrom, givenTo, line, offset, cut) => {
    let [bytes, from, to] = [given, givenFrom, givenTo];
    if ((state.escapes || given !== chunk) && hasEscape(given, from, to)) {
      if (scratch.length < to - from) scratch = new Uint8Array(2 * (to - from));
      to = copyPlain(given, from, to, scratch);
      [bytes, from] = [scratch, 0];
    }
    const elsewhere = bytes !== chunk;
    if (elsewhere && chunk !== undefined) {
      sink.settle(chunk);
      last.settle(chunk);
    }
    last.add(line, bytes, from, to);
    if (cut) {
      if (isCutMetric(latin1(bytes, from, to))) unread(line, offset, bytes, from, to);
    } else if (mayBar(bytes, from, to) && bars.take(bytes, from, to, line, offset)) {
      state.bars = true;
    } else look(bytes, from, to, line, offset);
    if (elsewhere) {
      sink.settle(bytes);
      last.settle(bytes);
    }
  });

  return {
    feed(given) {
      const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
      chunk = bytes;
      state.escapes = mayEscape(bytes);
      state.bars = bars.maybe(bytes);
      splitter.feed(bytes);
      sink.settle(bytes);
      last.settle(bytes);
      shapes.release();
      chunk = undefined;
    },
    finish() {
      splitter.finish();
      bars.finish();
      tables.close();
    },
    tracebacks: () => tracebacks.items(),
    deathMarkers: () => telling.items(),
    lastLines: () => last.lines(),
    unread: unreadLines.facts,
    facts: () => facts.facts(),
    lines: () => splitter.lines(),
    bytes: () => splitter.bytes(),
  };
}
