// The experiment that a path of the command line leads to.
// What is done with it is each subcommand's.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The nearest folder at or above a path that has a journal; `path` is absolute. */
export async function experimentOf(path: string): Promise<string | undefined> {
  for (let dir = path; ; dir = dirname(dir)) {
    const journal = await stat(join(dir, "JOURNAL.md")).catch(() => undefined);
    if (journal?.isFile() === true) return dir;
    if (dirname(dir) === dir) return undefined;
  }
}
