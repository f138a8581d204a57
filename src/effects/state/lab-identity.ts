// Tells which lab a folder is. Its `.nightlab/id` is a claim that a copy or a clone can make too, so
// it counts only for the folder (device, inode, birth time) that this machine has recorded.
//
//   folder fits                      the lab, under whatever path
//   only the id or the path fits     asked: "moved or copied?"; the recorded folder is gone
//   the id fits, its folder is there a copy: it gets an id of its own
//   nothing fits                     a new lab
import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import type { LabTrust } from "../../domain/lab-settings.ts";
import { orAbsentSync } from "../os/absent.ts";
import {
  identityIfThere,
  identityOf,
  isFolder,
  isLabId,
  livesAt,
  newLabId,
  readRecords,
  recordFolder,
  saveRecord,
  type LabFolder,
  type LabRecord,
} from "./lab-records.ts";

/** How a folder was recognized. */
export type Recognized =
  | { readonly kind: "lab" | "asked"; readonly record: LabRecord }
  | { readonly kind: "copy"; readonly of: LabRecord }
  | { readonly kind: "new" };

/** Recognizes a lab's folder; changes nothing. Throws the system's error if it cannot look. */
export function recognizeLab(stateDir: string, lab: LabPath): Recognized {
  const here: LabFolder = { path: lab, folder: identityOf(lab) };
  const { records, unread } = readRecords(stateDir);
  const same = records.find((one) => isFolder(one, here));
  if (same !== undefined) return { kind: "lab", record: same };
  const asked = records.find((one) => one.asked !== undefined && isFolder(one.asked, here));
  if (asked !== undefined) return { kind: "asked", record: asked };
  // The one that cannot be read may be this lab's.
  if (unread !== undefined) throw unread;
  const id = readId(lab);
  const named = records.find((one) => one.id === id);
  if (named !== undefined && named.path !== lab && isStillThere(named)) {
    return { kind: "copy", of: named };
  }
  const record = named ?? records.find((one) => livesAt(one) === lab);
  return record === undefined ? { kind: "new" } : { kind: "asked", record };
}

const isStillThere = (record: LabRecord): boolean => {
  const folder = identityIfThere(record.path);
  return folder !== undefined && isFolder(record, { path: record.path, folder });
};

/**
 * The record of a lab, made now if this machine has none. `knownBefore` says whether the ledger of
 * an earlier release has the lab: then it goes on as it was. Throws the system's error.
 */
export function recordOf(
  stateDir: string,
  lab: LabPath,
  knownBefore: (lab: LabPath) => boolean,
): { readonly kind: Recognized["kind"]; readonly record: LabRecord } {
  const found = recognizeLab(stateDir, lab);
  if (found.kind === "lab" || found.kind === "asked") return found;
  const before = found.kind === "new" && knownBefore(lab);
  const own = readId(lab);
  // The id of a copy is another lab's; one that came with the folder may as well stay.
  const id = found.kind === "new" && own !== undefined ? own : newLabId();
  const record = saveRecord(stateDir, {
    id,
    path: lab,
    folder: identityOf(lab),
    trusted: before,
    ...(before ? { arrivals: "start", older: true } : {}),
    ...(found.kind === "copy" ? { copyOf: found.of.path } : {}),
  });
  writeId(lab, id);
  // Another process may have recorded the lab at the same moment: both then take the same record.
  const again = recognizeLab(stateDir, lab);
  return { kind: found.kind, record: again.kind === "lab" ? again.record : record };
}

/** Records what this machine's person says of a lab. */
export function changeTrust(
  stateDir: string,
  lab: LabPath,
  knownBefore: (lab: LabPath) => boolean,
  change: Partial<LabTrust>,
): LabRecord {
  const { record } = recordOf(stateDir, lab, knownBefore);
  return saveRecord(stateDir, { ...record, ...change });
}

/** The lab's part of the state folder; undefined if this machine has no record of it. */
export function stateIfKnown(stateDir: string, lab: LabPath): string | undefined {
  const found = recognizeLab(stateDir, lab);
  return "record" in found ? recordFolder(stateDir, found.record) : undefined;
}

/**
 * The id in a lab's `.nightlab`; undefined if there is none, or no plain file with one. Throws where
 * that cannot be read.
 */
function readId(lab: string): string | undefined {
  const path = join(lab, ".nightlab", "id");
  const stat = orAbsentSync(() => lstatSync(path));
  if (stat?.isFile() !== true || stat.size > ID_BYTES) return undefined;
  const id = orAbsentSync(() => readFileSync(path, "utf8"))?.trim();
  return id !== undefined && isLabId(id) ? id : undefined;
}

const ID_BYTES = 64;

/**
 * Writes the lab's id if another one is there, or none. Where that fails, the folder alone says
 * which lab it is.
 */
export function writeId(lab: string, id: string): void {
  const folder = join(lab, ".nightlab");
  const path = join(folder, "id");
  const temp = `${path}.${randomBytes(6).toString("hex")}`;
  try {
    if (readId(lab) === id) return;
    mkdirSync(folder, { recursive: true });
    // Through a link it would land elsewhere.
    if (!lstatSync(folder).isDirectory()) return;
    writeFileSync(temp, `${id}\n`, { flag: "wx" });
    renameSync(temp, path);
  } catch {
    // Any failure: the folder's own identity says which lab it is.
    rmSync(temp, { force: true });
  }
}
