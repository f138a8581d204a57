// Puts a kept version of a journal back in its place, the present text kept first.
// Which version a person means, and what they are shown before, is cli/restore.ts's.
import { open } from "node:fs/promises";
import type { ReplacedFiles } from "./replaced-files.ts";
import { editorHolds } from "./editor-locks.ts";
import { replaceJournal } from "./journal-file.ts";
import type { ReplaceResult } from "./journal-swap.ts";
import { keepVersion } from "./version-store.ts";
import { readSettled } from "../os/stable-read.ts";

export interface VersionRestore {
  readonly path: string;
  readonly text: string;
  readonly keptDir: string;
  readonly intentDir: string;
  readonly displaced: ReplacedFiles;
}

/**
 * Replaces the journal's text by the safe protocol; a journal that is not there is made anew.
 * Rejects with the system's error where the present text cannot be kept: then nothing was done.
 */
export async function restoreVersion(request: VersionRestore): Promise<ReplaceResult> {
  const { path, text, keptDir, intentDir, displaced } = request;
  const held = await editorHolds(path);
  if (held !== false) return { kind: "busy", why: held.why };
  const current = await readSettled(path);
  switch (current.kind) {
    case "busy":
      return current;
    case "unreadable":
      return { kind: "refused", why: current.why };
    case "absent":
      return await makeAnew(path, text);
    case "text":
      await keepVersion(keptDir, current.text);
      return await replaceJournal({
        path,
        basedOnHash: current.hash,
        text,
        keptDir,
        intentDir,
        displaced,
        // A person asked for these bytes and no others.
        allowSameSize: true,
      });
  }
}

async function makeAnew(path: string, text: string): Promise<ReplaceResult> {
  const file = await open(path, "wx");
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  return { kind: "written", hash: "" };
}
