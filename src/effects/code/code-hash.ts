// Hashes that tell whether an experiment's code is still the same, and its script's metadata.
// Deciding what a changed hash means is the core's.
import { createHash } from "node:crypto";
import type { BigIntStats } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { CodeSeen } from "../../domain/code.ts";
import { codeFolder, isLeftOut } from "./code-folder.ts";

/** A script that is larger holds data; only this much of it is hashed, with its size. */
const SCRIPT_BYTES = 16 * 2 ** 20;
/** Folders inside one another in which an experiment's code is looked for. */
export const CODE_DEPTH = 6;
/** Scripts of one experiment that are hashed: more is a checkout of something else. */
const CODE_FILES = 2_000;
/** Folders of one experiment that are looked into for them. */
const CODE_FOLDERS = 1_000;
/** Scripts that are known one by one, so that a change is told by name. */
const CODE_FILES_KEPT = 200;
/** Digests of files that were not touched since: 200 bytes each. */
const DIGESTS_KEPT = 20_000;
/** A file that changed this recently may change again without its time changing. */
const RACY_STAT_MS = 2_000;

/**
 * The `*.py` files of an experiment, those in its packages too: links to files are followed,
 * links to folders and folders of data are left out. Times
 * and the order of folders do not matter. A file that cannot be read counts by its name.
 */
export async function codeSeen(experiment: string): Promise<CodeSeen> {
  const gathered: Gathered = { names: [], folders: 0 };
  await gather(experiment, "", CODE_DEPTH, gathered);
  const names = gathered.names.toSorted();
  const all = createHash("sha256");
  const files: Record<string, string> = {};
  for (const [i, name] of names.entries()) {
    const digest = await keptDigest(join(experiment, name));
    if (digest === undefined) continue;
    all.update(`${JSON.stringify(name)} ${digest}\n`);
    if (i < CODE_FILES_KEPT) files[name] = digest.slice(0, 16);
  }
  return { hash: all.digest("hex"), files };
}

interface Gathered {
  readonly names: string[];
  folders: number;
}

async function gather(
  experiment: string,
  below: string,
  depth: number,
  all: Gathered,
): Promise<void> {
  const path = join(experiment, below);
  const entries =
    below === ""
      ? await readdir(path, { withFileTypes: true }).catch(() => [])
      : ((await codeFolder(path)) ?? []);
  all.folders += 1;
  for (const entry of entries) {
    if (all.names.length >= CODE_FILES) return;
    const name = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      const isOpen = depth > 0 && all.folders < CODE_FOLDERS && !isLeftOut(entry.name);
      if (isOpen) await gather(experiment, name, depth - 1, all);
    } else if (entry.name.endsWith(".py")) all.names.push(name);
  }
}

interface Kept {
  readonly stamp: string;
  readonly digest: string;
}

/** Digests of files that have not been touched since: a hundred commands read them once. */
const kept = new Map<string, Kept>();

async function keptDigest(path: string): Promise<string | undefined> {
  const facts = await stat(path, { bigint: true }).catch(() => undefined);
  if (facts === undefined) return "unreadable";
  // A FIFO of that name would keep its reader waiting for ever.
  if (!facts.isFile()) return undefined;
  const stamp = stampOf(facts);
  const known = kept.get(path);
  if (known?.stamp === stamp) return known.digest;
  const digest = await fileDigest(path);
  // A file may change twice within one tick of the file system's clock.
  const racy = Date.now() - Number(facts.mtimeMs) < RACY_STAT_MS;
  if (digest !== undefined && digest !== "unreadable" && !racy) {
    if (kept.size >= DIGESTS_KEPT) kept.clear();
    kept.set(path, { stamp, digest });
  }
  return digest;
}

/** Changes whenever the file may have. */
export const stampOf = ({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string =>
  [dev, ino, size, mtimeNs, ctimeNs].join(" ");

/** SHA-256 of a file's bytes (of a huge one's beginning and size), undefined for a folder. */
export async function fileDigest(path: string): Promise<string | undefined> {
  try {
    // A FIFO of that name would keep its reader waiting for ever.
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
    return "unreadable";
  }
}

/**
 * The `# /// script` block of a script as it stands, or undefined where it has none. A block
 * without its end is none, and of two the first counts (PEP 723 refuses such a file).
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
