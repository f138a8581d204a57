// Stores every settled version of one journal, so that the user can restore any text ever saved.
// The names of the folder's files are the index. Callers decide what to keep, and when.
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { constants, gunzip, zstdCompress, zstdDecompress } from "node:zlib";
import { syncFolder } from "../os/atomic-write.ts";
import { orAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "../os/lab-files.ts";

/** Kept versions of one journal: two hours of a save every 4 s. */
const KEPT_VERSIONS = 2_000;
/** Bytes of one journal's kept versions, compressed. */
const KEPT_BYTES = 256 * 2 ** 20;
/** Age of a kept version: 90 days. */
const KEPT_MS = 90 * 86_400_000;
/** When the newest version was last seen is noted to a day: a thousand journals are read at a start. */
const SEEN_AGAIN_MS = 86_400_000;

/** One entry of a listing. */
export interface KeptVersion {
  /** SHA-256 of the bytes, 64 hexadecimal digits. */
  readonly hash: string;
  /** Bytes of the version, uncompressed. */
  readonly size: number;
  /** When it was last seen, ms since 1970 (UTC). */
  readonly atMs: number;
  /** The user was told that it can be restored: others are deleted first. */
  readonly told: boolean;
}

export interface KeepOptions {
  /** SHA-256 of the bytes, if known: hashing a long journal takes a while. */
  readonly hash?: string;
  /** When the version was seen, ms since 1970; now by default. */
  readonly atMs?: number;
  /** The user is being told that it can be restored. */
  readonly told?: boolean;
  /** Replace KEPT_VERSIONS, KEPT_BYTES and KEPT_MS; for tests. */
  readonly maxVersions?: number;
  readonly maxBytes?: number;
  readonly maxAgeMs?: number;
}

interface Stored extends KeptVersion {
  readonly name: string;
}

/**
 * `<ms since 1970, 15 digits>-<bytes>-<sha256>[-told].zst`: sorted by name is sorted by time.
 * The first release compressed with gzip.
 */
const STORED_NAME = /^(\d{15})-(\d{1,15})-([0-9a-f]{64})(-told)?\.(?:zst|gz)$/;

/** Every save waits for this: level 1 of zstd takes 2 ms for 10 MB of text, gzip a second. */
const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const decompressGzip = promisify(gunzip);

/** The last call of `keep` for each folder: they run one by one, since each reads the listing. */
const lastKeep = new Map<string, Promise<unknown>>();

/**
 * Keeps a version durably and returns its hash. The same bytes are stored once; kept again, they
 * move to the end of the list. The oldest versions beyond KEPT_VERSIONS, KEPT_BYTES or KEPT_MS are
 * deleted, those that the user was told of after all others, and never the one just kept. Rejects
 * with the system's error (ENOSPC…) if nothing was kept.
 */
export async function keepVersion(
  folder: string,
  content: Uint8Array | string,
  options: KeepOptions = {},
): Promise<string> {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const before = lastKeep.get(folder) ?? Promise.resolve();
  const turn = before.then(() => keep(folder, bytes, options));
  // Any failure is the caller's, below.
  const settled = turn.catch(() => undefined);
  lastKeep.set(folder, settled);
  try {
    return await turn;
  } finally {
    if (lastKeep.get(folder) === settled) lastKeep.delete(folder);
  }
}

/** Versions kept in a folder, oldest first; none if the folder is absent. */
export async function listVersions(folder: string): Promise<readonly KeptVersion[]> {
  const stored = await readStored(folder);
  return stored.map(({ hash, size, atMs, told }) => ({ hash, size, atMs, told }));
}

/**
 * The exact bytes of a version, or undefined if it is not kept or its file is damaged. Rejects where
 * that cannot be read.
 */
export async function getVersion(folder: string, hash: string): Promise<Buffer | undefined> {
  const found = (await readStored(folder)).find((version) => version.hash === hash);
  if (found === undefined) return undefined;
  const path = join(folder, found.name);
  const compressed = await orAbsent(readFile(path)).catch((error: unknown) => {
    throw new Error(`the kept version ${path} cannot be read`, { cause: error });
  });
  if (compressed === undefined) return undefined;
  try {
    const bytes = await (found.name.endsWith(".gz")
      ? decompressGzip(compressed)
      : decompress(compressed));
    return sha256(bytes) === hash ? bytes : undefined;
  } catch {
    // Any failure: these are not the bytes that were compressed.
    return undefined;
  }
}

/** Whether a version is kept. */
export async function hasVersion(folder: string, hash: string): Promise<boolean> {
  return (await readStored(folder)).some((version) => version.hash === hash);
}

/** Whether keeping a text once more would change nothing, by the newest version of its folder. */
export const isKeptAlready = (
  newest: KeptVersion | undefined,
  hash: string,
  atMs: number,
): boolean => newest?.hash === hash && atMs - newest.atMs < SEEN_AGAIN_MS;

async function keep(folder: string, bytes: Uint8Array, options: KeepOptions): Promise<string> {
  const hash = options.hash ?? sha256(bytes);
  const atMs = Math.min(Math.max(0, Math.round(options.atMs ?? Date.now())), 1e15 - 1);
  const stored = await readStored(folder);
  const newest = stored.at(-1);
  const isTold = options.told !== true || newest?.told === true;
  if (isTold && isKeptAlready(newest, hash, atMs)) return hash;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const same = stored.filter((version) => version.hash === hash);
  const told = options.told === true || same.some((version) => version.told);
  const stamp = String(atMs).padStart(15, "0");
  const name = `${stamp}-${bytes.length}-${hash}${told ? "-told" : ""}.zst`;
  const [first, ...duplicates] = same;
  if (first === undefined) await store(folder, name, bytes);
  else if (first.atMs < atMs || first.told !== told) {
    const newName = first.name.endsWith(".gz") ? name.replace(/zst$/, "gz") : name;
    await rename(join(folder, first.name), join(folder, newName));
  }
  await syncFolder(folder);
  const others = stored.filter((version) => version.hash !== hash);
  // Versions that the user was told of are deleted last.
  const deletable = [...others.filter((one) => !one.told), ...others.filter((one) => one.told)];
  await makeRoom(folder, deletable, bytes.length, { ...options, atMs });
  // Any failure: it is deleted another time.
  for (const duplicate of duplicates)
    await unlink(join(folder, duplicate.name)).catch(() => undefined);
  return hash;
}

async function store(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temp = join(folder, `.${randomBytes(6).toString("hex")}.new`);
  try {
    const file = await open(temp, "wx", 0o600);
    try {
      await file.writeFile(await compress(bytes, COMPRESSION));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, join(folder, name));
  } catch (error) {
    // Any failure: the error that is thrown says more.
    await unlink(temp).catch(() => undefined);
    throw error;
  }
}

/**
 * Deletes the first of the others until the bounds hold. Sizes on disk are read only if the
 * uncompressed sizes exceed the bound.
 */
async function makeRoom(
  folder: string,
  others: readonly Stored[],
  newSize: number,
  options: KeepOptions,
): Promise<void> {
  const maxVersions = options.maxVersions ?? KEPT_VERSIONS;
  const maxBytes = options.maxBytes ?? KEPT_BYTES;
  let uncompressed = newSize;
  for (const version of others) uncompressed += version.size;
  const sizes = new Map<string, number>();
  let total = 0;
  if (uncompressed > maxBytes) {
    // The new version counts uncompressed: an upper bound that saves one `stat`.
    total = newSize;
    for (const version of others) {
      const size = (await orAbsent(stat(join(folder, version.name))))?.size ?? 0;
      sizes.set(version.name, size);
      total += size;
    }
  }
  const oldestMs = (options.atMs ?? Date.now()) - (options.maxAgeMs ?? KEPT_MS);
  let count = others.length + 1;
  for (const version of others) {
    const fits = count <= maxVersions && total <= maxBytes;
    if (fits && version.atMs >= oldestMs) continue;
    // Any failure: it is deleted another time.
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
