// Which folders of an experiment hold code, and which are data, environments or another experiment.
// code-hash.ts hashes the code, snapshots.ts copies it.
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";

/** A folder with more entries than this holds data, and is not read further. */
export const CODE_FOLDER_ENTRIES = 2_000;
/** A folder without code is searched if it has at most this many entries: `src/`, but not data. */
export const CODELESS_ENTRIES = 50;

/** Names of scripts, sources and settings: what a script consists of or is configured by. */
export const CODE =
  /\.(?:pyi?|pyx|pxd|ipynb|c|cc|cpp|cu|cuh|h|hpp|rs|sh|toml|ya?ml|ini|cfg|j2|jinja|lock)$/i;

/** Names of folders that never hold an experiment's own code. */
const NO_CODE: ReadonlySet<string> = new Set([
  "runs",
  "node_modules",
  "site-packages",
  "__pycache__",
]);

/** Whether a name alone rules out code: dot folders, runs, bytecode and installed packages. */
export const isLeftOut = (name: string): boolean => NO_CODE.has(name) || name.startsWith(".");

/**
 * The entries of a subfolder of an experiment, by name; undefined where it holds none of the
 * experiment's code: it is a virtual environment or another experiment, has too many files, or has
 * no code itself and too many entries for code to be expected in its subfolders.
 */
export async function codeFolder(path: string): Promise<readonly Dirent[] | undefined> {
  const entries = await listUpTo(path, CODE_FOLDER_ENTRIES);
  if (entries === undefined) return undefined;
  const names = new Set(entries.map(({ name }) => name));
  if (names.has("pyvenv.cfg") || names.has("JOURNAL.md")) return undefined;
  const hasCode = entries.some((entry) => !entry.isDirectory() && CODE.test(entry.name));
  return hasCode || entries.length <= CODELESS_ENTRIES ? entries : undefined;
}

/** The entries, by name; undefined where there are more than `most`, or none can be read. */
async function listUpTo(path: string, most: number): Promise<readonly Dirent[] | undefined> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entries.length >= most) return undefined;
      entries.push(entry);
    }
  } catch {
    // Any failure: what cannot be listed counts as data, which a script reads from where it is.
    return undefined;
  }
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
