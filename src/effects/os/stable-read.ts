// Reading a file that somebody may be saving at this moment: a whole version of it, or "busy".
// What the text means, and how long an absent path counts as busy, is for the callers.
import { createHash } from "node:crypto";
import type { Stats } from "node:fs";
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { decodeUtf8 } from "./decode-text.ts";
import { errorCode } from "./error-code.ts";
import { readLeaseStands, releaseLease, takeReadLease } from "./native.ts";

/** A journal larger than this is not read: no person wrote it. */
export const JOURNAL_BYTES = 64 * 2 ** 20;
/** Where no lease tells of writers: two reads this far apart must be equal. */
export const EQUAL_READS_MS = 500;
/** A text shorter than the last one by more than this share and size may be a save half done... */
export const TORN_SHARE = 0.1;
export const TORN_BYTES = 1024;
/** ...as may an empty one: both are believed once they have stayed so for this long. */
export const TORN_WAIT_MS = 10_000;

export type StableRead =
  | {
      readonly kind: "text";
      /** Encoding it as UTF-8 gives the file's bytes; a byte-order mark is its first character. */
      readonly text: string;
      /** The file's bytes, for who keeps them. */
      readonly bytes: Buffer;
      /** SHA-256 of the bytes, equal to `hashText(text)`. */
      readonly hash: string;
      readonly mtimeMs: number;
      /** Bytes. */
      readonly size: number;
      /** No half save: a lease said that nobody wrote, or it has stood for TORN_WAIT_MS. */
      readonly proved: boolean;
    }
  | NotRead;

export type SettledBytes =
  | {
      readonly kind: "bytes";
      readonly bytes: Buffer;
      readonly hash: string;
      readonly mtimeMs: number;
      readonly proved: boolean;
    }
  | NotRead;

export type NotRead =
  | { readonly kind: "absent" }
  /** Somebody is saving it, or it looks as if: ask again. */
  | { readonly kind: "busy"; readonly why: string }
  /** Asking again does not help before somebody acts. */
  | { readonly kind: "unreadable"; readonly why: string };

export interface StableReadOptions {
  /** Bytes of the last settled version, if there was one: much less than it looks torn. */
  readonly lastSize?: number;
  /** The clock, ms since 1970. */
  readonly now?: () => number;
  /** False: never ask for a lease, as on platforms without. */
  readonly leases?: boolean;
  /** Pause between two equal reads where no lease can be had; for tests. */
  readonly equalReadsMs?: number;
}

/** What an open file was like while it could be held still. */
export interface StillRead {
  readonly bytes: Buffer;
  readonly hash: string;
  readonly descriptor: number;
  readonly stat: Stats;
  /** Nobody can write to the file until the descriptor is closed. */
  readonly leased: boolean;
}

/**
 * Read a whole version of a text file, following symlinks. A read lease, where one can be had,
 * says at once whether somebody is writing; elsewhere two equal reads EQUAL_READS_MS apart do.
 * Never rejects and never opens a file that could block (a pipe, a device).
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
      const { hash, mtimeMs, proved, bytes } = read;
      const { text } = decoded;
      return { kind: "text", text, bytes, hash, mtimeMs, size: bytes.length, proved };
    }
    case "not-utf8":
      return { kind: "unreadable", why: notUtf8(read.bytes, decoded.byteOffset) };
  }
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
  return { kind: "bytes", bytes, hash, mtimeMs: stat.mtimeMs, proved };
}

/**
 * Why a version looks like an editor's half-done save, or undefined where it does not: empty, or
 * more than TORN_SHARE and TORN_BYTES shorter than the last one, and so for less than TORN_WAIT_MS.
 * An age below zero comes from a server's clock; beyond the wait it proves nothing and counts as
 * old.
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
 * Open a file, hold it still with a lease where possible, read it, and call `use` before letting
 * go. It runs without a pause, since a writer who comes meanwhile waits for it. What `use` throws
 * passes through.
 */
export function holdStill<T>(
  path: string,
  leases: boolean,
  use: (read: StillRead) => T,
): HeldFile<T> {
  let descriptor: number;
  try {
    // Without O_NONBLOCK a pipe, or a file with another program's lease, would stop the daemon.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return notOpened(error);
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
    if (!found.isFile()) return { kind: "unreadable", why: "it is not a regular file" };
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
    // Time and size may be newer than before the lease.
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

function notOpened(error: unknown): NotRead {
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
      return { kind: "unreadable", why: "this user may not read it: see its mode and owner" };
    case "ELOOP":
      return { kind: "unreadable", why: "its symlinks lead in a circle" };
    default:
      return { kind: "unreadable", why: `it cannot be opened (${code || String(error)})` };
  }
}

function notUtf8(bytes: Buffer, byteOffset: number): string {
  const utf16 = bytes.length > 1 && [0xfeff, 0xfffe].includes(bytes.readUInt16BE(0));
  const guess = utf16 ? "it looks like UTF-16" : "an older encoding, or not a text";
  return `byte ${byteOffset} is not UTF-8 (${guess}): save it as UTF-8`;
}
