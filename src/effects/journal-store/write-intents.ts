// Write-ahead records of journal writes, so that the next start can recover from a crash. One file
// for each write, until the last of its private files is gone; replay-intents.ts reads them back.
import { randomBytes } from "node:crypto";
import { basename, dirname, isAbsolute, join, normalize, sep } from "node:path";
import { list, object, oneOf, string } from "../../base/stored-shape.ts";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { isAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { lstat, mkdir, readdir, unlink } from "../os/lab-files.ts";
import { readStored } from "../os/stored-file.ts";
import { orTold } from "../os/unread.ts";
import { journalPath, keptFolder, labPageKept, labPagePath } from "./journal-paths.ts";

/** One write to a journal. Stored as JSON. */
export interface WriteIntent {
  readonly id: string;
  /** `draft`: the new text may be incomplete on disk. `ready`: names may have changed. */
  readonly phase: "draft" | "ready";
  /** The journal as the caller named it, and the file that its symlinks resolve to. */
  readonly path: string;
  readonly target: string;
  /** Beside the target: the new text, and the old file where names cannot be exchanged. */
  readonly temp: string;
  readonly aside: string;
  /** Where the replaced file is watched until no editor can save into it any more. */
  readonly parked: string;
  readonly keptDir: string;
  /** SHA-256 of the text that was replaced, of the new one, and of late saves already reported. */
  readonly basedOnHash: string;
  readonly newHash: string;
  readonly toldHashes: readonly string[];
}

/** Durably writes an intent, over an earlier phase of it. Rejects with the system's error. */
export async function saveIntent(intentDir: string, intent: WriteIntent): Promise<void> {
  await mkdir(intentDir, { recursive: true, mode: 0o700 });
  await atomicWrite(intentFile(intentDir, intent.id), `${JSON.stringify(intent)}\n`);
}

/** Removes an intent; does nothing if it is gone already. Rejects with the system's error. */
export async function removeIntent(intentDir: string, id: string): Promise<void> {
  try {
    await unlink(intentFile(intentDir, id));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return;
  }
  await syncFolder(intentDir);
}

/** Largest intent that is read: six paths, and a hash for each late save. */
const INTENT_BYTES = 2 ** 20;

/**
 * Every intent of a folder, oldest first. Links and the like are ignored. One that cannot be read, or
 * is not what was written, is told: the private files that it names stay, with what somebody may have
 * saved into them.
 */
export async function readIntents(intentDir: string): Promise<readonly WriteIntent[]> {
  let names: readonly string[];
  try {
    names = await readdir(intentDir);
  } catch (error) {
    // Where a link or a file stands, none of nightlab's own can be.
    if (isAbsent(error)) return [];
    throw error;
  }
  const intents: WriteIntent[] = [];
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || !name.endsWith(".json")) continue;
    const path = join(intentDir, name);
    const found = await orTold(path, lstat(path), "look");
    if (found?.isFile() !== true) continue;
    const intent = await orTold(path, readIntent(path));
    if (intent !== undefined && name === `${intent.id}.json`) intents.push(intent);
  }
  return intents;
}

/**
 * Whether every path of an intent is one that a write of this lab gives: the journal or LAB.md in
 * the lab, the private files beside its target, the replaced file among its kept versions.
 */
export function isOwnIntent(intent: WriteIntent, lab: string): boolean {
  const { id, path, target, temp, aside, parked, keptDir } = intent;
  const isLabPage = path === labPagePath(lab);
  const isJournal = path === journalPath(dirname(path)) && isWithin(lab, dirname(path));
  const beside = privatePath(target, id);
  return (
    INTENT_ID.test(id) &&
    (isLabPage || isJournal) &&
    normalize(path) === path &&
    normalize(target) === target &&
    isAbsolute(target) &&
    temp === `${beside}.new` &&
    aside === `${beside}.old` &&
    keptDir === (isLabPage ? labPageKept(lab) : keptFolder(lab, dirname(path))) &&
    parked === join(keptDir, `displaced-${id}`)
  );
}

const isWithin = (lab: string, folder: string): boolean =>
  folder === lab || folder.startsWith(lab + sep);

/** `<time>-<random>`, as `newIntentId` makes them. */
const INTENT_ID = /^[0-9a-z]{1,12}-[0-9a-f]{12}$/;

/** A new intent's id. */
export const newIntentId = (): string =>
  `${Date.now().toString(36)}-${randomBytes(6).toString("hex")}`;

/**
 * The beginning of the private files of a write beside its target: a dot file without `.md`, so
 * that editors do not list it and watchers of Markdown files ignore it.
 */
export const privatePath = (target: string, id: string): string =>
  join(dirname(target), `.${basename(target)}.nightlab-${id}`);

function intentFile(intentDir: string, id: string): string {
  return join(intentDir, `${id}.json`);
}

const INTENT = object<WriteIntent>({
  id: string(),
  phase: oneOf("draft", "ready"),
  path: string(),
  target: string(),
  temp: string(),
  aside: string(),
  parked: string(),
  keptDir: string(),
  basedOnHash: string(),
  newHash: string(),
  toldHashes: list(string()),
});

const readIntent = (path: string): Promise<WriteIntent | undefined> =>
  readStored(path, INTENT, {
    most: INTENT_BYTES,
    fix:
      "the files beside the journal whose names end with `.nightlab-` and this one's name may hold " +
      "what somebody saved: look into them, then remove this file",
  });
