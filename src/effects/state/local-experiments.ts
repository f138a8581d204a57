// Records, below .nightlab/, which experiments of a lab were created on this machine. Git does not
// track that folder, so in a clone of the lab all experiments count as created elsewhere.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Records that an experiment, an absolute path in the lab, was created here. */
export async function noteLocalExperiment(lab: string, experiment: string): Promise<void> {
  const marker = markerOf(lab, experiment);
  await mkdir(join(marker, ".."), { recursive: true });
  await writeFile(marker, `${relative(lab, experiment)}\n`);
}

/** Whether `noteLocalExperiment` was ever called for this experiment of this lab. */
export function isLocalExperiment(lab: string, experiment: string): boolean {
  return existsSync(markerOf(lab, experiment));
}

/** The marker file. Its name is a hash, since a path may be too long for a file name. */
function markerOf(lab: string, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "made-here", name);
}
