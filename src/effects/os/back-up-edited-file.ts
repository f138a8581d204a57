// A file of ours that is about to be written again, and that a person may have edited meanwhile:
// the edited one is moved aside. What is written and when is the caller's.
import { createHash } from "node:crypto";
import { appendFile, link, readFile, rm, stat } from "node:fs/promises";
import { RECORD_BYTES } from "../../base/limits.ts";
import { errorCode } from "./error-code.ts";

/** Edited versions of one record that are kept beside it: nobody edits one so often. */
const EDITED_NAMES = 20;

/**
 * Notes in `marks` that `text` is ours, and moves what stands at `path` aside unless it was noted
 * there before; its new path is the answer. Where nothing was ever noted, nothing is moved. Rejects
 * with what the file system says.
 */
export async function backUpEditedFile(
  path: string,
  marks: string,
  text: string,
): Promise<string | undefined> {
  const noted = await readFile(marks, "utf8").catch(() => "");
  // Before the file itself: a crash in between must not make our own look edited.
  await appendFile(marks, `${hashOf(text)}\n`);
  if (noted === "") return undefined;
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() !== true) return undefined;
  const ours = facts.size <= RECORD_BYTES && noted.includes(hashOf(await readFile(path)));
  return ours ? undefined : moveToBackup(path);
}

async function moveToBackup(path: string): Promise<string> {
  for (let n = 1; n <= EDITED_NAMES; n += 1) {
    const aside = n === 1 ? `${path}.edited` : `${path}.edited-${n}`;
    try {
      await link(path, aside);
      await rm(path);
      return aside;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
  throw new Error(`${path} was edited, and there are ${EDITED_NAMES} edited ones already`);
}

const hashOf = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");
