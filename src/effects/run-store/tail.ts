// Reads what is new in a run's logs, a bounded piece at a time, and feeds it to a reader.
// What the bytes say is in logs/; when to look is the loop's business.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import type { RunReading } from "../../domain/sample.ts";
import type { OwnFormat } from "../../logs/lines/text-reading.ts";
import { type RunReader, createRunReader } from "../../logs/run-reader.ts";
import { type LogFile, findLogFiles } from "./log-files.ts";
import { ownFormatOf } from "./metrics-pattern.ts";
import { type Unpacker, createUnpacker } from "../os/unpack.ts";

/** Bytes read from one log before others get their turn. */
export const READ_CHUNK = 1 << 20;
/** Of it, so much is read at one go: the slowest logs, prose without end, then take 10 ms. */
const SLICE_BYTES = 1 << 16;
/** After so long everything else takes its turn. */
const SLICE_MS = 8;
/** Bytes before the reading position that are compared before reading on in a log. */
const TAIL_MARK_BYTES = 64;

export interface RunTail {
  /**
   * One turn: at most READ_CHUNK bytes, shared among the logs that have grown. True when
   * something was read or forgotten: there may be more, so ask again. Missing folders and files
   * that cannot be read count as empty. One turn at a time.
   */
  poll(): Promise<boolean>;
  /** The run has ended: reads what its logs hold by now, a last line without its end included. */
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
    let news = false;
    own ??= { format: await ownFormatOf(runDir) };
    for (const found of await findLogFiles(runDir)) {
      const followed = follow(files, found);
      if (followed.forget) {
        reader.reset(followed.name);
        followed.forget = false;
        news = true;
      }
      if (followed.size > followed.position) grown.push(followed);
    }
    const share = Math.max(1, Math.floor(READ_CHUNK / Math.max(1, grown.length)));
    for (const file of grown) {
      buffer ??= new Uint8Array(READ_CHUNK + TAIL_MARK_BYTES);
      if (await readNew(file, share, buffer, reader)) news = true;
    }
    return news;
  };

  return {
    reader,
    poll,
    async finish() {
      let left = 0;
      for (const found of await findLogFiles(runDir)) left += found.size;
      // A process that survived the run could write for ever: its logs are read once through.
      for (let turns = 2 + Math.ceil((2 * left) / READ_CHUNK) + files.size; turns > 0; turns -= 1) {
        if (!(await poll())) break;
      }
      for (const { unpacker } of files.values()) unpacker?.close();
      reader.finish();
    },
  };
}

/** Everything that the logs of a finished run say. A folder without logs gives an empty reading. */
export async function readRun(runDir: string): Promise<RunReading> {
  const tail = openTail(runDir);
  await tail.finish();
  return tail.reader.reading();
}

/** How far a log has been read. */
interface Followed extends LogFile {
  size: number;
  position: number;
  /** The last bytes before `position`: when they changed, the file was written anew. */
  mark: Uint8Array;
  forget: boolean;
  /** Of a gzip'd log, as far as it has been unpacked. */
  unpacker: Unpacker | undefined;
}

function follow(files: Map<string, Followed>, found: LogFile): Followed {
  const known = files.get(found.name);
  if (known !== undefined && known.identity === found.identity && found.size >= known.position) {
    known.size = found.size;
    return known;
  }
  known?.unpacker?.close();
  const forget = known !== undefined;
  const mark = new Uint8Array(0);
  const fresh: Followed = { ...found, position: 0, mark, forget, unpacker: undefined };
  files.set(found.name, fresh);
  return fresh;
}

/** Reads at most `most` new bytes; false when there were none or the file cannot be read. */
async function readNew(
  file: Followed,
  most: number,
  buffer: Uint8Array,
  reader: RunReader,
): Promise<boolean> {
  const handle = await open(file.path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    () => undefined,
  );
  if (handle === undefined) return false;
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
    await hand(file, buffer.subarray(mark.length, mark.length + read), reader);
    file.position += read;
    const seen = mark.length + read;
    file.mark = buffer.slice(Math.max(0, seen - TAIL_MARK_BYTES), seen);
    return true;
  } catch {
    return false;
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/**
 * Feeds the bytes slice by slice and lets everything else take its turn in between: lines that are
 * all unlike each other take a tenth of a second a megabyte.
 */
async function hand(file: Followed, bytes: Uint8Array, reader: RunReader): Promise<void> {
  let sinceMs = performance.now();
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const slice = bytes.subarray(at, at + SLICE_BYTES);
    if (file.name.endsWith(".gz")) {
      file.unpacker ??= createUnpacker((unpacked) => reader.feed(file.name, unpacked));
      await file.unpacker.feed(slice);
    } else reader.feed(file.name, slice);
    if (performance.now() - sinceMs < SLICE_MS) continue;
    await turn();
    sinceMs = performance.now();
  }
}

/** Fills `into` with up to `most` bytes from `position` on; how many there were. */
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
