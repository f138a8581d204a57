// Restores a kept version of a journal, after keeping its current text.
// cli/restore.ts finds out which version the user means and shows it first.
import type { ReplacedFiles } from "./replaced-files.ts";
import { editorHolds } from "./editor-locks.ts";
import { replaceJournal } from "./journal-file.ts";
import type { ReplaceResult } from "./replace-result.ts";
import { keepVersion } from "./version-store.ts";
import { readSettled } from "../os/stable-read.ts";
import { open } from "../os/lab-files.ts";

/** What to restore where. */
export interface VersionRestore {
  readonly path: string;
  readonly text: string;
  readonly keptDir: string;
  readonly intentDir: string;
  readonly replaced: ReplacedFiles;
}

/**
 * Replaces the journal's text by `replaceJournal`, or creates a missing journal. Rejects with the
 * system's error if the current text cannot be kept; then nothing was changed.
 */
export async function restoreVersion(request: VersionRestore): Promise<ReplaceResult> {
  const { path, text, keptDir, intentDir, replaced: displaced } = request;
  const held = await editorHolds(path);
  if (held !== false) return { kind: "busy", why: held.why };
  const current = await readSettled(path);
  switch (current.kind) {
    case "busy":
      return current;
    case "unreadable":
      return { kind: "refused", why: current.why };
    case "absent":
      return await createJournal(path, text);
    case "text":
      await keepVersion(keptDir, current.text);
      return await replaceJournal({
        path,
        basedOnHash: current.hash,
        text,
        keptDir,
        intentDir,
        replaced: displaced,
        // The user asked for exactly these bytes.
        allowSameSize: true,
      });
  }
}

async function createJournal(path: string, text: string): Promise<ReplaceResult> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return { kind: "written", hash: "" };
}
