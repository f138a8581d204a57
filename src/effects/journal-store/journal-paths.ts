// Paths of journals and of LAB.md: the file itself, its kept versions, its write intents.
// Only names: nothing here touches the disk.
import { createHash } from "node:crypto";
import { join, relative } from "node:path";

/** The journal of an experiment. */
export const journalPath = (experiment: string): string => join(experiment, "JOURNAL.md");

/** The page of a lab. */
export const labPagePath = (lab: string): string => join(lab, "LAB.md");

/** Folder of the kept versions of LAB.md. */
export const labPageKept = (lab: string): string => keptFolder(lab, labPagePath(lab));
/** Folder of the write intents of LAB.md, separate from those of journals. */
export const labPageIntents = (lab: string): string => join(lab, ".nightlab", "page-intents");

/** Folder of the write intents of a lab's journals. */
export const intentFolder = (lab: string): string => join(lab, ".nightlab", "intents");

/** Folder of one journal's kept versions. Hashed, since a path may hold any characters. */
export function keptFolder(lab: string, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "kept", name);
}
