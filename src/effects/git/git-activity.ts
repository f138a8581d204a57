// A cheap check whether Git has just written a file: then a text that looks stale was checked out.
// git-origin.ts finds out how; `step` decides what a checkout means for commands.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { orAbsent } from "../os/absent.ts";
import { nestedGitDir, repositoryOf, type Repository } from "./repository.ts";

/**
 * How much older than the file the index may be: Git writes it right after the files, but copying a
 * large index takes a while.
 */
const BEFORE_MS = 3_000;

/**
 * Whether Git changed the index since about `mtimeMs` (ms since 1970), the file's mtime. A file in
 * a repository below the lab is one of that repository. Rejects where that cannot be looked at.
 */
export async function gitWrote(lab: string, path: string, mtimeMs: number): Promise<boolean> {
  const gitDir = (await nestedGitDir(lab, dirname(path))) ?? (await repositoryNow(lab))?.gitDir;
  if (gitDir === undefined) return false;
  if ((await timeOf(join(gitDir, "index.lock"))) !== undefined) return true;
  const indexMs = await timeOf(join(gitDir, "index"));
  return indexMs !== undefined && indexMs >= mtimeMs - BEFORE_MS;
}

/** Searches in progress: a thousand journals that are read at once ask for the same. */
const searches = new Map<string, Promise<Repository | undefined>>();

function repositoryNow(lab: string): Promise<Repository | undefined> {
  const search = searches.get(lab) ?? repositoryOf(lab).finally(() => searches.delete(lab));
  searches.set(lab, search);
  return search;
}

const timeOf = async (path: string): Promise<number | undefined> =>
  (await orAbsent(stat(path)))?.mtimeMs;
