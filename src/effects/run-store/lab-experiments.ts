// Lists the experiments of a lab by walking it once, as a watch would find them.
// Following what changes is watch.ts.
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Journals of one lab: one watch each, and the kernel's default is 8,192. */
export const EXPERIMENTS_PER_LAB = 2_000;
/** Folders below a lab that are looked into for journals. */
export const LAB_DEPTH = 8;

const NEVER = new Set(["runs", "node_modules", "__pycache__", "venv", "wandb", "mlruns"]);

/** Absolute paths of the folders with a journal, in the order of their names. */
export async function experimentsOf(labDir: string): Promise<readonly string[]> {
  const found: string[] = [];
  await walk(labDir, 0, found);
  return found;
}

async function walk(dir: string, depth: number, found: string[]): Promise<void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const names = new Set(entries.map((entry) => entry.name));
  // A lab inside the lab is another lab.
  if (depth > 0 && names.has("nightlab.yaml")) return;
  if (names.has("JOURNAL.md")) found.push(dir);
  if (depth >= LAB_DEPTH) return;
  const below = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !NEVER.has(entry.name))
    .map((entry) => entry.name);
  for (const name of below.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (found.length >= EXPERIMENTS_PER_LAB) return;
    await walk(join(dir, name), depth + 1, found);
  }
}
