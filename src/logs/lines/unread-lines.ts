// Counts the metric lines of one file that could not be parsed, and keeps a few as samples.
// Which lines these are is decided by line-reader.ts and the formats.
import type { LogPlace } from "../../domain/sample.ts";
import { quoted, utf8 } from "./line-bytes.ts";

/** Samples kept for a person to see. */
export const UNREAD_SAMPLES = 5;

export interface FileUnread {
  /** Metric lines that could not be parsed. */
  readonly count: number;
  /** The first UNREAD_SAMPLES of them. */
  readonly samples: readonly (LogPlace & { readonly text: string })[];
}

export interface UnreadLines {
  readonly add: (line: number, offset: number, bytes: Uint8Array, from: number, to: number) => void;
  readonly facts: () => FileUnread;
}

/** Starts with none; `file` is the name in the samples' positions. */
export function createUnreadLines(file: string): UnreadLines {
  const samples: FileUnread["samples"][number][] = [];
  let count = 0;
  return {
    add(line, offset, bytes, from, to) {
      count += 1;
      if (samples.length >= UNREAD_SAMPLES) return;
      samples.push({ file, line, offset, text: quoted(utf8(bytes, from, to)) });
    },
    facts: () => ({ count, samples: [...samples] }),
  };
}
