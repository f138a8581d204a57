// Whether Git has just put files in place: then a text that looks stale is what was checked out.
// What a checkout means for commands is decided in step.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Git writes its index right after the files, and copying a large index takes a while. */
const BEFORE_MS = 3_000;

/** Whether Git changed its index at about the time, ms since 1970, at which a file was written. */
export async function gitWrote(path: string, mtimeMs: number): Promise<boolean> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const git = join(folder, ".git");
    if ((await timeOf(git)) !== undefined) {
      // In a linked worktree `.git` is a file: its index is elsewhere, and only its lock is missed.
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
