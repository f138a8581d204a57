// Allows one daemon for each lab, by locks that the kernel releases however their holder dies.
// Node has no file locks, so each is SQLite's exclusive lock on a database without data. The one
// in the machine's state folder decides; the one in the lab keeps off daemons of other machines and
// other state folders, so it can only hold back.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LabPath } from "../../base/ids.ts";
import { stateDir } from "../os/state-dir.ts";
import { stateIfKnown } from "./lab-identity.ts";
import { leaves, mustStay } from "../os/lab-links.ts";

/** Locks that this process holds. */
export interface LabLock {
  release(): void;
}

const LOCK = "daemon.lock";
const PID = "daemon.pid";

/** The folders with a lab's locks; `state` is its part of the state folder. */
const foldersOf = (lab: LabPath, state: string): readonly string[] => [
  state,
  join(lab, ".nightlab"),
];

/**
 * Takes the lab's locks, or returns the pid of a holder (undefined if unreadable). Throws the
 * system's or SQLite's error if a lock file cannot be used.
 */
export function lockLab(
  lab: LabPath,
  state: string,
): LabLock | { readonly heldBy: number | undefined } {
  const taken: LabLock[] = [];
  const release = (): void => taken.forEach((lock) => lock.release());
  for (const folder of foldersOf(lab, state)) {
    const lock = lockIn(folder);
    if ("release" in lock) taken.push(lock);
    else {
      release();
      return lock;
    }
  }
  return { release };
}

function lockIn(folder: string): LabLock | { readonly heldBy: number | undefined } {
  mustStay(folder);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, LOCK);
  if (!isEmptyDatabase(file)) {
    for (const suffix of ["", ...SIDE_FILES])
      rmSync(file + suffix, { recursive: true, force: true });
  }
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!String(error).includes("locked")) throw error;
    return { heldBy: readPid(join(folder, PID)) };
  }
  writePid(join(folder, PID));
  return { release: () => db.close() };
}

/** What SQLite may keep beside a database; beside a lock only the first, while it is held. */
const SIDE_FILES = ["-journal", "-wal", "-shm"];

/**
 * Whether a lock file is as this code leaves it, or is not there yet. Anything else came from
 * elsewhere: by a link SQLite would make a file outside of the lab, on a FIFO it would hang, and
 * beside a database with data it would believe a forged journal, which can have it delete a file.
 */
function isEmptyDatabase(file: string): boolean {
  return isPlain(file, 0) && SIDE_FILES.every((name, i) => isPlain(file + name, i === 0 ? 512 : 0));
}

/** Whether a path is a plain file of so many bytes at most, or nothing. */
function isPlain(path: string, atMost: number): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found === undefined || (found.isFile() && found.size <= atMost);
}

/** By a rename, which never writes through a link. */
function writePid(file: string): void {
  const temp = `${file}.${process.pid}`;
  rmSync(temp, { force: true });
  writeFileSync(temp, `${process.pid}\n`, { flag: "wx" });
  renameSync(temp, file);
}

/**
 * The daemon that holds one of the lab's locks now (its pid undefined if unreadable), or undefined.
 */
export function isLocked(
  lab: LabPath,
  machine = stateDir(),
): { readonly pid: number | undefined } | undefined {
  const state = stateIfKnown(machine, lab);
  const folders = state === undefined ? [join(lab, ".nightlab")] : foldersOf(lab, state);
  for (const folder of folders) {
    if (isLockedIn(folder)) return { pid: readPid(join(folder, PID)) };
  }
  return undefined;
}

function isLockedIn(folder: string): boolean {
  const file = join(folder, LOCK);
  if (leaves(folder) || !existsSync(file) || !isEmptyDatabase(file)) return false;
  const db = new DatabaseSync(file);
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; ROLLBACK");
    return false;
  } catch (error) {
    if (!String(error).includes("locked")) throw error;
    return true;
  } finally {
    db.close();
  }
}

function readPid(file: string): number | undefined {
  try {
    if (!lstatSync(file).isFile()) return undefined;
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    // Any failure: the lock is told without the pid of its holder.
    return undefined;
  }
}
