// A lab's memory of the experiments that were made on this machine, below .nightlab/.
// Git does not carry it, so a clone of the lab knows that its experiments came from elsewhere.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Notes that an experiment, an absolute path in the lab, was made here. */
export async function noteLocalExperiment(lab: string, experiment: string): Promise<void> {
  const mark = markOf(lab, experiment);
  await mkdir(join(mark, ".."), { recursive: true });
  await writeFile(mark, `${relative(lab, experiment)}\n`);
}

/** Whether `noteMadeHere` was called for this experiment of this lab, on whatever day. */
export function isLocalExperiment(lab: string, experiment: string): boolean {
  return existsSync(markOf(lab, experiment));
}

/** Named by a hash, since an experiment's path may be longer than a file name may be. */
function markOf(lab: string, experiment: string): string {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "made-here", name);
}
