// Which folders of an experiment hold code, and which are data, environments or another experiment.
// What is hashed of them is code-hash.ts's, what is copied snapshots.ts's.
import type { Dirent } from "node:fs";
import { opendir } from "node:fs/promises";

/** Entries of a folder of code; one with more holds data, and is not read to its end. */
export const CODE_FOLDER_ENTRIES = 2_000;
/** Entries of a folder without code that is looked into: `src/`, but no folder per class. */
export const CODELESS_ENTRIES = 50;

/** Scripts, sources and settings: what a script is made of or reads to know what to do. */
export const CODE =
  /\.(?:pyi?|pyx|pxd|ipynb|c|cc|cpp|cu|cuh|h|hpp|rs|sh|toml|ya?ml|ini|cfg|j2|jinja|lock)$/i;

const NO_CODE: ReadonlySet<string> = new Set([
  "runs",
  "node_modules",
  "site-packages",
  "__pycache__",
]);

/** By its name alone: dot folders, runs, bytecode and installed packages. */
export const isLeftOut = (name: string): boolean => NO_CODE.has(name) || name.startsWith(".");

/**
 * What is in a folder below the experiment's own, by name; undefined where it holds none of the
 * experiment's code: a virtual environment, an experiment of its own, or so many files that they
 * are data. Folders without code of their own may hold some below, unless they hold much else.
 */
export async function codeFolder(path: string): Promise<readonly Dirent[] | undefined> {
  const entries = await listUpTo(path, CODE_FOLDER_ENTRIES);
  if (entries === undefined) return undefined;
  const names = new Set(entries.map(({ name }) => name));
  if (names.has("pyvenv.cfg") || names.has("JOURNAL.md")) return undefined;
  const hasCode = entries.some((entry) => !entry.isDirectory() && CODE.test(entry.name));
  return hasCode || entries.length <= CODELESS_ENTRIES ? entries : undefined;
}

/** The entries by name; undefined where there are more, without reading all of them. */
async function listUpTo(path: string, most: number): Promise<readonly Dirent[] | undefined> {
  const entries: Dirent[] = [];
  try {
    for await (const entry of await opendir(path)) {
      if (entries.length >= most) return undefined;
      entries.push(entry);
    }
  } catch {
    return undefined;
  }
  return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
