// Lists the experiments of a lab by walking it once. Following changes is the job of
// effects/daemon/watch.ts, which finds the same experiments.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Most experiments of one lab. Each takes a watch, and the kernel's default limit is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** How many levels below a lab are searched for journals. */
export const LAB_DEPTH = 8;

/** Folders that are never searched for journals. */
const SKIPPED = new Set(["runs", "node_modules", "__pycache__", "venv", "wandb", "mlruns"]);

/** Absolute paths of the folders with a journal, by name, EXPERIMENTS_PER_LAB at most. */
export async function experimentsOf(labDir: string): Promise<readonly string[]> {
  const found: string[] = [];
  await walk(labDir, 0, found);
  return found;
}

async function walk(dir: string, depth: number, found: string[]): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const names = new Set(entries.map((entry) => entry.name));
  // A nested lab is a lab of its own.
  if (depth > 0 && names.has("nightlab.yaml")) return;
  if (names.has("JOURNAL.md")) found.push(dir);
  if (depth >= LAB_DEPTH) return;
  const below = entries
    .filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith(".") && !SKIPPED.has(entry.name),
    )
    .map((entry) => entry.name);
  for (const name of below.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (found.length >= EXPERIMENTS_PER_LAB) return;
    await walk(join(dir, name), depth + 1, found);
  }
}
