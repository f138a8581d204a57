// Git's facts of an experiment's folder: the commit, whether files differ from it, and the patch.
// Read-only, and by the repository that holds the lab. Without git there are no facts.
import { copyFile, lstat, mkdtemp, rm, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExecaError } from "execa";
import { masked } from "../../base/secrets.ts";
import { gitIn, type Git } from "./git.ts";
import { repositoryOf, type Repository } from "./repository.ts";
import { secretFiles, withoutSecrets } from "./secret-files.ts";
import { defined } from "../../base/defined.ts";

/** A larger file is left out of the patch. */
export const PATCH_FILE_BYTES = 2 ** 20;
/** At most this many files are in a patch. */
const PATCH_FILES = 500;

/** The state of an experiment's folder in Git. */
export interface GitFacts {
  readonly commit: string;
  /** The folder, without its runs and pages, has changed or new files. */
  readonly dirty: boolean;
  /**
   * Applies to the commit with `git apply`, new and binary files too; paths count from the top of
   * the work tree. Absent when not dirty, or too large.
   */
  readonly patch?: Uint8Array;
  /**
   * Files that differ and are not in the patch, by their path in the experiment: too large, or kept
   * by git through a filter, which is not run.
   */
  readonly left?: readonly string[];
  /** Files that differ and look as if they held a secret: they are not in the patch either. */
  readonly secret?: readonly string[];
}

/**
 * The experiment's folder without the runs of any experiment, and without the pages that nightlab
 * writes into: a receipt in the journal is no change of the code.
 */
const HERE = [
  "--",
  ".",
  ":(exclude,top,glob)**/runs/**",
  ...["runs", "plots", "JOURNAL.md", "REPORT.md", "STATUS.md"].map((one) => `:(exclude)${one}`),
] as const;

/**
 * Facts of an experiment of a lab; undefined without git, a repository or a commit, or if git
 * fails. A repository below the lab is not asked.
 */
export async function gitFacts(lab: string, experiment: string): Promise<GitFacts | undefined> {
  const repository = await repositoryOf(lab, experiment);
  if (repository === undefined) return undefined;
  // Any failure: no git facts; a run does not depend on them.
  const temp = await mkdtemp(join(tmpdir(), "nightlab-git-")).catch(() => undefined);
  if (temp === undefined) return undefined;
  try {
    const git = gitIn(repository, experiment, { indexFile: join(temp, "index") });
    const commit = (await git("rev-parse", "--verify", "HEAD")).trim();
    await copyIndex(repository, join(temp, "index"), git);
    const { fits, left } = await differing(experiment, git);
    if (fits.length === 0 && left.length === 0) return { commit, dirty: false };
    const hidden = await secretFiles(experiment, fits);
    const shown = fits.filter((name) => !hidden.has(name));
    const made = shown.length === 0 ? undefined : await patchOf(git, shown);
    const missing = made === "too large" ? [...left, ...shown] : left;
    const { patch, secret: removed = [] } = typeof made === "object" ? made : {};
    const secret = [...hidden, ...removed];
    return {
      commit,
      dirty: true,
      ...defined({ patch }),
      ...(missing.length === 0 ? {} : { left: missing.slice(0, PATCH_FILES).map(masked) }),
      ...(secret.length === 0 ? {} : { secret: secret.map(masked) }),
    };
  } catch {
    // Any failure of git: no git facts, as above.
    return undefined;
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

/**
 * Copies the index, so that new files can be added without touching the user's. The copy keeps the
 * modification time, by which git knows which files may have changed in the same second
 * (Documentation/technical/racy-git).
 */
async function copyIndex(repository: Repository, to: string, git: Git): Promise<void> {
  const path = join(repository.gitDir, "index");
  try {
    const second = Math.floor((await stat(path)).mtimeMs / 1000);
    await copyFile(path, to);
    await utimes(to, second, second);
  } catch {
    // Any failure: git makes an index of its own, which takes longer.
    await git("read-tree", "HEAD");
  }
}

/** Files that differ from the commit, new ones added to our index; `left` do not fit the patch. */
async function differing(
  experiment: string,
  git: Git,
): Promise<{ readonly fits: readonly string[]; readonly left: readonly string[] }> {
  const untracked = names(
    await git("ls-files", "-z", "--others", "--exclude-standard", ...HERE),
  ).slice(0, PATCH_FILES + 1);
  const fits: string[] = [];
  const left: string[] = [];
  const sort = async (name: string): Promise<void> => {
    // Any failure: git looks at it itself, and fails for all.
    const facts = await lstat(join(experiment, name)).catch(() => undefined);
    // A folder is listed only if it is a nested repository.
    const huge = facts !== undefined && (facts.size > PATCH_FILE_BYTES || facts.isDirectory());
    (huge || fits.length >= PATCH_FILES ? left : fits).push(name);
  };
  for (const name of untracked) await sort(name);
  if (fits.length > 0) await git("add", "--intent-to-add", "--", ...fits.map(literally));
  const fresh = new Set(untracked);
  const diff = ["diff", "--name-only", "--no-renames", "--relative", "-z", ...NO_PROGRAMS, "HEAD"];
  for (const name of names(await git(...diff, ...HERE))) {
    if (!fresh.has(name)) await sort(name);
  }
  const filtered = await filteredOf(git, fits);
  return {
    fits: fits.filter((name) => !filtered.has(name)),
    left: [...left, ...fits.filter((name) => filtered.has(name))],
  };
}

/** Which of these files, by their path in the folder, git keeps through a filter such as LFS. */
export async function filteredOf(
  git: Git,
  files: readonly string[],
  ...options: readonly string[]
): Promise<ReadonlySet<string>> {
  if (files.length === 0) return new Set();
  const input = files.map((name) => `${name}\0`).join("");
  const fields = (
    await git.given(input, "check-attr", ...options, "-z", "--stdin", "filter")
  ).split("\0");
  const none = new Set(["unspecified", "unset", "set", ""]);
  return new Set(fields.filter((_, i) => i % 3 === 0 && !none.has(fields[i + 2] ?? "")));
}

/** What a repository's configuration could otherwise run for a diff. */
const NO_PROGRAMS = ["--no-ext-diff", "--no-textconv", "--ignore-submodules=all"] as const;

/** The names in git's output with `-z`. */
const names = (text: string): readonly string[] => text.split("\0").filter((one) => one !== "");

/**
 * The patch of these files, as `GitFacts.patch`, without those whose committed lines hold a secret.
 */
async function patchOf(
  git: Git,
  files: readonly string[],
): Promise<Pick<GitFacts, "patch" | "secret"> | "too large"> {
  const whole = await wholePatch(git, files);
  if (whole === "too large") return whole;
  const { parts, left } = await withoutSecrets(whole);
  if (left.length === 0) return { patch: whole };
  // The parts are in the order of these names.
  const listed = ["diff", "--name-only", "--no-renames", "--relative", "-z", "HEAD", "--"];
  const all = names(await git(...listed, ...files.map(literally)));
  const secret = left.map((index) => all[index] ?? "?");
  return parts.length === 0 ? { secret } : { patch: Buffer.concat(parts), secret };
}

async function wholePatch(git: Git, files: readonly string[]): Promise<Uint8Array | "too large"> {
  const how = ["--binary", "--full-index", "--no-renames", ...NO_PROGRAMS];
  const paths = ["--no-relative", "--no-color", "--src-prefix=a/", "--dst-prefix=b/"];
  const diff = git.bytes("diff", ...how, ...paths, "HEAD", "--", ...files.map(literally));
  return diff.catch((error: unknown) => {
    if (error instanceof ExecaError && error.isMaxBuffer) return "too large";
    throw error;
  });
}

/** A pathspec that matches exactly this name. */
const literally = (name: string): string => `:(literal)${name}`;
