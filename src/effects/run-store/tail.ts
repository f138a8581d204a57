// Reads what is new in a run's logs, a bounded amount at a time, and feeds it to a reader.
// src/logs/ parses the bytes; the caller decides when to poll.
import { type FileHandle } from "node:fs/promises";
import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { RunReading } from "../../domain/sample.ts";
import type { OwnFormat } from "../../logs/lines/metric-line.ts";
import { type RunReader, createRunReader } from "../../logs/run-reader.ts";
import { type LogFile, findLogFiles } from "./log-files.ts";
import { ownFormatOf } from "./run-plan.ts";
import { type Unpacker, createUnpacker } from "../os/unpack.ts";
import { orTold } from "../os/unread.ts";
import { open } from "../os/lab-files.ts";

/** Most bytes read per poll, shared among the logs that have grown. */
export const READ_CHUNK = 1 << 20;
/** Bytes parsed before the clock is checked: the slowest logs, endless prose, take 10 ms for it. */
const SLICE_BYTES = 1 << 16;
/** Longest time spent parsing before other work of the event loop gets its turn. */
const SLICE_MS = 8;
/** Bytes before the read position that are compared to detect a rewritten log. */
const TAIL_MARK_BYTES = 64;

export interface RunTail {
  /**
   * Reads at most READ_CHUNK bytes, shared among the logs that have grown. True when something was
   * read, or discarded because a log was replaced: there may be more, so poll again. Missing
   * folders and unreadable files count as empty. Calls must not overlap.
   */
  poll(): Promise<boolean>;
  /** The run has ended: reads what its logs hold by now, including an unterminated last line. */
  finish(): Promise<void>;
  readonly reader: RunReader;
}

/** Follows the logs of a run folder; nothing is read before the first poll. */
export function openTail(runDir: string): RunTail {
  let own: { readonly format: OwnFormat | undefined } | undefined;
  const reader = createRunReader({ own: () => own?.format });
  const files = new Map<string, Followed>();
  let buffer: Uint8Array | undefined;

  const poll = async (): Promise<boolean> => {
    const grown: Followed[] = [];
    let changed = false;
    own ??= { format: await ownFormatOf(runDir) };
    for (const found of await findLogFiles(runDir)) {
      const followed = follow(files, found);
      if (followed.replaced) {
        reader.reset(followed.name);
        followed.replaced = false;
        changed = true;
      }
      if (followed.size > followed.position) grown.push(followed);
    }
    const share = Math.max(1, Math.floor(READ_CHUNK / Math.max(1, grown.length)));
    for (const file of grown) {
      buffer ??= new Uint8Array(READ_CHUNK + TAIL_MARK_BYTES);
      if (await readNew(file, share, buffer, reader)) changed = true;
    }
    return changed;
  };

  return {
    reader,
    poll,
    async finish() {
      let left = 0;
      for (const found of await findLogFiles(runDir)) left += found.size;
      // A process that outlives the run could write for ever, so the number of polls is bounded.
      for (let polls = 2 + Math.ceil((2 * left) / READ_CHUNK) + files.size; polls > 0; polls -= 1) {
        if (!(await poll())) break;
      }
      for (const { unpacker } of files.values()) unpacker?.close();
      reader.finish();
    },
  };
}

/** Reads all logs of a finished run. A folder without logs gives an empty reading. */
export async function readRun(runDir: string): Promise<RunReading> {
  const tail = openTail(runDir);
  await tail.finish();
  return tail.reader.reading();
}

/** How far a log has been read. */
interface Followed extends LogFile {
  size: number;
  position: number;
  /** The last bytes before `position`: if they differ later, the file has been rewritten. */
  mark: Uint8Array;
  /** It was replaced or has become shorter: what was read of it is to be discarded. */
  replaced: boolean;
  /** For a gzip'd log: the unpacker, with all bytes so far fed to it. */
  unpacker: Unpacker | undefined;
}

function follow(files: Map<string, Followed>, found: LogFile): Followed {
  const known = files.get(found.name);
  if (known !== undefined && known.identity === found.identity && found.size >= known.position) {
    known.size = found.size;
    return known;
  }
  known?.unpacker?.close();
  const replaced = known !== undefined;
  const mark = new Uint8Array(0);
  const fresh: Followed = { ...found, position: 0, mark, replaced, unpacker: undefined };
  files.set(found.name, fresh);
  return fresh;
}

/** Reads at most `most` new bytes; false where there are none or the file cannot be read. */
async function readNew(
  file: Followed,
  most: number,
  buffer: Uint8Array,
  reader: RunReader,
): Promise<boolean> {
  return (await orTold(file.path, readOn(file, most, buffer, reader))) ?? false;
}

async function readOn(
  file: Followed,
  most: number,
  buffer: Uint8Array,
  reader: RunReader,
): Promise<boolean> {
  const handle = await open(file.path);
  try {
    const { mark } = file;
    const before = await readAt(handle, buffer, mark.length, file.position - mark.length);
    if (!sameBytes(buffer.subarray(0, before), mark)) {
      reader.reset(file.name);
      file.position = 0;
      file.mark = new Uint8Array(0);
      file.unpacker?.close();
      file.unpacker = undefined;
      return true;
    }
    const read = await readAt(handle, buffer.subarray(mark.length), most, file.position);
    if (read === 0) return false;
    await feed(file, buffer.subarray(mark.length, mark.length + read), reader);
    file.position += read;
    const seen = mark.length + read;
    file.mark = buffer.slice(Math.max(0, seen - TAIL_MARK_BYTES), seen);
    return true;
  } finally {
    await handle.close();
  }
}

/**
 * Feeds the bytes slice by slice and yields to the event loop in between: lines that are all unlike
 * each other take a tenth of a second per megabyte.
 */
async function feed(file: Followed, bytes: Uint8Array, reader: RunReader): Promise<void> {
  let sinceMs = performance.now();
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const slice = bytes.subarray(at, at + SLICE_BYTES);
    if (file.name.endsWith(".gz")) {
      file.unpacker ??= createUnpacker((unpacked) => reader.feed(file.name, unpacked));
      await file.unpacker.feed(slice);
    } else reader.feed(file.name, slice);
    if (performance.now() - sinceMs < SLICE_MS) continue;
    await yieldToEventLoop();
    sinceMs = performance.now();
  }
}

/** Fills `into` with up to `most` bytes from `position` on, and returns how many it read. */
async function readAt(
  handle: FileHandle,
  into: Uint8Array,
  most: number,
  position: number,
): Promise<number> {
  let got = 0;
  while (got < most) {
    const { bytesRead } = await handle.read(into, got, most - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
