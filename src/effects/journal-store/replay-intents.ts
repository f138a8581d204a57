// Completes or undoes, at the next start, the journal writes that a crash interrupted.
// From then on replaced-files.ts watches the replaced files.
import { linkSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../os/error-code.ts";
import type { ReplacedFiles } from "./replaced-files.ts";
import { holdStill } from "../os/stable-read.ts";
import { isOwnIntent, readIntents, removeIntent } from "./write-intents.ts";
import type { WriteIntent } from "./write-intents.ts";
import { syncFolder } from "../os/atomic-write.ts";
import { unlink } from "../os/lab-files.ts";

/**
 * Recovers from a crash during writes to journals; call it before any journal is read. A path left
 * absent gets its file back, late saves are reported by `replaced`, other files are deleted by it
 * as usual. Intents with a path that no write of this lab has are left alone. Idempotent. Returns the number of intents found. Rejects with the system's error.
 */
export async function replayIntents(
  intentDir: string,
  lab: string,
  replaced: ReplacedFiles,
): Promise<number> {
  const intents = (await readIntents(intentDir)).filter((one) => isOwnIntent(one, lab));
  for (const intent of intents) {
    if (intent.phase === "draft") await unlink(intent.temp).catch(ignoreAbsent);
    else restoreNames(intent);
    let remaining = 0;
    for (const file of [intent.temp, intent.aside, intent.parked]) {
      if (isAbsent(file)) continue;
      remaining += 1;
      replaced.watch(intentDir, intent, file, knownHashOf(intent, file));
    }
    await syncFolder(dirname(intent.target)).catch(ignoreAbsent);
    if (remaining === 0) await removeIntent(intentDir, intent.id);
  }
  await replaced.lookNow();
  return intents.length;
}

/** `publishByLink` leaves the path absent for a moment, and several names for one file. */
function restoreNames(intent: WriteIntent): void {
  const { target, temp, aside } = intent;
  const unpublished = !isAbsent(temp) && !isAbsent(aside) && !isSameFile(temp, aside);
  if (isAbsent(target) && unpublished) {
    try {
      linkSync(aside, target);
    } catch (error) {
      // Someone has made the file anew: keep theirs.
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
  for (const file of [temp, aside]) if (isSameFile(file, target)) unlinkSync(file);
  if (isSameFile(temp, aside)) unlinkSync(aside);
}

/** Hash of the text that a file of this write is known to hold; a late save has another one. */
function knownHashOf(intent: WriteIntent, file: string): string {
  const { basedOnHash, newHash, toldHashes } = intent;
  const read = holdStill(file, false, ({ hash }) => hash);
  const known = [basedOnHash, newHash, ...toldHashes];
  return read.kind === "held" && known.includes(read.value) ? read.value : basedOnHash;
}

function isAbsent(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) === undefined;
}

function isSameFile(a: string, b: string): boolean {
  const first = statSync(a, { throwIfNoEntry: false });
  const second = statSync(b, { throwIfNoEntry: false });
  return first?.ino === second?.ino && first?.dev === second?.dev && first !== undefined;
}

function ignoreAbsent(error: unknown): void {
  if (errorCode(error) !== "ENOENT") throw error;
}
