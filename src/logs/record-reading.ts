// The interface that the readers of CSV files, event files and trainer states share.
// Their metrics go to a MetricSink, so that only the rest is here.
import type { FileUnread } from "./lines/unread-lines.ts";

/** A reader of a file of records, which has no console lines, tracebacks or warnings. */
export interface RecordReading {
  /** Takes the file's next bytes. */
  feed(bytes: Uint8Array): void;
  /** The file is complete. */
  finish(): void;
  unread(): FileUnread;
  /** Lines so far, or records where there are no lines. */
  lines(): number;
  bytes(): number;
}
