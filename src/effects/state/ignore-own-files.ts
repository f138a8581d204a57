// Keeps `.nightlab/` out of git whatever the lab's own .gitignore says: kept versions of journals,
// copies of code and consoles of runs show what a person has long taken out of them.
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabPath } from "../../base/ids.ts";

/** Writes a .gitignore of its own into `.nightlab/` unless one is there. Errors are ignored. */
export async function ignoreOwnFiles(lab: LabPath): Promise<void> {
  const dir = join(lab, ".nightlab");
  try {
    await mkdir(dir, { recursive: true });
    if (!(await lstat(dir)).isDirectory()) return;
    await writeFile(join(dir, ".gitignore"), "# nightlab's own files\n*\n", { flag: "wx" });
  } catch {
    // Any failure: it is there, or the disk is full: a start does not depend on it.
  }
}
