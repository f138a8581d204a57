// Hashes that show whether an experiment's code has changed, and a script's inline metadata.
// scheduler/code.ts decides what a change means.
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CodeSeen } from "../../domain/code.ts";
import { codeFolder, isLeftOut } from "./code-folder.ts";

/** A larger script holds data: only this much of it is hashed, and its size. */
const SCRIPT_BYTES = 16 * 2 ** 20;
/** How many levels of folders are searched for an experiment's code. */
export const CODE_DEPTH = 6;
/** Most scripts of one experiment that are hashed: more is a checkout of something else. */
const CODE_FILES = 2_000;
/** Most folders of one experiment that are searched. */
const CODE_FOLDERS = 1_000;
/** Scripts whose hashes are recorded one by one, so that a change can be reported by name. */
const CODE_FILES_KEPT = 200;
/** Most digests in the cache: they take 200 bytes each. */
const DIGESTS_KEPT = 20_000;
/** A file changed more recently than this may change again without a new mtime. */
const RACY_STAT_MS = 2_000;

/**
 * Hashes the `*.py` files of an experiment, including its packages. Links to files are followed;
 * links to folders and folders of data are left out. Neither times nor the order on disk matter. An
 * unreadable file counts by its name. Never rejects.
 */
export async function codeSeen(experiment: string): Promise<CodeSeen> {
  const found: Found = { names: [], folders: 0 };
  await gather(experiment, "", CODE_DEPTH, found);
  const names = found.names.toSorted();
  const all = createHash("sha256");
  const files = new Map<string, string>();
  for (const [i, name] of names.entries()) {
    const digest = await cachedDigest(join(experiment, name));
    if (digest === undefined) continue;
    all.update(`${JSON.stringify(name)} ${digest}\n`);
    if (i < CODE_FILES_KEPT) files.set(name, digest.slice(0, 16));
  }
  return { hash: all.digest("hex"), files: Object.fromEntries(files) };
}

interface Found {
  readonly names: string[];
  folders: number;
}

async function gather(
  experiment: string,
  below: string,
  depth: number,
  found: Found,
): Promise<void> {
  const path = join(experiment, below);
  const entries =
    below === ""
      ? // Any failure: no script counts, which differs from every other code.
        await readdir(path, { withFileTypes: true }).catch(() => [])
      : ((await codeFolder(path)) ?? []);
  found.folders += 1;
  for (const entry of entries) {
    if (found.names.length >= CODE_FILES) return;
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      const isOpen = depth > 0 && found.folders < CODE_FOLDERS && !isLeftOut(entry.name);
      if (isOpen) await gather(experiment, name, depth - 1, found);
    } else if (entry.name.endsWith(".py")) found.names.push(name);
  }
}

interface CachedDigest {
  readonly stamp: string;
  readonly digest: string;
}

/** Digests by path, so that a hundred commands read an unchanged file only once. */
const cached = new Map<string, CachedDigest>();

async function cachedDigest(path: string): Promise<string | undefined> {
  // Any failure: it counts as unreadable, by its name.
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  if (facts === undefined) return "unreadable";
  // Reading a FIFO would block for ever.
  if (!facts.isFile()) return undefined;
  const stamp = stampOf(facts);
  const known = cached.get(path);
  if (known?.stamp === stamp) return known.digest;
  const digest = await fileDigest(path);
  // A file may change twice within one tick of the file system's clock, so do not cache it yet.
  const racy = Date.now() - Number(facts.mtimeMs) < RACY_STAT_MS;
  if (digest !== undefined && digest !== "unreadable" && !racy) {
    if (cached.size >= DIGESTS_KEPT) cached.clear();
    cached.set(path, { stamp, digest });
  }
  return digest;
}

/** A string that differs whenever the file may have changed. */
export const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

/**
 * SHA-256 of a file's bytes; of a huge one, of its first SCRIPT_BYTES and its size. Undefined for a
 * folder, "unreadable" where it cannot be read.
 */
export async function fileDigest(path: string): Promise<string | undefined> {
  try {
    // Reading a FIFO would block for ever.
    const facts = await stat(path);
    if (!facts.isFile()) return undefined;
    const file = await open(path, "r");
    try {
      const bytes = Buffer.alloc(Math.min(facts.size, SCRIPT_BYTES));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      const hash = createHash("sha256").update(bytes.subarray(0, bytesRead));
      if (facts.size > SCRIPT_BYTES) hash.update(`\n${facts.size}`);
      return hash.digest("hex");
    } finally {
      await file.close();
    }
  } catch {
    // Any failure: it counts as unreadable, by its name.
    return "unreadable";
  }
}

/**
 * The `# /// script` block (PEP 723) of a script, verbatim; undefined where it has none or the
 * block has no end. Of two blocks the first counts, although PEP 723 refuses such a file.
 */
export function scriptMetadata(text: string): string | undefined {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const start = lines.findIndex((line) => /^# \/\/\/ script\s*$/.test(line));
  if (start < 0) return undefined;
  let end: number | undefined;
  for (let i = start + 1; i < lines.length; i += 1) {
    const line = lines[i] ?? "";
    if (line !== "#" && !line.startsWith("# ")) break;
    if (line.trimEnd() === "# ///") end = i;
  }
  return end === undefined ? undefined : lines.slice(start, end + 1).join("\n");
}
