// Reads a file that somebody may be saving right now: gives a complete version of it, or "busy".
// Callers decide how often to ask again, and how long an absent file counts as busy.
import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { decodeUtf8 } from "./decode-text.ts";
import { errorCode } from "./error-code.ts";
import { LeavingLinkError, mustStay } from "./lab-links.ts";
import { readLeaseStands, releaseLease, takeReadLease } from "./native.ts";

/** A larger file is not read: no person wrote it. */
export const JOURNAL_BYTES = 64 * 2 ** 20;
/** Without a lease, which would detect writers, two reads this far apart must be equal. */
export const EQUAL_READS_MS = 500;
/** A text may be a half-done save if it is shorter than the last one by more than this share... */
export const TORN_SHARE = 0.1;
/** ...and by more than this many bytes. */
export const TORN_BYTES = 1024;
/** A text that is shortened like this, or empty, is believed once it is unchanged for this long. */
export const TORN_WAIT_MS = 10_000;

export type StableRead =
  | {
      readonly kind: "text";
      /** Encoding it as UTF-8 gives the file's bytes; a byte-order mark is its first character. */
      readonly text: string;
      /** The file's bytes. */
      readonly bytes: Buffer;
      /** SHA-256 of the bytes, equal to `hashText(text)`. */
      readonly hash: string;
      readonly mtimeMs: number;
      /** Time since it was last changed, by the file system's clock; may be negative. */
      readonly ageMs: number;
      /** Bytes. */
      readonly size: number;
      /** Certainly not a half-done save: read under a lease, or unchanged for TORN_WAIT_MS. */
      readonly proved: boolean;
    }
  | NotRead;

export type SettledBytes =
  | {
      readonly kind: "bytes";
      readonly bytes: Buffer;
      readonly hash: string;
      readonly mtimeMs: number;
      readonly ageMs: number;
      readonly proved: boolean;
    }
  | NotRead;

/** Asking again is useless until somebody acts. */
export interface UnreadableFile {
  readonly kind: "unreadable";
  readonly why: string;
  /** The way out: a command to copy, or a sentence. */
  readonly fix?: string;
}

export type NotRead =
  | { readonly kind: "absent" }
  /** Somebody is saving it, or seems to be: ask again. */
  | { readonly kind: "busy"; readonly why: string }
  | UnreadableFile;

export interface StableReadOptions {
  /** Bytes of the last settled version, if any: a much shorter text may be a half-done save. */
  readonly lastSize?: number;
  /** The clock, ms since 1970. */
  readonly now?: () => number;
  /** False: take no lease, as on platforms without leases. */
  readonly leases?: boolean;
  /** Replaces EQUAL_READS_MS; for tests. */
  readonly equalReadsMs?: number;
  /** A text with a NUL is unreadable: UTF-16 without its mark, or what a power cut left. */
  readonly refuseNul?: boolean;
}

/** An open file and what was read from it. */
export interface StillRead {
  readonly bytes: Buffer;
  readonly hash: string;
  readonly descriptor: number;
  readonly stat: Stats;
  /** A lease is held: nobody can write to the file until the descriptor is closed. */
  readonly leased: boolean;
}

/**
 * Reads a complete version of a text file, following symlinks within the lab. A read lease shows at once whether
 * somebody is writing; where there are no leases, two reads EQUAL_READS_MS apart must be equal.
 * Never rejects, and never blocks on a pipe or a device.
 */
export async function readSettled(
  path: string,
  options: StableReadOptions = {},
): Promise<StableRead> {
  const read = await readSettledBytes(path, options);
  if (read.kind !== "bytes") return read;
  const decoded = decodeUtf8(read.bytes);
  switch (decoded.kind) {
    case "text": {
      const { text } = decoded;
      const nul = options.refuseNul === true ? read.bytes.indexOf(0) : -1;
      if (nul >= 0) return notText(basename(path), read.bytes, nul);
      return { ...read, kind: "text", text, size: read.bytes.length };
    }
    case "not-utf8":
      return notText(basename(path), read.bytes, decoded.byteOffset);
  }
}

/**
 * Why a file is not read as a text without a NUL, as it is at this moment; undefined where it is
 * read, absent or just being saved. Never throws, and never blocks on a pipe or a device.
 */
export function whyUnreadable(path: string): UnreadableFile | undefined {
  const read = holdStill(path, false, ({ bytes }) => bytes);
  if (read.kind !== "held") return read.kind === "unreadable" ? read : undefined;
  const bytes = read.value;
  const decoded = decodeUtf8(bytes);
  const wrong = decoded.kind === "text" ? bytes.indexOf(0) : decoded.byteOffset;
  return wrong < 0 ? undefined : notText(basename(path), bytes, wrong);
}

/** Like `readSettled`, for bytes of any encoding. */
export async function readSettledBytes(
  path: string,
  options: StableReadOptions = {},
): Promise<SettledBytes> {
  const first = holdStill(path, options.leases ?? true, whatWasRead);
  if (first.kind !== "held") return first;
  if (!first.value.leased) {
    await pause(options.equalReadsMs ?? EQUAL_READS_MS);
    const second = holdStill(path, false, whatWasRead);
    if (second.kind !== "held") return second;
    if (!sameVersion(first.value, second.value)) {
      return { kind: "busy", why: "it changed while it was read" };
    }
  }
  const { bytes, hash, stat } = first.value;
  const changedMs = Math.max(stat.mtimeMs, stat.ctimeMs);
  const ageMs = (options.now ?? Date.now)() - changedMs;
  const torn = looksTorn(bytes.length, options.lastSize, ageMs);
  if (torn !== undefined) return { kind: "busy", why: torn };
  const proved = first.value.leased || Math.abs(ageMs) >= TORN_WAIT_MS;
  return { kind: "bytes", bytes, hash, mtimeMs: stat.mtimeMs, ageMs, proved };
}

/**
 * Why a version looks like an editor's half-done save: it is empty, or shorter than the last one by
 * more than TORN_SHARE and TORN_BYTES, and younger than TORN_WAIT_MS. Undefined where it does not.
 * A file server's clock may run ahead, which gives a negative age; a large one counts as old.
 */
export function looksTorn(
  size: number,
  lastSize: number | undefined,
  ageMs: number,
): string | undefined {
  if (Math.abs(ageMs) >= TORN_WAIT_MS) return undefined;
  if (size === 0) return "it is empty, as in the middle of a save";
  if (lastSize === undefined) return undefined;
  const lost = lastSize - size;
  if (lost <= TORN_BYTES || lost <= lastSize * TORN_SHARE) return undefined;
  return `it just lost ${lost} of its ${lastSize} bytes, as in the middle of a save`;
}

export type HeldFile<T> = { readonly kind: "held"; readonly value: T } | NotRead;

/**
 * Opens a file, takes a lease where possible, reads it, and calls `use` before releasing the lease.
 * All of it is synchronous, since writers are blocked meanwhile. Throws only what `use` throws.
 */
export function holdStill<T>(
  path: string,
  leases: boolean,
  use: (read: StillRead) => T,
): HeldFile<T> {
  let descriptor: number;
  try {
    mustStay(path);
    // Without O_NONBLOCK, a pipe or a file with another program's lease would block the daemon.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return notOpened(path, error);
  }
  try {
    const read = readOpen(path, descriptor, leases);
    if (read.kind !== "held") return read;
    return { kind: "held", value: use(read.value) };
  } finally {
    releaseLease(descriptor);
    closeSync(descriptor);
  }
}

function readOpen(path: string, descriptor: number, leases: boolean): HeldFile<StillRead> {
  try {
    const found = fstatSync(descriptor);
    if (!found.isFile()) return notAFile(found);
    if (found.size > JOURNAL_BYTES) {
      return { kind: "unreadable", why: `it is larger than ${JOURNAL_BYTES} bytes` };
    }
    const lease = leases ? takeReadLease(path, descriptor) : "refused";
    if (lease === "open-for-writing") return { kind: "busy", why: "somebody is writing to it" };
    const leased = lease === "held";
    const bytes = readFileSync(descriptor);
    if (leased && !readLeaseStands(descriptor)) {
      return { kind: "busy", why: "somebody waits to write to it" };
    }
    const hash = createHash("sha256").update(bytes).digest("hex");
    // Again, since time and size may have changed before the lease was taken.
    const stat = fstatSync(descriptor);
    return { kind: "held", value: { bytes, hash, descriptor, stat, leased } };
  } catch (error) {
    return { kind: "unreadable", why: `it cannot be read (${errorCode(error) || String(error)})` };
  }
}

const whatWasRead = (read: StillRead): StillRead => read;

function sameVersion(a: StillRead, b: StillRead): boolean {
  return a.hash === b.hash && a.stat.ino === b.stat.ino && a.stat.mtimeMs === b.stat.mtimeMs;
}

function notOpened(path: string, error: unknown): NotRead {
  if (error instanceof LeavingLinkError) return { kind: "unreadable", why: error.message };
  const code = errorCode(error);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { kind: "absent" };
    case "EAGAIN":
    case "EMFILE":
    case "ENFILE":
    case "EINTR":
      return { kind: "busy", why: `it cannot be opened at this moment (${code})` };
    case "EACCES":
    case "EPERM":
      return {
        kind: "unreadable",
        why: "this user may not read it",
        fix: `chmod u+r ${basename(path)}`,
      };
    case "ENXIO":
      return { kind: "unreadable", why: "it is a socket or a device" };
    case "ELOOP":
      return { kind: "unreadable", why: "its symlinks lead in a circle" };
    default:
      return { kind: "unreadable", why: `it cannot be opened (${code || String(error)})` };
  }
}

function notAFile(found: Stats): UnreadableFile {
  const kind = found.isDirectory() ? "a folder" : found.isFIFO() ? "a pipe" : "a device";
  return { kind: "unreadable", why: `it is ${kind}, not a file` };
}

/** What the bytes look like, and the line that converts them. */
function notText(name: string, bytes: Buffer, byteOffset: number): UnreadableFile {
  const [encoding, guess] = encodingOf(bytes, byteOffset);
  const what = bytes[byteOffset] === 0 ? "NUL" : "not UTF-8";
  const why = `byte ${byteOffset} is ${what} (${guess})`;
  if (encoding === undefined) {
    const fix = `take it out, or get an earlier version back: nightlab history ${name}`;
    return { kind: "unreadable", why, fix };
  }
  const fix = `iconv -f ${encoding} -t UTF-8 ${name} > ${name}.utf8 && mv ${name}.utf8 ${name}`;
  return { kind: "unreadable", why, fix };
}

/** The likely encoding of a text that is not UTF-8, by iconv's name where there is one to try. */
function encodingOf(
  bytes: Buffer,
  byteOffset: number,
): readonly [name: string | undefined, guess: string] {
  const mark = bytes.length > 1 ? bytes.readUInt16BE(0) : 0;
  if (mark === 0xfffe || mark === 0xfeff) return ["UTF-16", "it looks like UTF-16"];
  // Latin letters in UTF-16 are every other byte; a file that a crash left has runs of NUL.
  const zeros = (from: number): number => {
    let count = 0;
    for (let at = from; at < bytes.length; at += 2) if (bytes[at] === 0) count += 1;
    return count / (bytes.length / 2);
  };
  const [even, odd] = [zeros(0), zeros(1)];
  if (odd > 0.5 && even < 0.1) return ["UTF-16LE", "it looks like UTF-16"];
  if (even > 0.5 && odd < 0.1) return ["UTF-16BE", "it looks like UTF-16"];
  if (bytes[byteOffset] !== 0)
    return ["LATIN1", "an older encoding such as Latin-1, or not a text"];
  return [undefined, "a text has none; a power cut may leave some"];
}
