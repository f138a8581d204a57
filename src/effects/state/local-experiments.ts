// Records which experiments of a lab were created on this machine, in the lab's part of the state
// folder: in a clone of the lab all experiments count as created elsewhere.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Folder of the marks in the lab's part of the state folder. */
export const MARKS = "made-here";

/** A lab and its part of the state folder. */
export interface LabPlace {
  readonly lab: string;
  readonly folder: string;
}

/** Records that an experiment, an absolute path in the lab, was created here. */
export async function noteLocalExperiment(place: LabPlace, experiment: string): Promise<void> {
  await mkdir(join(place.folder, MARKS), { recursive: true, mode: 0o700 });
  await writeFile(markerOf(place, experiment), `${relative(place.lab, experiment)}\n`);
}

/** Whether `noteLocalExperiment` was ever called for this experiment of this lab. */
export function isLocalExperiment(place: LabPlace, experiment: string): boolean {
  return existsSync(markerOf(place, experiment));
}

/** The marker file. Its name is a hash, since a path may be too long for a file name. */
function markerOf({ lab, folder }: LabPlace, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(folder, MARKS, name);
}
