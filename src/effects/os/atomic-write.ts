// Writes files that belong to the daemon alone: atomically, durably, and only where they differ.
// The caller knows that a file is the daemon's own; journals are written by journal-file.ts
// instead.
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error-code.ts";
import { mustStay } from "./lab-links.ts";
import { NotAFileError } from "./lab-files.ts";

/**
 * Writes a file atomically and durably: readers see the old bytes or the new ones, and once this
 * resolves the new ones survive a power cut. Follows a symlink unless it leaves the lab, and keeps
 * an existing file's mode.
 * Resolves to false, without touching the disk, where the file already has these bytes. Rejects
 * with the system's error (`code` ENOENT without its folder, EACCES, ENOSPC…), the old file
 * untouched.
 */
export async function atomicWrite(path: string, content: Uint8Array | string): Promise<boolean> {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  mustStay(path);
  const target = await resolveLink(path);
  const mode = await modeUnlessEqual(target, bytes);
  if (mode === "equal") return false;
  const folder = dirname(target);
  const temp = join(folder, `.${basename(target)}.nightlab-${randomBytes(6).toString("hex")}`);
  try {
    const file = await open(temp, "wx");
    try {
      await file.writeFile(bytes);
      if (mode !== undefined) await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temp, target);
  } catch (error) {
    // Any failure: the error that is thrown says more.
    await unlink(temp).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
  return true;
}

/** Makes renames and removals in a folder durable. Ignores file systems that cannot do this. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "EPERM"].includes(errorCode(error))) throw error;
  } finally {
    await handle.close();
  }
}

/** Where a symlink leads; the path itself where nothing exists yet. */
async function resolveLink(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return path;
    throw error;
  }
}

/**
 * `equal` where the file has these bytes; otherwise its mode, undefined where it does not exist.
 */
async function modeUnlessEqual(
  path: string,
  bytes: Uint8Array,
): Promise<"equal" | number | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new NotAFileError(path);
    // Compare sizes first: plots are renewed often, and reading them for nothing is slow.
    const equal = found.size === bytes.length && (await readFile(path)).equals(bytes);
    return equal ? "equal" : found.mode & 0o7777;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
