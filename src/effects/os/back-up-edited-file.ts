// Before the daemon rewrites a file of its own, checks whether somebody has edited it, and if so
// renames the edited file to keep it. The caller writes the new one.
import { createHash } from "node:crypto";
import { RECORD_BYTES } from "../../base/limits.ts";
import { orAbsent } from "./absent.ts";
import { errorCode } from "./error-code.ts";
import { appendFile, link, readFile, rm, stat } from "./lab-files.ts";

/** How many edited versions of one file are kept; no more are expected. */
const BACKUPS = 20;

/**
 * Adds the hash of `text`, which is about to be written, to the file `marks`. Where the file at
 * `path` has none of the hashes there, it was edited: it is renamed, and the answer is its new
 * path. If `marks` was empty, nothing is renamed. Rejects with file system errors, and after
 * BACKUPS versions.
 */
export async function backUpEditedFile(
  path: string,
  marks: string,
  text: string,
): Promise<string | undefined> {
  const hashes = await orAbsent(readFile(marks, "utf8"), "");
  // Before the file itself is written: a crash in between must not make our own text look edited.
  await appendFile(marks, `${hashOf(text)}\n`);
  if (hashes === "") return undefined;
  const facts = await orAbsent(stat(path));
  if (facts?.isFile() !== true) return undefined;
  const ours = facts.size <= RECORD_BYTES && hashes.includes(hashOf(await readFile(path)));
  return ours ? undefined : moveToBackup(path);
}

async function moveToBackup(path: string): Promise<string> {
  for (let n = 1; n <= BACKUPS; n += 1) {
    const backup = n === 1 ? `${path}.edited` : `${path}.edited-${n}`;
    try {
      await link(path, backup);
      await rm(path);
      return backup;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
  throw new Error(`${path} was edited, and there are ${BACKUPS} edited ones already`);
}

const hashOf = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");
