// Which lab a folder belongs to, for the subcommands that are told no lab.
// Only looks; making labs is in init.ts, making experiments in new.ts.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** The file that makes a folder a lab. */
export const LAB_FILE = "nightlab.yaml";

/** Absolute path of the nearest folder, from `from` upwards, that is a lab. */
export function findLab(from: string): string | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, LAB_FILE))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}
