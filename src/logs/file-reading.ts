// Chooses the reader for one log file by its name, and gives all kinds of file one interface.
// Which files count for a run's metrics, and how they are merged, is decided in run-reader.ts.
import type { LineFacts, Series } from "../domain/sample.ts";
import { createDelimitedReading, isDelimited } from "./formats/delimited.ts";
import { createEventReading, isEventFile } from "./formats/tensorboard.ts";
import { createTrainerStateReading, isTrainerState } from "./formats/trainer-state.ts";
import { createLineFacts } from "./lines/line-facts.ts";
import type { RecordReading } from "./record-reading.ts";
import {
  type MetricSink,
  type MetricsEnd,
  type RunBudget,
  createMetricSink,
} from "./series/metric-sink.ts";
import type { FileUnread } from "./lines/unread-lines.ts";
import type { FileDeathMarker, FileTraceback, TextOptions } from "./lines/line-reader.ts";
import { createTextReading } from "./lines/text-reading.ts";

/** What one file holds, as far as it has been read. */
export interface FileReading {
  readonly file: string;
  feed(bytes: Uint8Array): void;
  finish(): void;
  series(): readonly Series[];
  tracebacks(): readonly FileTraceback[];
  deathMarkers(): readonly FileDeathMarker[];
  lastLines(): readonly string[];
  unread(): FileUnread;
  metricsEnd(): MetricsEnd;
  facts(): LineFacts;
  lines(): number;
  bytes(): number;
  /** Gives the file's series back to the run's budget. */
  drop(): void;
}

/** Starts reading a file, named `file` relative to its run folder; `budget` is the run's. */
export function createFileReading(
  file: string,
  budget: RunBudget,
  options: TextOptions = {},
): FileReading {
  const sink = createMetricSink(file, budget);
  const metrics = {
    file,
    series: () => sink.series(),
    metricsEnd: () => sink.metricsEnd(),
    drop: () => sink.drop(),
  };
  const records = recordReading(file, sink);
  if (records === undefined) return { ...createTextReading(file, sink, options), ...metrics };
  const facts = createLineFacts(file);
  return {
    ...records,
    ...metrics,
    tracebacks: () => [],
    deathMarkers: () => [],
    lastLines: () => [],
    facts: () => facts.facts(),
  };
}

function recordReading(file: string, sink: MetricSink): RecordReading | undefined {
  const name = file.slice(file.lastIndexOf("/") + 1).replace(/\.gz$/, "");
  if (isDelimited(name)) return createDelimitedReading(file, sink);
  if (isEventFile(name)) return createEventReading(file, sink);
  if (isTrainerState(name)) return createTrainerStateReading(file, sink);
  return undefined;
}
