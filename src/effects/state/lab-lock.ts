// Allows one daemon for each lab, by a lock that the kernel releases however its holder dies.
// Node has no file locks, so it is SQLite's exclusive lock on a database without data.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LabPath } from "../../base/ids.ts";
import { mustBeFile, readFileSync, statSync } from "../os/lab-files.ts";

/** A lock that this process holds. */
export interface LabLock {
  release(): void;
}

/**
 * Takes the lab's lock, or returns the pid of its holder (undefined if unreadable). Throws the
 * system's or SQLite's error if the lock file cannot be used.
 */
export function lockLab(lab: LabPath): LabLock | { readonly heldBy: number | undefined } {
  const dir = join(lab, ".nightlab");
  const pidFile = join(dir, "daemon.pid");
  for (const name of ["daemon.lock", "daemon.pid"]) mustBeFile(join(dir, name));
  mkdirSync(dir, { recursive: true });
  const db = new DatabaseSync(join(dir, "daemon.lock"));
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    if (!String(error).includes("locked")) throw error;
    return { heldBy: readPid(pidFile) };
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return { release: () => db.close() };
}

/** The daemon that holds the lab's lock now (its pid undefined if unreadable), or undefined. */
export function isLocked(lab: LabPath): { readonly pid: number | undefined } | undefined {
  const dir = join(lab, ".nightlab");
  if (statSync(join(dir, "daemon.lock"))?.isFile() !== true) return undefined;
  const db = new DatabaseSync(join(dir, "daemon.lock"));
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; ROLLBACK");
    return undefined;
  } catch {
    return { pid: readPid(join(dir, "daemon.pid")) };
  } finally {
    db.close();
  }
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file).trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
