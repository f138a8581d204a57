// What is wrong with the ledger or the folder of the state, in words with the path and the way out:
// whoever meets it is a person with a full or failing disk, and no use has for a stack trace.
import { dirname } from "node:path";
import { shellWord } from "../../base/shell-word.ts";
import { errorCode } from "../os/error-code.ts";

/** The ledger cannot be used; the message is for the person. */
export class LedgerTrouble extends Error {
  override readonly name = "LedgerTrouble";
}

/** SQLite's primary result codes that a disk can cause; extended ones have more bits above. */
const [READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [8, 10, 11, 13, 14, 26];
/** Somebody else holds its lock for longer than `busy_timeout`. */
const LOCKED: ReadonlySet<number> = new Set([5, 6]);

const AGAIN = "Runs go on; then start `nightlab watch` again.";

/** Does something with the ledger at `path`; SQLite's and the system's errors come as words. */
export function inWords<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof LedgerTrouble ? error : new LedgerTrouble(wordsOf(path, error));
  }
}

/** The ledger is not where it was opened: what is recorded now would be lost. */
export const movedTrouble = (path: string): LedgerTrouble =>
  new LedgerTrouble(
    `The ledger ${path} was deleted or moved while it was in use, so nothing more can be ` +
      `recorded. Put ${dirname(path)} back if you can: without it nightlab knows no command that ` +
      `ran, and holds what stands in the journals. ${AGAIN}`,
  );

/** A row, or all of the file, is not what was written. */
export const damagedTrouble = (path: string, why: string): LedgerTrouble =>
  new LedgerTrouble(
    `The ledger ${path} is damaged (${why}). Nothing was started or changed. Put it back from a ` +
      `backup, or recover what can be read: \`sqlite3 ${shellWord(path)} .recover | sqlite3 ` +
      "recovered.sqlite`, and put that in its place. If you move it away instead, nightlab knows " +
      "no command that ran, and holds what stands in the journals.",
  );

/** A row is of a release after this one. */
export const newerTrouble = (path: string, what: string): LedgerTrouble =>
  new LedgerTrouble(
    `The ledger ${path} was written by a newer nightlab (${what}), use that one. Nothing was started ` +
      "or changed.",
  );

function wordsOf(path: string, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const { errcode } = error as { readonly errcode?: unknown };
  if (typeof errcode !== "number") {
    const way = "set NIGHTLAB_STATE_DIR to a folder that you may write";
    return `The ledger ${path} cannot be used (${errorCode(error) || message}); ${way}.`;
  }
  const code = errcode & 0xff;
  if (code === CORRUPT || code === NOTADB) return damagedTrouble(path, message).message;
  if (LOCKED.has(code)) return `The ledger ${path} is locked by another program (${message}).`;
  if (code === FULL) {
    return `The disk of ${path} is full, so nothing more can be recorded. Make room there. ${AGAIN}`;
  }
  if (code === IOERR) {
    return `The ledger ${path} cannot be read or written (${message}): its disk may be full or failing. ${AGAIN}`;
  }
  if (code === READONLY || code === CANTOPEN) {
    return `The ledger ${path} cannot be opened or written (${message}): see its owner and rights, and those of its folder.`;
  }
  return `The ledger ${path} cannot be used: ${message}.`;
}
