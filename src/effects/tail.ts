// Reads what is new in a run's logs, a bounded piece at a time, and feeds it to a reader.
// What the bytes say is in observe/; when to look is the loop's business.
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LOGS_PER_RUN, READ_CHUNK, TAIL_MARK_BYTES } from "../limits.ts";
import type { RunReading } from "../model/sample.ts";
import { type RunReader, createRunReader } from "../observe/run-reader.ts";

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

/** Follows `<runDir>/logs/*.log`; nothing is read before the first poll. */
export function openTail(runDir: string): RunTail {
  const reader = createRunReader();
  const files = new Map<string, Followed>();
  const buffer = new Uint8Array(READ_CHUNK + TAIL_MARK_BYTES);

  const poll = async (): Promise<boolean> => {
    const grown: Followed[] = [];
    let news = false;
    for (const found of await logFiles(join(runDir, "logs"))) {
      const followed = follow(files, found);
      if (followed.forget) {
        reader.reset(followed.name);
        followed.forget = false;
        news = true;
      }
      if (followed.size > followed.position) grown.push(followed);
    }
    const share = Math.max(1, Math.floor(READ_CHUNK / Math.max(1, grown.length)));
    for (const file of grown) if (await readNew(file, share, buffer, reader)) news = true;
    return news;
  };

  return {
    reader,
    poll,
    async finish() {
      let left = 0;
      for (const found of await logFiles(join(runDir, "logs"))) left += found.size;
      // A process that survived the run could write for ever: its logs are read once through.
      for (let turns = 2 + Math.ceil((2 * left) / READ_CHUNK) + files.size; turns > 0; turns -= 1) {
        if (!(await poll())) break;
      }
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

/** A log as the folder shows it now. */
interface LogFile {
  /** As the reading names it: `logs/train.log`. */
  readonly name: string;
  readonly path: string;
  /** Device and inode: another one under the same name is another file. */
  readonly identity: string;
  readonly size: number;
}

/** How far a log has been read. */
interface Followed extends LogFile {
  size: number;
  position: number;
  /** The last bytes before `position`: when they changed, the file was written anew. */
  mark: Uint8Array;
  forget: boolean;
}

function follow(files: Map<string, Followed>, found: LogFile): Followed {
  const known = files.get(found.name);
  if (known !== undefined && known.identity === found.identity && found.size >= known.position) {
    known.size = found.size;
    return known;
  }
  const fresh = { ...found, position: 0, mark: new Uint8Array(0), forget: known !== undefined };
  files.set(found.name, fresh);
  return fresh;
}

/**
 * The regular files `*.log` of a folder, by name. Links are followed once: a link to a log that
 * is there itself, a loop, a pipe, a folder and what vanishes meanwhile are passed over.
 */
async function logFiles(folder: string): Promise<readonly LogFile[]> {
  const names = await readdir(folder).catch(() => []);
  const logs = names.filter((name) => name.endsWith(".log")).toSorted();
  const found: (LogFile & { readonly link: boolean })[] = [];
  for (const name of logs.slice(0, LOGS_PER_RUN)) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() !== true) continue;
    const link = (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? true;
    const identity = `${facts.dev}:${facts.ino}`;
    found.push({ name: `logs/${name}`, path, identity, size: facts.size, link });
  }
  const seen = new Set<string>();
  return found
    .toSorted((a, b) => Number(a.link) - Number(b.link))
    .filter(({ identity }) => !seen.has(identity) && seen.add(identity))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
      return true;
    }
    const read = await readAt(handle, buffer.subarray(mark.length), most, file.position);
    if (read === 0) return false;
    reader.feed(file.name, buffer.subarray(mark.length, mark.length + read));
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
