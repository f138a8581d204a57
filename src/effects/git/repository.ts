// Finds the one repository that git is asked about: the nearest that holds the lab. A repository
// below the lab came with some experiment, and what its configuration names is never run.
import { lstat, open, realpath, stat } from "node:fs/promises";
import { constants } from "node:fs";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { askProgram, textOf } from "../os/ask-program.ts";
import { isAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { GIT_MS, gitEnvironment } from "./git-environment.ts";

/** A repository with a work tree, by absolute paths without symlinks. */
export interface Repository {
  /** Has HEAD, index and logs of this work tree: in a linked work tree not its main `.git`. */
  readonly gitDir: string;
  readonly workTree: string;
}

/** A `.git` file or a `commondir` is one line; a longer file is none. */
const POINTER_BYTES = 4_096;

/**
 * The repository that holds a lab; undefined outside of one, where it belongs to another user and
 * git's `safe.directory` does not name it, and where `folder`, one of the lab's, is by a symlink
 * outside of its work tree. A bare repository never counts: any folder may have files of those
 * names. Starts no program for a repository of one's own. Rejects where that cannot be looked at.
 */
export async function repositoryOf(
  lab: string,
  folder: string = lab,
): Promise<Repository | undefined> {
  const [from, place] =
    (await orNotOurs(Promise.all([lab, folder].map((path) => realpath(path))))) ?? [];
  if (from === undefined || place === undefined) return undefined;
  for (let at = from; ; at = dirname(at)) {
    const gitDir = await gitDirOf(at);
    if (gitDir !== undefined) {
      const holds = place === at || place.startsWith(at.endsWith(sep) ? at : at + sep);
      return holds && (await isTrusted(at, gitDir)) ? { gitDir, workTree: at } : undefined;
    }
    if (at === dirname(at)) return undefined;
  }
}

/**
 * The `.git` of the innermost repository between a folder of a lab and the lab itself, which is
 * not asked; undefined where there is none.
 */
export async function nestedGitDir(lab: string, folder: string): Promise<string | undefined> {
  for (let at = folder; at.startsWith(lab + sep); at = dirname(at)) {
    const gitDir = await gitDirOf(at);
    if (gitDir !== undefined) return gitDir;
  }
  return undefined;
}

/**
 * What a look gives; undefined where nothing is there, or where it is another user's, whose repository
 * git would not open for us either.
 */
async function orNotOurs<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (isAbsent(error) || errorCode(error) === "EACCES") return undefined;
    throw error;
  }
}

/** The git directory of a folder that is the top of a work tree; undefined for any other folder. */
async function gitDirOf(folder: string): Promise<string | undefined> {
  const path = join(folder, ".git");
  const found = await orNotOurs(stat(path));
  if (found === undefined) return undefined;
  const pointed = found.isFile() ? await pointer(path) : undefined;
  const gitDir = found.isDirectory()
    ? path
    : pointed === undefined
      ? undefined
      : resolve(folder, pointed);
  if (gitDir === undefined) return undefined;
  const head = await orNotOurs(lstat(join(gitDir, "HEAD")));
  return head === undefined ? undefined : await orNotOurs(realpath(gitDir));
}

/** Where the `.git` file of a linked work tree or of a submodule points to. */
async function pointer(path: string): Promise<string | undefined> {
  const file = await orNotOurs(open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (file === undefined) return undefined;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(POINTER_BYTES), 0, POINTER_BYTES, 0);
    // The path itself may have line ends, but for the last ones.
    return /^gitdir: ([^\0]+?)[\r\n]*$/.exec(buffer.toString("utf8", 0, bytesRead))?.[1];
  } finally {
    await file.close();
  }
}

/**
 * Git checks the owner only of a repository that it finds by itself, so it is checked here: a
 * `.git` in `/tmp` may be anybody's.
 */
async function isTrusted(workTree: string, gitDir: string): Promise<boolean> {
  const me = process.getuid?.();
  // Any failure: what cannot be looked at is not trusted.
  const owners = await Promise.all(
    [workTree, join(workTree, ".git"), gitDir].map((path) => lstat(path)),
  ).catch(() => undefined);
  if (owners === undefined) return false;
  if (me === undefined || owners.every(({ uid }) => uid === me)) return true;
  const args = ["config", "--global", "--get-all", "safe.directory"];
  const options = { cwd: "/", env: gitEnvironment(), timeoutMs: GIT_MS };
  const named = textOf(await askProgram("git", args, options)).split("\n");
  return named.some((one) => one === "*" || (isAbsolute(one) && resolve(one) === workTree));
}
