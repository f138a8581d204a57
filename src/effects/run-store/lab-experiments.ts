// Lists the experiments of a lab by walking it once. Following changes is the job of
// effects/daemon/watch.ts, which finds the same experiments.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { linkedFolder } from "../os/lab-links.ts";

/** Most experiments of one lab. Each takes a watch, and the kernel's default limit is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** How many levels below a lab are searched for journals. */
export const LAB_DEPTH = 8;

/** Folders that are never searched for journals. */
const SKIPPED = new Set(["runs", "node_modules", "__pycache__", "venv", "wandb", "mlruns"]);

/**
 * Absolute paths of the folders with a journal, by name, EXPERIMENTS_PER_LAB at most. A folder
 * outside of the lab is one where a trusted link leads to it, by the path of the first such link.
 */
export async function experimentsOf(labDir: string): Promise<readonly string[]> {
  const found: string[] = [];
  await walk({ found, linked: new Set() }, labDir, 0);
  return found;
}

interface Walk {
  readonly found: string[];
  /** Folders outside of the lab, by their own paths. */
  readonly linked: Set<string>;
}

async function walk(of: Walk, dir: string, depth: number): Promise<void> {
  const { found } = of;
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const names = new Set(entries.map((entry) => entry.name));
  // A nested lab is a lab of its own.
  if (depth > 0 && names.has("nightlab.yaml")) return;
  if (names.has("JOURNAL.md")) found.push(dir);
  if (depth >= LAB_DEPTH) return;
  const below = entries
    .filter(
      (entry) =>
        !entry.name.startsWith(".") &&
        !SKIPPED.has(entry.name) &&
        (entry.isDirectory() || (entry.isSymbolicLink() && isFirstLink(of, join(dir, entry.name)))),
    )
    .map((entry) => entry.name);
  for (const name of below.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (found.length >= EXPERIMENTS_PER_LAB) return;
    await walk(of, join(dir, name), depth + 1);
  }
}

/** Whether a path is a trusted link to a folder that no link before it led to. */
function isFirstLink({ linked }: Walk, path: string): boolean {
  const folder = linkedFolder(path);
  if (folder === undefined || linked.has(folder)) return false;
  linked.add(folder);
  return true;
}
