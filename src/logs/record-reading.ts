// What the readers of CSV files, event files and trainer states have in common.
import type { FileUnread } from "./lines/unread-lines.ts";

/** A reader of a file that holds records and no words: what all of these have in common. */
export interface RecordReading {
  feed(bytes: Uint8Array): void;
  finish(): void;
  unread(): FileUnread;
  /** Lines, or records where there are no lines. */
  lines(): number;
  bytes(): number;
}
