// What a crash left of writes to journals, put right at the next start, before a journal is read.
// Looking after the displaced files from then on is replaced-files.ts's.
import { linkSync, lstatSync, statSync, unlinkSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "../os/error-code.ts";
import type { ReplacedFiles } from "./replaced-files.ts";
import { holdStill } from "../os/stable-read.ts";
import { readIntents, removeIntent } from "./write-intents.ts";
import type { WriteIntent } from "./write-intents.ts";
import { syncFolder } from "../os/atomic-write.ts";

/**
 * Put right what a crash left of writes to journals, before any journal is read: a path left
 * absent gets its file back, files that hold a save are taken over, the rest is let go as usual.
 * May be repeated. Returns the number of intents found.
 */
export async function replayIntents(intentDir: string, displaced: ReplacedFiles): Promise<number> {
  const intents = await readIntents(intentDir);
  for (const intent of intents) {
    if (intent.phase === "draft") await unlink(intent.temp).catch(ignoreAbsent);
    else putBack(intent);
    let left = 0;
    for (const file of [intent.temp, intent.aside, intent.parked]) {
      if (isAbsent(file)) continue;
      left += 1;
      displaced.watch(intentDir, intent, file, knownHashOf(intent, file));
    }
    await syncFolder(dirname(intent.target)).catch(ignoreAbsent);
    if (left === 0) await removeIntent(intentDir, intent.id);
  }
  await displaced.lookNow();
  return intents.length;
}

/** The way without exchange leaves the path absent for a moment, and extra names of one file. */
function putBack(intent: WriteIntent): void {
  const { target, temp, aside } = intent;
  const unpublished = !isAbsent(temp) && !isAbsent(aside) && !isSameFile(temp, aside);
  if (isAbsent(target) && unpublished) {
    try {
      linkSync(aside, target);
    } catch (error) {
      // Somebody made the file anew: then theirs stands.
      if (errorCode(error) !== "EEXIST") throw error;
    }
  }
  for (const file of [temp, aside]) if (isSameFile(file, target)) unlinkSync(file);
  if (isSameFile(temp, aside)) unlinkSync(aside);
}

/** A file of this write holds one of these texts unless somebody saved into it. */
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
