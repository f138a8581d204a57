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
import { labPath, type LabPath } from "../../base/ids.ts";
import type { LabTrust } from "../../domain/lab-settings.ts";
import { errorCode } from "../os/error-code.ts";

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

/** Every record of the state folder; those that cannot be read are left out. */
export function readRecords(stateDir: string): readonly LabRecord[] {
  let names: readonly string[];
  try {
    names = readdirSync(join(stateDir, LABS));
  } catch (error) {
    if (errorCode(error) === "ENOENT") return [];
    throw error;
  }
  return names.flatMap((name) => (isLabId(name) ? (readRecord(stateDir, name) ?? []) : []));
}

/** A lab's record; undefined if there is none that can be read. */
export function readRecord(stateDir: string, id: string): LabRecord | undefined {
  try {
    const text = readFileSync(join(recordFolder(stateDir, { id }), RECORD), "utf8");
    const value = JSON.parse(text) as Partial<LabRecord>;
    return value.id === id && isPlace(value) && typeof value.trusted === "boolean"
      ? { ...(value as LabRecord), path: labPath(value.path) }
      : undefined;
  } catch {
    return undefined;
  }
}

function isPlace(value: Partial<LabRecord>): value is Partial<LabRecord> & LabFolder {
  const { path, folder } = value;
  const texts = [path, folder?.device, folder?.inode, folder?.born];
  return texts.every((text) => typeof text === "string");
}

/** Stores a record. Throws the system's error. */
export function saveRecord(stateDir: string, record: LabRecord): LabRecord {
  const folder = recordFolder(stateDir, record);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const temp = join(folder, `.${RECORD}.${process.pid}`);
  writeFileSync(temp, `${JSON.stringify(record, undefined, 2)}\n`, { flush: true, mode: 0o600 });
  renameSync(temp, join(folder, RECORD));
  return record;
}
