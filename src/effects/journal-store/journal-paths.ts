// Where the parts of a journal, and of LAB.md, lie: the file, its kept versions, writes under way.
// What is done with them is in the files that use these names.
import { createHash } from "node:crypto";
import { join, relative } from "node:path";

/** The journal of an experiment. */
export const journalPath = (experiment: string): string => join(experiment, "JOURNAL.md");

/** The page of a lab. */
export const labPagePath = (lab: string): string => join(lab, "LAB.md");

/** Its kept versions, and records of its writes, apart from those of journals. */
export const labPageKept = (lab: string): string => keptFolder(lab, labPagePath(lab));
export const labPageIntents = (lab: string): string => join(lab, ".nightlab", "page-intents");

/** Records of writes that may not be done yet. */
export const intentFolder = (lab: string): string => join(lab, ".nightlab", "intents");

/** Where the versions of one journal are kept: the experiment's name may hold any characters. */
export function keptFolder(lab: string, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "kept", name);
}
