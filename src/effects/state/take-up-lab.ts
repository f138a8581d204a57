// What a daemon does with a lab's record before it reads the ledger: a lab that was moved takes its
// history along, one that may be a copy is asked about, and what an earlier release left below the
// lab's `.nightlab` is taken over once.
import { lstatSync, readdirSync, realpathSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { errorCode } from "../os/error-code.ts";
import {
  intentFolder,
  intentsOfBefore,
  labPageIntents,
  labPageIntentsOfBefore,
} from "../journal-store/journal-paths.ts";
import {
  isOwnIntent,
  readIntents,
  removeIntent,
  saveIntent,
  type WriteIntent,
} from "../journal-store/write-intents.ts";
import { recordOf, writeId } from "./lab-identity.ts";
import { identityOf, livesAt, recordFolder, saveRecord, type LabRecord } from "./lab-records.ts";
import type { Ledger } from "./ledger.ts";
import { MARKS } from "./local-experiments.ts";
import { defined } from "../../base/defined.ts";

/** A lab as a daemon opens it. */
export interface TakenUp {
  readonly record: LabRecord;
  /** Its part of the state folder. */
  readonly folder: string;
  /** Where its history was until now, if that was elsewhere. */
  readonly from?: LabPath;
  /** An earlier release had it: what that left in the lab was taken over now. */
  readonly older: boolean;
}

/**
 * Takes up a lab that this process has locked. Facts of its move are in the ledger when this
 * resolves.
 */
export async function takeUpLab(
  stateDir: string,
  lab: LabPath,
  ledger: Pick<Ledger, "append" | "knows">,
): Promise<TakenUp> {
  const { kind, record: found } = recordOf(stateDir, lab, ledger.knows);
  const folder = recordFolder(stateDir, found);
  const from = livesAt(found);
  const here = { path: lab, folder: identityOf(lab) };
  const { asked: _, ...rest } = found;
  let record: LabRecord = kind === "asked" ? { ...rest, asked: here } : { ...rest, ...here };
  if (from !== lab) {
    moveHistory(ledger, from, lab);
    await moveIntents(intentFolder(folder), from, lab);
    await moveIntents(labPageIntents(folder), from, lab);
  }
  const older = record.older === true;
  if (older) {
    await takeOver(lab, folder);
    const { older: _older, ...taken } = record;
    record = taken;
  }
  saveRecord(stateDir, record);
  writeId(lab, record.id);
  return { record, folder, older, ...(from === lab ? {} : { from }) };
}

/** Records that the history of one path is that of another from now on. */
export function moveHistory(
  ledger: Pick<Ledger, "append" | "knows">,
  from: LabPath,
  to: LabPath | undefined,
): void {
  const fact = { kind: "lab-moved", atMs: Date.now() } as const;
  // What an earlier lab at the new path left is not this one's.
  const left = to !== undefined && ledger.knows(to) ? [{ ...fact, from: to }] : [];
  const moved = { ...fact, from, ...defined({ to }) };
  ledger.append([...left, moved].map((one) => ({ lab: "", fact: one })));
}

/** A write that a crash interrupted before the move is finished where its journal is now. */
async function moveIntents(folder: string, from: LabPath, to: LabPath): Promise<void> {
  const moved = (path: string): string =>
    path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
  for (const intent of await readIntents(folder)) {
    const { path, target, temp, aside, parked, keptDir } = intent;
    await saveIntent(folder, {
      ...intent,
      path: moved(path),
      target: moved(target),
      temp: moved(temp),
      aside: moved(aside),
      parked: moved(parked),
      keptDir: moved(keptDir),
    });
  }
}

/**
 * Takes over what an earlier release kept in the lab: marks of origin, and interrupted writes of
 * plain journals. Anything that does not look like its own is left alone.
 */
async function takeOver(lab: LabPath, folder: string): Promise<void> {
  const before = join(lab, ".nightlab");
  for (const name of namesIn(join(before, MARKS)).filter((one) => /^[0-9a-f]{32}$/.test(one))) {
    await mkdir(join(folder, MARKS), { recursive: true, mode: 0o700 });
    await copyFile(join(before, MARKS, name), join(folder, MARKS, name));
  }
  for (const [old, now] of [
    [intentsOfBefore(lab), intentFolder(folder)],
    [labPageIntentsOfBefore(lab), labPageIntents(folder)],
  ] as const) {
    for (const intent of await readIntents(old)) {
      if (!isOwnIntent(intent, lab) || !isPlain(intent)) continue;
      await saveIntent(now, intent);
      await removeIntent(old, intent.id);
    }
  }
}

/** Whether nothing on the way to the journal is a link. */
function isPlain({ path, target, keptDir }: WriteIntent): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return (
    path === target && found?.isSymbolicLink() !== true && isReal(dirname(path)) && isReal(keptDir)
  );
}

function isReal(folder: string): boolean {
  try {
    return realpathSync(folder) === folder;
  } catch {
    // Any failure: what is not surely plain is not taken over.
    return false;
  }
}

/** Plain files of a folder that may not exist. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((one) =>
      one.isFile() ? [one.name] : [],
    );
  } catch (error) {
    if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return [];
    throw error;
  }
}
