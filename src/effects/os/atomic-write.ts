// Files that are wholly the daemon's own are written whole or not at all, and only when they
// differ. Whether a file is the daemon's own is for the caller to know; the journal is not
// (journal-file.ts).
import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./error-code.ts";

/**
 * Write a file atomically and durably: readers see the old bytes or the new ones, and after it
 * resolves the new ones outlive a power cut. A symlink is followed; an existing file's mode is
 * kept. Returns false without touching the disk where the file already has these bytes. Rejects
 * with the system's error (`code` ENOENT without its folder, EACCES, ENOSPC…), the old file
 * untouched.
 */
export async function atomicWrite(path: string, content: Uint8Array | string): Promise<boolean> {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  const target = await followed(path);
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
    await unlink(temp).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
  return true;
}

/** Make renames and removals in a folder durable; file systems that cannot are left as they are. */
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

/** Where a symlink leads; the path itself where nothing is there yet. */
async function followed(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return path;
    throw error;
  }
}

/** `equal` where the file has these bytes; otherwise its mode, undefined where it is absent. */
async function modeUnlessEqual(
  path: string,
  bytes: Uint8Array,
): Promise<"equal" | number | undefined> {
  try {
    const found = await stat(path);
    // A file of another size is not read: plots are renewed often.
    const equal = found.size === bytes.length && (await readFile(path)).equals(bytes);
    return equal ? "equal" : found.mode & 0o7777;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
