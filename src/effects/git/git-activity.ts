// A cheap check whether Git has just written a file: then a text that looks stale was checked out.
// git-origin.ts finds out how; `step` decides what a checkout means for commands.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * How much older than the file the index may be: Git writes it right after the files, but copying a
 * large index takes a while.
 */
const BEFORE_MS = 3_000;

/** Whether Git changed its index since about `mtimeMs` (ms since 1970), the file's mtime. */
export async function gitWrote(path: string, mtimeMs: number): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    if ((await timeOf(git)) !== undefined) {
      // In a linked worktree `.git` is a file and the index is elsewhere, so nothing is detected.
      if ((await timeOf(join(git, "index.lock"))) !== undefined) return true;
      const indexMs = await timeOf(join(git, "index"));
      return indexMs !== undefined && indexMs >= mtimeMs - BEFORE_MS;
    }
    if (dirname(folder) === folder) return false;
  }
}

async function timeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
