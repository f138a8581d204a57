// Metric lines of one file that no format understood: how many, and a few of them as samples.
// Which lines these are is decided by the readers.
import type { LogPlace } from "../../domain/sample.ts";
import { quoted, utf8 } from "./line-bytes.ts";

/** Lines not understood that are kept for a person to see. */
export const UNREAD_SAMPLES = 5;

export interface FileUnread {
  readonly count: number;
  readonly samples: readonly (LogPlace & { readonly text: string })[];
}

export interface UnreadLines {
  readonly add: (line: number, offset: number, bytes: Uint8Array, from: number, to: number) => void;
  readonly facts: () => FileUnread;
}

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
