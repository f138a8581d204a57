// The last good text of each lab's nightlab.yaml, kept in the machine's state for later daemons and
// for readers beside them. lab-settings.ts says what counts as good.
import { mkdir } from "../os/lab-files.ts";
import { dirname, join } from "node:path";
import { hashText } from "../../base/ids.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { errorCode } from "../os/error-code.ts";
import { readSettled } from "../os/stable-read.ts";

/** The last good text of a lab's nightlab.yaml; undefined where none is known or can be read. */
export async function lastGoodSettings(
  stateFolder: string,
  lab: string,
): Promise<string | undefined> {
  const read = await readSettled(keptAt(stateFolder, lab), { equalReadsMs: 0 });
  return read.kind === "text" ? read.text : undefined;
}

/** Keeps the last good text in an existing state folder. Rejects with the system's error. */
export async function keepGoodSettings(
  stateFolder: string,
  lab: string,
  text: string,
): Promise<void> {
  const path = keptAt(stateFolder, lab);
  await mkdir(dirname(path), { mode: 0o700 }).catch((error: unknown) => {
    if (errorCode(error) !== "EEXIST") throw error;
  });
  await atomicWrite(path, text);
}

const keptAt = (stateFolder: string, lab: string): string =>
  join(stateFolder, "settings", `${hashText(lab).slice(0, 32)}.yaml`);
