// What one log file says, line by line, as far as it has been read.
// Which files count for a run's metrics, and how they are joined, is in run-reader.ts.
import { LAST_LINES, QUOTED_CHARS, SERIES_PER_FILE, TOLD_LINES_EACH_END } from "../limits.ts";
import type { LineFacts, LogPlace, Series, TellingLine } from "../model/sample.ts";
import { createKeptEnds } from "./kept-ends.ts";
import { createLineFacts } from "./line-facts.ts";
import { type LogLine, createLineSplitter } from "./lines.ts";
import { type MetricLine, readMetricLine } from "./metric-line.ts";
import { ownCopy, stampOf, stripAnsi } from "./plain-text.ts";
import { type SeriesStore, createSeriesStore } from "./series-store.ts";
import { tellingKind } from "./telling.ts";
import { type FoundTraceback, createTracebackFinder } from "./tracebacks.ts";

/** When something was said: its own stamp, that of the line above, or the next one after it. */
interface Stamped {
  stampMs?: number;
}
export type FileTraceback = FoundTraceback & Stamped;
export type FileTellingLine = Omit<TellingLine, "metricAfter"> & Stamped;

/** Where metrics end in a file: what came later was not survived. */
export interface MetricsEnd {
  /** Byte offset of the last line with a metric; -1 without one. */
  readonly offset: number;
  /** Largest stamp of a metric line. */
  readonly stampMs?: number;
}

export interface FileReading {
  readonly file: string;
  feed(bytes: Uint8Array): void;
  finish(): void;
  series(): readonly Series[];
  tracebacks(): readonly FileTraceback[];
  telling(): readonly FileTellingLine[];
  lastLines(): readonly string[];
  unread(): { readonly count: number; readonly first?: LogPlace & { readonly text: string } };
  metricsEnd(): MetricsEnd;
  facts(): LineFacts;
  lines(): number;
  bytes(): number;
}

/** Starts reading a file whose name in the reading is `file`. */
export function createFileReading(file: string): FileReading {
  const stores = new Map<string, SeriesStore>();
  const finder = createTracebackFinder();
  const tracebacks = createKeptEnds<FileTraceback>();
  const telling = createKeptEnds<FileTellingLine>();
  const tail = createTail();
  const clock = createStampClock();
  const facts = createLineFacts(file);
  let unreadCount = 0;
  let firstUnread: (LogPlace & { text: string }) | undefined;
  let metricsEnd: MetricsEnd = { offset: -1 };

  const unread = (line: LogLine, plain: string): void => {
    unreadCount += 1;
    firstUnread ??= { file, line: line.line, offset: line.offset, text: quoted(plain) };
  };

  const addMetrics = (line: LogLine, read: MetricLine & { kind: "metrics" }): boolean => {
    const { step, stampMs, entries } = read;
    let all = true;
    for (const { key, token, value } of entries) {
      let store = stores.get(key);
      if (store === undefined) {
        if (stores.size >= SERIES_PER_FILE || key === "") {
          all = false;
          continue;
        }
        const ownKey = ownCopy(key);
        store = createSeriesStore(file, ownKey);
        stores.set(ownKey, store);
      }
      store.add({
        value,
        token: line.text.length > QUOTED_CHARS ? ownCopy(token) : token,
        line: line.line,
        offset: line.offset,
        ...(step === undefined ? {} : { step }),
        ...(stampMs === undefined ? {} : { stampMs }),
      });
    }
    if (entries.length > 0) {
      const latest = Math.max(stampMs ?? -Infinity, metricsEnd.stampMs ?? -Infinity);
      metricsEnd = {
        offset: line.offset,
        ...(latest === -Infinity ? {} : { stampMs: latest }),
      };
    }
    return all;
  };

  const splitter = createLineSplitter((line) => {
    const plain = stripAnsi(line.text);
    tail.add(line.line, plain);
    const stampMs = stampOf(plain);
    clock.see(line.line, stampMs);
    const read = readMetricLine(plain);
    facts.see({
      line: line.line,
      offset: line.offset,
      plain,
      isMetric: read.kind === "metrics",
      ...(read.kind === "metrics" && read.step !== undefined ? { step: read.step.value } : {}),
      ...(stampMs === undefined ? {} : { stampMs }),
    });
    if (read.kind !== "other") {
      if (read.kind === "unread" || line.cut || !addMetrics(line, read)) unread(line, plain);
      return;
    }
    const step = finder.next({ ...line, text: plain });
    if (step !== undefined) {
      const found = clock.stamped(step.found);
      if (step.replaces) tracebacks.replaceLast(found);
      else tracebacks.add(found);
    }
    const kind = finder.inFrames() ? undefined : tellingKind(plain);
    if (kind !== undefined) {
      const { line: number, offset } = line;
      telling.add(clock.stamped({ kind, text: quoted(plain), file, line: number, offset }));
    }
  });

  return {
    file,
    feed: (bytes) => splitter.feed(bytes),
    finish: () => splitter.finish(),
    series: () => [...stores.values()].map((store) => store.series()),
    tracebacks: () => tracebacks.items(),
    telling: () => telling.items(),
    lastLines: () => tail.lines(),
    unread: () =>
      firstUnread === undefined
        ? { count: unreadCount }
        : { count: unreadCount, first: firstUnread },
    metricsEnd: () => metricsEnd,
    facts: () => facts.facts(),
    lines: () => splitter.lines(),
    bytes: () => splitter.bytes(),
  };
}

const quoted = (plain: string): string => ownCopy(plain.trim().slice(0, QUOTED_CHARS));

/** The last lines that say something; of a line that was redrawn, its last form. */
function createTail(): {
  add(line: number, plain: string): void;
  lines(): readonly string[];
} {
  const kept: { line: number; text: string }[] = [];
  return {
    add(line, plain) {
      if (plain.trim() === "") return;
      const text = plain.length > QUOTED_CHARS ? ownCopy(plain.slice(0, QUOTED_CHARS)) : plain;
      if (kept.at(-1)?.line === line) kept.pop();
      kept.push({ line, text: text.trimEnd() });
      if (kept.length > LAST_LINES) kept.shift();
    },
    lines: () => kept.map((each) => each.text),
  };
}

/** Gives things without a stamp of their own that of the line above them or of the next. */
function createStampClock(): {
  see(line: number, stampMs: number | undefined): void;
  stamped<T extends { readonly line: number }>(thing: T): T & Stamped;
} {
  let last: { line: number; stampMs: number } | undefined;
  let waiting: Stamped[] = [];
  return {
    see(line, stampMs) {
      if (stampMs === undefined) return;
      last = { line, stampMs };
      for (const thing of waiting) thing.stampMs = stampMs;
      waiting = [];
    },
    stamped(thing) {
      const above = last !== undefined && thing.line - last.line <= 1;
      const stamped: typeof thing & Stamped = { ...thing };
      if (above && last !== undefined) stamped.stampMs = last.stampMs;
      else {
        waiting.push(stamped);
        if (waiting.length > 2 * TOLD_LINES_EACH_END) waiting.shift();
      }
      return stamped;
    },
  };
}
