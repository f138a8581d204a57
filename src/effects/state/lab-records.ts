// What this machine knows of its labs, one folder a lab beside the ledger: which folder the lab is,
// how far it is trusted, and the requests, marks and write intents that must not lie in the lab,
// where anything that brings files could forge them. lab-identity.ts tells which record is whose.
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { boolean, maybe, object, oneOf, string } from "../../base/stored-shape.ts";
import type { LabTrust } from "../../domain/lab-settings.ts";
import { orAbsentSync } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { parseAs, StoredTrouble } from "../../base/stored-json.ts";
import { defined } from "../../base/defined.ts";

/** What tells one folder of a machine from every other, whatever its name; decimal numbers. */
export interface FolderIdentity {
  readonly device: string;
  readonly inode: string;
  /** Birth time in ns since 1970; "0" where the file system keeps none. */
  readonly born: string;
}

/** A folder and where it is. */
export interface LabFolder {
  readonly path: LabPath;
  readonly folder: FolderIdentity;
}

/** What is known of one lab. Stored as JSON: never rename a field. */
export interface LabRecord extends LabFolder {
  /** Random; also in the lab's `.nightlab/id`. */
  readonly id: string;
  readonly trusted: boolean;
  /** Absent: nobody was asked yet, so they are held. */
  readonly arrivals?: LabTrust["arrivals"];
  /** Another folder with its id or its path, until the person says whether it is the lab. */
  readonly asked?: LabFolder;
  /** It has the id of this lab, whose folder was still there when it was first seen. */
  readonly copyOf?: LabPath;
  /** Made from the ledger of an earlier release: what that left in the lab is to be taken over. */
  readonly older?: true;
}

/** How far a lab is trusted. */
export const trustIn = ({ trusted, arrivals = "hold" }: LabRecord): LabTrust => ({
  trusted,
  arrivals,
});

/** Where the lab's history is now: the path that the ledger has it under. */
export const livesAt = ({ path, asked }: LabRecord): LabPath => asked?.path ?? path;

const LABS = "labs";
/** Name of the record in its folder. */
export const RECORD = "lab.json";
/** A lab's id: nothing else may become part of a path. */
const LAB_ID = /^[0-9a-f]{32}$/;

/** A new id, 128 random bits. */
export const newLabId = (): string => randomBytes(16).toString("hex");

export const isLabId = (text: string): boolean => LAB_ID.test(text);

/** The folder of a lab's record in the state folder. */
export const recordFolder = (stateDir: string, { id }: Pick<LabRecord, "id">): string =>
  join(stateDir, LABS, id);

/** Identity of an existing folder. Throws the system's error. */
export const identityOf = (folder: string): FolderIdentity =>
  fromStat(statSync(folder, { bigint: true }));

/** Identity of a folder; undefined if there is none. Throws other errors of the system. */
export function identityIfThere(folder: string): FolderIdentity | undefined {
  try {
    const stat = statSync(folder, { bigint: true });
    return stat.isDirectory() ? fromStat(stat) : undefined;
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

const fromStat = ({ dev, ino, birthtimeNs }: BigIntStats): FolderIdentity => ({
  device: String(dev),
  inode: String(ino),
  born: String(birthtimeNs),
});

/**
 * Whether a folder at `path` is the recorded one. A boot may number the devices anew, so a folder
 * that has kept its path may have another device.
 */
export function isFolder(
  known: LabFolder,
  { path, folder }: { readonly path: string; readonly folder: FolderIdentity },
): boolean {
  return (
    known.folder.inode === folder.inode &&
    known.folder.born === folder.born &&
    (known.folder.device === folder.device || known.path === path)
  );
}

/**
 * Every record of the state folder. `unread`: why one of them cannot be read, if there is such a one;
 * nobody can tell which lab that is. Throws where the folder itself cannot be read.
 */
export function readRecords(stateDir: string): {
  readonly records: readonly LabRecord[];
  readonly unread?: Error;
} {
  const names = orAbsentSync(() => readdirSync(join(stateDir, LABS))) ?? [];
  const records: LabRecord[] = [];
  let unread: Error | undefined;
  for (const name of names.filter(isLabId)) {
    try {
      const record = readRecord(stateDir, name);
      if (record !== undefined) records.push(record);
    } catch (error) {
      unread ??= error instanceof Error ? error : new Error(String(error));
    }
  }
  return { records, ...defined({ unread }) };
}

/**
 * A lab's record; undefined if there is none. Throws where it cannot be read or is not what was
 * written: without it the lab would count as a new one, without its history and its trust.
 */
export function readRecord(stateDir: string, id: string): LabRecord | undefined {
  const path = join(recordFolder(stateDir, { id }), RECORD);
  const text = orAbsentSync(() => readFileSync(path, "utf8"));
  if (text === undefined) return undefined;
  const record = parseAs(path, text, RECORD_SHAPE, RECORD_FIX);
  if (record.id !== id) throw new StoredTrouble(path, "its id is another lab's", RECORD_FIX);
  return record;
}

const FOLDER = object<LabFolder>({
  path: string(),
  folder: object<FolderIdentity>({ device: string(), inode: string(), born: string() }),
});
const RECORD_SHAPE = object<LabRecord>({
  id: string(),
  path: string(),
  folder: object<FolderIdentity>({ device: string(), inode: string(), born: string() }),
  trusted: boolean,
  arrivals: maybe(oneOf("hold", "start")),
  asked: maybe(FOLDER),
  copyOf: maybe(string()),
  older: maybe(oneOf(true)),
});
const RECORD_FIX =
  "put it back from a backup, or remove its folder: then its lab counts as a new one, and its " +
  "commands are held until you trust it";

/** Stores a record. Throws the system's error. */
export function saveRecord(stateDir: string, record: LabRecord): LabRecord {
  const folder = recordFolder(stateDir, record);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temp = join(folder, `.${RECORD}.${process.pid}`);
  writeFileSync(temp, `${JSON.stringify(record, undefined, 2)}\n`, { flush: true, mode: 0o600 });
  renameSync(temp, join(folder, RECORD));
  return record;
}
