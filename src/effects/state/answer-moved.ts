// The answer to "moved or copied?", which take-up-lab.ts has put. Until it comes the history of the
// lab goes with the folder that is asked about, so that its runs are not lost sight of.
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";
import { recognizeLab, writeId } from "./lab-identity.ts";
import { identityOf, livesAt, newLabId, RECORD, recordFolder, saveRecord } from "./lab-records.ts";
import type { Ledger } from "./ledger.ts";
import { moveHistory, takeUpLab } from "./take-up-lab.ts";

type Book = Pick<Ledger, "append" | "knows">;

/** The folder is the lab. A daemon that watches it has moved the history already. */
export async function answerMoved(
  stateDir: string,
  lab: LabPath,
  ledger: Book,
  isWatched: boolean,
): Promise<void> {
  if (!isWatched) await takeUpLab(stateDir, lab, ledger);
  const found = recognizeLab(stateDir, lab);
  if (found.kind !== "asked") return;
  const { asked, ...record } = found.record;
  saveRecord(stateDir, { ...record, ...asked });
}

/** The folder is a lab of its own: it gets an id, and the history goes back to where it was. */
export function answerCopied(stateDir: string, lab: LabPath, ledger: Book): void {
  const found = recognizeLab(stateDir, lab);
  if (found.kind !== "asked") return;
  const { asked: _, ...record } = found.record;
  const { path } = record;
  if (livesAt(found.record) !== path) moveHistory(ledger, livesAt(found.record), path);
  if (path === lab) {
    // The folder that was here is gone, and so is its lab.
    moveHistory(ledger, lab, undefined);
    rmSync(join(recordFolder(stateDir, record), RECORD));
  } else saveRecord(stateDir, record);
  const id = newLabId();
  saveRecord(stateDir, {
    id,
    path: lab,
    folder: identityOf(lab),
    trusted: true,
    copyOf: path,
  });
  writeId(lab, id);
}
