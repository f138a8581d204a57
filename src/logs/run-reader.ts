// Reads the logs of one run as their bytes arrive, and gives at any time what they hold so far.
// Bytes come from effects/run-store/tail.ts; whether something is wrong is judged in rules/.
import { canonicalMetric } from "../domain/metric-key.ts";
import type { RunReading, Series, DeathMarker, Traceback } from "../domain/sample.ts";
import { type FileReading, createFileReading } from "./file-reading.ts";
import { UNREAD_SAMPLES } from "./lines/unread-lines.ts";
import { mergeSeries } from "./series/merge.ts";
import { createRunBudget } from "./series/metric-sink.ts";
import type { FileTraceback, TextOptions } from "./lines/line-reader.ts";

export interface RunReader {
  /** The next bytes of a file, whose name is relative to the run folder: `logs/train.log`. */
  feed(file: string, bytes: Uint8Array): void;
  /** The run has ended: what is after the last line end counts as a line. */
  finish(): void;
  /** The file shrank or was replaced: forgets it; its bytes are fed again from the start. */
  reset(file: string): void;
  /** What the logs hold so far. The object given does not change when more is fed. */
  reading(): RunReading;
}

/** A reader that has read nothing. */
export function createRunReader(options: TextOptions = {}): RunReader {
  const files = new Map<string, FileReading>();
  const budget = createRunBudget();
  let kept: RunReading | undefined;
  return {
    feed(file, bytes) {
      let found = files.get(file);
      if (found === undefined) {
        found = createFileReading(file, budget, options);
        files.set(file, found);
      }
      found.feed(bytes);
      kept = undefined;
    },
    finish() {
      for (const file of files.values()) file.finish();
      kept = undefined;
    },
    reset(file) {
      files.get(file)?.drop();
      files.delete(file);
      kept = undefined;
    },
    reading() {
      kept ??= readingOf([...files.values()].toSorted((a, b) => compare(a.file, b.file)));
      return kept;
    },
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Whether a file is the copy of what the script prints, which most scripts also log elsewhere. */
export function isConsole(file: string): boolean {
  return file === "console.log" || file.endsWith("/console.log");
}

function readingOf(files: readonly FileReading[]): RunReading {
  const logs = files.filter((file) => !isConsole(file.file));
  const sources = logs.some((file) => file.metricsEnd().offset >= 0) ? logs : files;
  return {
    series: seriesOf(sources),
    tracebacks: files.flatMap((file) =>
      file.tracebacks().map((found): Traceback => {
        const { stampMs: _, ...rest } = found;
        const metric = metricAfter(file, { ...found, offset: found.lastLineOffset }, sources);
        const late = isLate(file, found);
        return { ...rest, file: file.file, metricAfter: metric, late };
      }),
    ),
    deathMarkers: files.flatMap((file) =>
      file.deathMarkers().map((found): DeathMarker => {
        const { stampMs: _, ...rest } = found;
        return { ...rest, metricAfter: metricAfter(file, found, sources) };
      }),
    ),
    lastLines: lastLines(files),
    unread: unreadOf(sources),
    lineFacts: files.map((file) => file.facts()),
    files: files.map((file) => ({ file: file.file, lines: file.lines(), bytes: file.bytes() })),
  };
}

/**
 * Text logs first. Records that a framework keeps beside them (tables, event files) repeat them, so
 * they only add metrics that no better source has.
 */
function seriesOf(files: readonly FileReading[]): readonly Series[] {
  const all: Series[] = [];
  const has = new Set<string>();
  for (const tier of [0, 1, 2]) {
    const merged = mergeSeries(
      files.filter(({ file }) => tierOf(file) === tier).map((file) => file.series()),
    );
    const added = merged.filter(({ summary }) => !has.has(canonicalMetric(summary.key)));
    for (const { summary } of added) has.add(canonicalMetric(summary.key));
    all.push(...added);
  }
  return all;
}

function tierOf(file: string): number {
  if (file.includes("tfevents")) return 2;
  return /\.[ct]sv(?:\.gz)?$|trainer_state\.json$/.test(file) ? 1 : 0;
}

/** A script may print this many lines on its way out: in a short log more than a fifth of it. */
const LATE_LINES = 5;

/** Whether a traceback is at the end of its log: in the last fifth, or near the last line. */
function isLate(file: FileReading, found: FileTraceback): boolean {
  const end = found.lastLineOffset + Buffer.byteLength(found.lastLine);
  return end >= 0.8 * file.bytes() || file.lines() - found.lastLineNumber <= LATE_LINES;
}

/** Stamps of some logs are whole seconds: only a stamp this much later is surely later. */
const STAMP_GRAIN_MS = 1_000;

/** Whether metrics were logged after `found`: further down in its file, or later in another. */
function metricAfter(
  file: FileReading,
  found: { readonly offset: number; readonly stampMs?: number },
  sources: readonly FileReading[],
): boolean {
  if (file.metricsEnd().offset > found.offset) return true;
  const { stampMs } = found;
  if (stampMs === undefined) return false;
  return sources.some((other) => {
    const end = other.metricsEnd().stampMs;
    return other !== file && end !== undefined && end >= stampMs + STAMP_GRAIN_MS;
  });
}

/** The last lines of the console, or of the only log where there is no console. */
function lastLines(files: readonly FileReading[]): readonly string[] {
  const console = files.find((file) => isConsole(file.file));
  const only = files.length === 1 ? files[0] : undefined;
  return (console ?? only)?.lastLines() ?? [];
}

function unreadOf(files: readonly FileReading[]): RunReading["unread"] {
  const logs = files.filter((file) => !isConsole(file.file));
  const counted = logs.some((file) => file.unread().count > 0) ? logs : files;
  const count = counted.reduce((sum, file) => sum + file.unread().count, 0);
  const samples = counted.flatMap((file) => file.unread().samples).slice(0, UNREAD_SAMPLES);
  const [first] = samples;
  return first === undefined ? { count } : { count, first, samples };
}
