// Where snapshots of code are, which files were copied into them, and how they are removed.
// snapshots.ts makes them.
import { stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { object, record, string } from "../../base/stored-shape.ts";
import { fileDigest } from "./code-hash.ts";
import { orAbsent } from "../os/absent.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { lstat, mkdir, readdir, rename, rm } from "../os/lab-files.ts";
import { readStored } from "../os/stored-file.ts";

/** A snapshot that no command knows may be another machine's; after this long it is a leftover. */
export const SNAPSHOT_UNKNOWN_MS = 7 * 86_400_000;

/** Lists the files that were copied, with their marks and digests. */
const MANIFEST = "manifest.json";

/** Folder of a command's snapshot. */
export const snapshotRoot = (lab: string, id: string): string =>
  join(lab, ".nightlab", "snapshots", id);

/** The experiment's folder in a snapshot: it has the same path below `tree` as below the lab. */
export const snapshotCode = (lab: string, experiment: string, id: string): string =>
  join(snapshotRoot(lab, id), "tree", relative(lab, experiment));

interface Copied {
  /** Size and mtime: they differ once the run has written to the file. */
  readonly mark: string;
  /** SHA-256 of its bytes as copied. */
  readonly digest: string;
}

const MANIFEST_SHAPE = record(object<Copied>({ mark: string(), digest: string() }));
/** Most of a manifest: 5,000 files with paths of 4 KiB. */
const MANIFEST_BYTES = 32 * 2 ** 20;

/** Writes the manifest of a new snapshot; `root` is its folder, which may still be temporary. */
export async function noteCopied(root: string, code: string): Promise<void> {
  const found = new Map<string, Copied>();
  for (const [path, mark] of await listFiles(code)) {
    found.set(path, { mark, digest: (await fileDigest(join(code, path))) ?? "" });
  }
  await atomicWrite(join(root, MANIFEST), JSON.stringify(Object.fromEntries(found)));
}

/** The regular files of a snapshot, each with its mark. */
async function listFiles(
  code: string,
  below = "",
): Promise<readonly (readonly [string, string])[]> {
  const found: (readonly [string, string])[] = [];
  for (const entry of await readdir(join(code, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.name === "__pycache__") continue;
    if (entry.isDirectory()) found.push(...(await listFiles(code, path)));
    else if (entry.isFile()) {
      const { size, mtimeMs } = await stat(join(code, path));
      found.push([path, `${size} ${mtimeMs}`]);
    }
  }
  return found;
}

/**
 * Removes a snapshot. Files that the run wrote beside its script are moved to the same path in the
 * experiment, as if there had been no snapshot. Files that a person has changed there since, and
 * existing scripts, are not replaced: then the snapshot stays, and the answer names those files.
 * Rejects where the snapshot cannot be read: then it stays as it is.
 */
export async function dropSnapshot(
  lab: string,
  experiment: string,
  id: string,
): Promise<readonly string[]> {
  const root = snapshotRoot(lab, id);
  const manifest = await readStored(join(root, MANIFEST), MANIFEST_SHAPE, { most: MANIFEST_BYTES });
  if (manifest === undefined) {
    await removeSnapshot(lab, id);
    return [];
  }
  const before = new Map(Object.entries(manifest));
  const code = snapshotCode(lab, experiment, id);
  const kept: string[] = [];
  const now = await orAbsent(listFiles(code), []);
  for (const [path, mark] of now) {
    const copied = before.get(path);
    if (copied?.mark === mark) continue;
    if (!(await moveOut(join(code, path), join(experiment, path), copied))) kept.push(path);
  }
  if (kept.length === 0) await removeSnapshot(lab, id);
  return kept;
}

/** Removes a snapshot, complete or not, with everything in it. Links are not followed. */
export async function removeSnapshot(lab: string, id: string): Promise<void> {
  const root = snapshotRoot(lab, id);
  await rm(`${root}.part`, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
}

/**
 * Removes snapshots that no command of this machine's ledger knows and that are a week old: a
 * daemon died before it could queue their command. Never rejects.
 */
export async function sweepSnapshots(
  lab: string,
  isKnown: (id: string) => boolean,
  nowMs: number,
): Promise<void> {
  const folder = join(lab, ".nightlab", "snapshots");
  // Through a link it would remove somebody else's files.
  // Any failure, here and below: what is not looked at stays, and the next start looks again.
  if ((await lstat(folder).catch(() => undefined))?.isDirectory() !== true) return;
  // Any failure.
  for (const name of await readdir(folder).catch(() => [])) {
    const id = name.replace(/\.part$/, "");
    // Any failure.
    const facts = await lstat(join(folder, name)).catch(() => undefined);
    const isOld = facts !== undefined && nowMs - facts.mtimeMs > SNAPSHOT_UNKNOWN_MS;
    // Any failure.
    if (isOld && !isKnown(id)) await removeSnapshot(lab, id).catch(() => undefined);
  }
}

/** False where that would replace a file that is not the copied one, or a script. */
async function moveOut(from: string, to: string, copied: Copied | undefined): Promise<boolean> {
  const isFree = (await orAbsent(lstat(to))) === undefined;
  const digest = isFree || copied === undefined ? "unreadable" : await fileDigest(to);
  // Two files that cannot be read are not the same.
  const isSame = digest !== "unreadable" && digest === copied?.digest;
  if (!isFree && (!isSame || to.endsWith(".py"))) return false;
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  return true;
}
