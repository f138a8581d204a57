// What a write to a journal is about to do, made durable first, so that a crash can be put right.
// One file a write, there until the last of its private files is gone; replaced-files.ts reads them back.
import { mkdir, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder, atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";

export interface WriteIntent {
  readonly id: string;
  /** `draft`: the new text was not whole on disk yet. `ready`: from here names may have changed. */
  readonly phase: "draft" | "ready";
  /** The journal as the caller named it, and the file that its symlinks lead to. */
  readonly path: string;
  readonly target: string;
  /** Beside the target: the new text, and the old one's place where names cannot be exchanged. */
  readonly temp: string;
  readonly aside: string;
  /** Where a displaced file waits until nobody can save into it any more. */
  readonly parked: string;
  readonly keptDir: string;
  /** SHA-256 of the text that was replaced, of the new one, and of late saves already told. */
  readonly basedOnHash: string;
  readonly newHash: string;
  readonly toldHashes: readonly string[];
}

/** Durably write an intent, over an earlier phase of it. Rejects with the system's error. */
export async function saveIntent(intentDir: string, intent: WriteIntent): Promise<void> {
  await mkdir(intentDir, { recursive: true, mode: 0o700 });
  await atomicWrite(intentFile(intentDir, intent.id), `${JSON.stringify(intent)}\n`);
}

/** Forget an intent; without effect where it is gone already. */
export async function removeIntent(intentDir: string, id: string): Promise<void> {
  try {
    await unlink(intentFile(intentDir, id));
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    return;
  }
  await syncFolder(intentDir);
}

/** Every intent of a folder, oldest first. Files that hold none are left alone. */
export async function readIntents(intentDir: string): Promise<readonly WriteIntent[]> {
  let names: readonly string[];
  try {
    names = await readdir(intentDir);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  const intents: WriteIntent[] = [];
  for (const name of names.toSorted()) {
    if (name.startsWith(".") || !name.endsWith(".json")) continue;
    const intent = parseIntent(await readFile(join(intentDir, name), "utf8"));
    if (intent !== undefined && name === `${intent.id}.json`) intents.push(intent);
  }
  return intents;
}

function intentFile(intentDir: string, id: string): string {
  return join(intentDir, `${id}.json`);
}

const TEXTS = [
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
  const whole =
    TEXTS.every((key) => typeof record[key] === "string") &&
    (record["phase"] === "draft" || record["phase"] === "ready") &&
    Array.isArray(record["toldHashes"]);
  return whole ? (value as WriteIntent) : undefined;
}
