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
/** Write intents of LAB.md and of journals, by the lab's part of the state folder. */
export const labPageIntents = (state: string): string => join(state, "page-intents");
export const intentFolder = (state: string): string => join(state, "intents");

/** Where earlier releases kept them, below the lab. */
export const intentsOfBefore = (lab: string): string => join(lab, ".nightlab", "intents");
export const labPageIntentsOfBefore = (lab: string): string =>
  join(lab, ".nightlab", "page-intents");

/** Folder of one journal's kept versions. Hashed, since a path may hold any characters. */
export function keptFolder(lab: string, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "kept", name);
}
