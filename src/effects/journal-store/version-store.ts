// Every settled version of one journal, so that a person can get any byte back that was ever saved.
// What is kept and when is for the callers; the folder's file names are the whole index.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, gunzip, zstdCompress, zstdDecompress } from "node:zlib";
import { syncFolder } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";

/** Kept versions of one journal: their number (two hours of a save each 4 s), size and age. */
const KEPT_VERSIONS = 2_000;
const KEPT_BYTES = 256 * 2 ** 20;
const KEPT_MS = 90 * 86_400_000;

export interface KeptVersion {
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly hash: string;
  /** Bytes of the version, unpacked. */
  readonly size: number;
  /** When it was last seen, ms since 1970 (UTC). */
  readonly atMs: number;
  /** A person was told of it: others go first. */
  readonly told: boolean;
}

export interface KeepOptions {
  /** SHA-256 of the bytes where it is known: a long journal takes a while to hash. */
  readonly hash?: string;
  /** When the version was seen, ms since 1970; now by default. */
  readonly atMs?: number;
  /** A person is being told that it can be had back. */
  readonly told?: boolean;
  /** Bounds, for tests. */
  readonly maxVersions?: number;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

interface Stored extends KeptVersion {
  readonly name: string;
}

/**
 * `<ms since 1970, 15 digits>-<bytes>-<sha256>[-told].zst`: a listing in order of names is one in
 * time. The first release packed with gzip.
 */
const STORED_NAME = /^(\d{15})-(\d{1,15})-([0-9a-f]{64})(-told)?\.(?:zst|gz)$/;

/** Level 1 of zstd takes 2 ms for 10 MB of text, gzip a second: every save waits for it. */
const packing = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);
const unpackOld = promisify(gunzip);

/** One keeping at a time for each folder: making room must see what was just added. */
const turns = new Map<string, Promise<unknown>>();

/**
 * Keep a version durably and return its hash. The same bytes are stored once; kept again, they
 * move to the end of the list. The oldest versions beyond KEPT_VERSIONS, KEPT_BYTES or KEPT_MS go,
 * those that a person was told of after all others, and never the one just kept. Rejects with the system's error (ENOSPC…): then nothing was kept.
 */
export async function keepVersion(
  folder: string,
  content: Uint8Array | string,
  options: KeepOptions = {},
): Promise<string> {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const before = turns.get(folder) ?? Promise.resolve();
  const turn = before.then(() => keep(folder, bytes, options));
  const settled = turn.catch(() => undefined);
  turns.set(folder, settled);
  try {
    return await turn;
  } finally {
    if (turns.get(folder) === settled) turns.delete(folder);
  }
}

/** Versions kept in a folder, oldest first; none where the folder is absent. */
export async function listVersions(folder: string): Promise<readonly KeptVersion[]> {
  const stored = await readStored(folder);
  return stored.map(({ hash, size, atMs, told }) => ({ hash, size, atMs, told }));
}

/** The exact bytes of a version, or undefined where it is not kept or no longer whole. */
export async function getVersion(folder: string, hash: string): Promise<Buffer | undefined> {
  const found = (await readStored(folder)).find((version) => version.hash === hash);
  if (found === undefined) return undefined;
  try {
    const packed = await readFile(join(folder, found.name));
    const bytes = await (found.name.endsWith(".gz") ? unpackOld(packed) : unpack(packed));
    return sha256(bytes) === hash ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a version is kept. */
export async function hasVersion(folder: string, hash: string): Promise<boolean> {
  return (await readStored(folder)).some((version) => version.hash === hash);
}

async function keep(folder: string, bytes: Uint8Array, options: KeepOptions): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const hash = options.hash ?? sha256(bytes);
  const atMs = Math.min(Math.max(0, Math.round(options.atMs ?? Date.now())), 1e15 - 1);
  const stored = await readStored(folder);
  const same = stored.filter((version) => version.hash === hash);
  const told = options.told === true || same.some((version) => version.told);
  const stamp = String(atMs).padStart(15, "0");
  const name = `${stamp}-${bytes.length}-${hash}${told ? "-told" : ""}.zst`;
  const [first, ...doubles] = same;
  if (first === undefined) await store(folder, name, bytes);
  else if (first.atMs < atMs || first.told !== told) {
    const packedAs = first.name.endsWith(".gz") ? name.replace(/zst$/, "gz") : name;
    await rename(join(folder, first.name), join(folder, packedAs));
  }
  await syncFolder(folder);
  const others = stored.filter((version) => version.hash !== hash);
  // What a person was told of goes last.
  const inTurn = [...others.filter((one) => !one.told), ...others.filter((one) => one.told)];
  await makeRoom(folder, inTurn, bytes.length, { ...options, atMs });
  for (const double of doubles) await unlink(join(folder, double.name)).catch(() => undefined);
  return hash;
}

async function store(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temp = join(folder, `.${randomBytes(6).toString("hex")}.new`);
  try {
    const file = await open(temp, "wx", 0o600);
    try {
      await file.writeFile(await pack(bytes, packing));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, join(folder, name));
  } catch (error) {
    await unlink(temp).catch(() => undefined);
    throw error;
  }
}

/** Drop the oldest of the others until the bounds hold. Sizes on disk are asked for only in need. */
async function makeRoom(
  folder: string,
  others: readonly Stored[],
  newSize: number,
  options: KeepOptions,
): Promise<void> {
  const maxVersions = options.maxVersions ?? KEPT_VERSIONS;
  const maxBytes = options.maxBytes ?? KEPT_BYTES;
  let unpacked = newSize;
  for (const version of others) unpacked += version.size;
  const sizes = new Map<string, number>();
  let total = 0;
  if (unpacked > maxBytes) {
    // The new one counts unpacked: an upper bound that spares asking for its size.
    total = newSize;
    for (const version of others) {
      const size = await stat(join(folder, version.name)).then(
        (found) => found.size,
        () => 0,
      );
      sizes.set(version.name, size);
      total += size;
    }
  }
  const oldestMs = (options.atMs ?? Date.now()) - (options.maxAgeMs ?? KEPT_MS);
  let count = others.length + 1;
  for (const version of others) {
    const fits = count <= maxVersions && total <= maxBytes;
    if (fits && version.atMs >= oldestMs) continue;
    await unlink(join(folder, version.name)).catch(() => undefined);
    total -= sizes.get(version.name) ?? 0;
    count -= 1;
  }
}

async function readStored(folder: string): Promise<readonly Stored[]> {
  let names: readonly string[];
  try {
    names = await readdir(folder);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  const stored: Stored[] = [];
  for (const name of names) {
    const match = STORED_NAME.exec(name);
    const [, atMs, size, hash, told] = match ?? [];
    if (atMs === undefined || size === undefined || hash === undefined) continue;
    const numbers = { size: Number(size), atMs: Number(atMs) };
    stored.push({ name, hash, ...numbers, told: told !== undefined });
  }
  return stored.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
