// Where the copies of code are, which files were put into them, and how they go again.
// What is copied is snapshots.ts's.
import { lstat, mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileDigest } from "./code-hash.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** A copy of code that no command knows is another machine's, or left over after so long. */
export const SNAPSHOT_UNKNOWN_MS = 7 * 86_400_000;

const MANIFEST = "manifest.json";

/** Folder of a command's copy. */
export const snapshotRoot = (lab: string, id: string): string =>
  join(lab, ".nightlab", "snapshots", id);

/** What stands for the experiment's folder in it: at the same place below the copy of the lab. */
export const snapshotCode = (lab: string, experiment: string, id: string): string =>
  join(snapshotRoot(lab, id), "tree", relative(lab, experiment));

interface Copied {
  readonly mark: string;
  /** Of its bytes as they were copied. */
  readonly digest: string;
}

/** Notes what is in a copy that has just been made; `root` is its folder as yet. */
export async function noteCopied(root: string, code: string): Promise<void> {
  const found: Record<string, Copied> = {};
  for (const [path, mark] of Object.entries(await listFiles(code))) {
    found[path] = { mark, digest: (await fileDigest(join(code, path))) ?? "" };
  }
  await atomicWrite(join(root, MANIFEST), JSON.stringify(found));
}

/** Real files of a copy with what tells whether they were written to. */
async function listFiles(code: string, below = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(join(code, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.name === "__pycache__") continue;
    if (entry.isDirectory()) Object.assign(found, await listFiles(code, path));
    else if (entry.isFile()) {
      const { size, mtimeMs } = await stat(join(code, path));
      found[path] = `${size} ${mtimeMs}`;
    }
  }
  return found;
}

/**
 * Removes a copy. What the run wrote into it, beside its script, goes to the same place in the
 * experiment, as without a copy; where a person has changed that place since, and of scripts, the
 * copy stays and the answer names those files.
 */
export async function dropSnapshot(
  lab: string,
  experiment: string,
  id: string,
): Promise<readonly string[]> {
  const root = snapshotRoot(lab, id);
  const text = await readFile(join(root, MANIFEST), "utf8").catch(() => undefined);
  if (text === undefined) {
    await removeSnapshot(lab, id);
    return [];
  }
  const before = JSON.parse(text) as Partial<Record<string, Copied>>;
  const code = snapshotCode(lab, experiment, id);
  const kept: string[] = [];
  const now = await listFiles(code).catch(() => ({}));
  for (const [path, mark] of Object.entries(now)) {
    const copied = before[path];
    if (copied?.mark === mark) continue;
    if (!(await moveOut(join(code, path), join(experiment, path), copied))) kept.push(path);
  }
  if (kept.length === 0) await removeSnapshot(lab, id);
  return kept;
}

/** Removes a copy, or the half of one, with all that is in it. Links are not followed. */
export async function removeSnapshot(lab: string, id: string): Promise<void> {
  const root = snapshotRoot(lab, id);
  await rm(`${root}.part`, { recursive: true, force: true });
  await rm(root, { recursive: true, force: true });
}

/**
 * Removes copies that no command of this machine's ledger knows and nobody has touched for a week:
 * a daemon died before it could queue what they were for. Never rejects.
 */
export async function sweepSnapshots(
  lab: string,
  isKnown: (id: string) => boolean,
  nowMs: number,
): Promise<void> {
  const folder = join(lab, ".nightlab", "snapshots");
  for (const name of await readdir(folder).catch(() => [])) {
    const id = name.replace(/\.part$/, "");
    const facts = await lstat(join(folder, name)).catch(() => undefined);
    const isOld = facts !== undefined && nowMs - facts.mtimeMs > SNAPSHOT_UNKNOWN_MS;
    if (isOld && !isKnown(id)) await removeSnapshot(lab, id).catch(() => undefined);
  }
}

async function moveOut(from: string, to: string, copied: Copied | undefined): Promise<boolean> {
  const isFree = (await lstat(to).catch(() => undefined)) === undefined;
  const isSame = copied !== undefined && (await fileDigest(to)) === copied.digest;
  if (!isFree && (!isSame || to.endsWith(".py"))) return false;
  await mkdir(dirname(to), { recursive: true });
  await rename(from, to);
  return true;
}
