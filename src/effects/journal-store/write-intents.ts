// Write-ahead records of journal writes, so that the next start can recover from a crash. One file
// for each write, until the last of its private files is gone; replay-intents.ts reads them back.
import { join } from "node:path";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";
import { mkdir, readdir, readFile, unlink } from "../os/lab-files.ts";

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

/** Every intent of a folder, oldest first. Ignores files that hold none. */
export async function readIntents(intentDir: string): Promise<readonly WriteIntent[]> {
  let names: readonly string[];
  try {
    names = await readdir(intentDir);
  } catch (error) {
    // Where a link or a file stands, none of nightlab's own can be.
    const none = ["ENOENT", "ENOTDIR", "ELOOP", "ELEAVESLAB"];
    if (none.includes(errorCode(error))) return [];
    throw error;
  }
  const intents: WriteIntent[] = [];
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || !name.endsWith(".json")) continue;
    const text = await readFile(join(intentDir, name), "utf8").catch(() => "");
    const intent = parseIntent(text);
    if (intent !== undefined && name === `${intent.id}.json`) intents.push(intent);
  }
  return intents;
}

function intentFile(intentDir: string, id: string): string {
  return join(intentDir, `${id}.json`);
}

const TEXT_FIELDS = [
  "id",
  "path",
  "target",
  "temp",
  "aside",
  "parked",
  "keptDir",
  "basedOnHash",
  "newHash",
] as const;

function parseIntent(text: string): WriteIntent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const isComplete =
    TEXT_FIELDS.every((key) => typeof record[key] === "string") &&
    (record["phase"] === "draft" || record["phase"] === "ready") &&
    Array.isArray(record["toldHashes"]);
  return isComplete ? (value as WriteIntent) : undefined;
}
