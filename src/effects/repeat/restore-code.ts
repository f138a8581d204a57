// Rebuilds the code of an earlier run as a snapshot: the files of its commit, plus the patch beside
// its record. The person's work tree and index are only read. The rest of a run is restore-run.ts.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ExecaError } from "execa";
import type { CodeSeen } from "../../domain/code.ts";
import type { RunRecord } from "../../domain/run.ts";
import { CODE } from "../code/code-folder.ts";
import { codeSeen } from "../code/code-hash.ts";
import { gitIn, PATCH_BYTES, type Git } from "../git/git.ts";
import { filteredOf } from "../git/git-facts.ts";
import { repositoryOf } from "../git/repository.ts";
import { keepGit } from "../code/recorded-git.ts";
import { removeSnapshot, snapshotCode, snapshotRoot } from "../code/snapshot-places.ts";
import {
  buildSnapshot,
  takeSnapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILE_BYTES,
} from "../code/snapshots.ts";
import { orAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { mkdir, readFile, rename, rm, stat } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

/** Timeout of one git command: building the index of a large repository takes seconds. */
const CHECKOUT_MS = 60_000;

export interface CodeAsked {
  readonly lab: string;
  readonly experiment: string;
  /** Id of the command that will run it. */
  readonly id: string;
  /** Folder of the earlier run. */
  readonly runDir: string;
  readonly record: RunRecord;
}

export type CodeRestored =
  | {
      readonly kind: "restored";
      readonly code: CodeSeen;
      /** The experiment's folder in the snapshot. */
      readonly dir: string;
      /** Origin of the code, in words: `commit 1a2b3c4 and its uncommitted changes`. */
      readonly from: string;
      /** What differs from the earlier run, in words. */
      readonly differs: readonly string[];
    }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Makes a snapshot of the code that ran. If git cannot give it, the present scripts serve, provided
 * that they have not changed since. Refuses if neither hashes to what ran. Never rejects.
 */
export async function restoreCode(asked: CodeAsked): Promise<CodeRestored> {
  const { lab, experiment, id, record } = asked;
  const { git } = record;
  const why =
    git === undefined ? "its experiment was in no git repository" : await fromGit(asked, git);
  if (typeof why !== "string") return why;
  const here = await codeSeen(experiment);
  if (here.hash !== record.codeHash) {
    // Any failure: a leftover, which is removed after a week.
    await removeSnapshot(lab, id).catch(() => undefined);
    const since = git === undefined ? `${why}, and the scripts have changed since` : why;
    return { kind: "refused", why: since };
  }
  const { code, note } = await takeSnapshot(lab, experiment, id);
  if (note.kind === "failed") return { kind: "refused", why: note.why };
  const differs = git === undefined ? [] : [`${why}; the scripts are the same, other files as now`];
  return { kind: "restored", code, dir: note.dir, from: "the scripts, unchanged since", differs };
}

/** The snapshot from git, or the reason why there is none. */
async function fromGit(asked: CodeAsked, git: Recorded): Promise<CodeRestored | string> {
  const { lab, experiment, id, record } = asked;
  try {
    const notCheckedOut = await checkOut(asked, git.commit);
    const dir = snapshotCode(lab, experiment, id);
    const code = await codeSeen(dir);
    if (record.codeHash !== undefined && code.hash !== record.codeHash) return hashMismatch(git);
    const patched = git.patch === undefined ? "" : " and its uncommitted changes";
    const from = `commit ${git.commit.slice(0, 7)}${patched}`;
    return {
      kind: "restored",
      code,
      dir,
      from,
      differs: [...notCheckedOut, ...unkeptChanges(git)],
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Recorded = NonNullable<RunRecord["git"]>;

/** Why the code from git hashes to something else than what ran. */
function hashMismatch(git: Recorded): string {
  const commit = git.commit.slice(0, 7);
  const hidden = (git.secret ?? []).filter((name) => name.endsWith(".py"));
  if (hidden.length > 0) {
    return `what was not committed of ${someOf(hidden)} was not kept, since it looks like a secret`;
  }
  if (git.dirty && git.patch === undefined) {
    return `its scripts were not committed, and the difference to ${commit} was not kept`;
  }
  return (
    `commit ${commit} with its patch gives other scripts than those that ran: ` +
    "was one of them ignored by git?"
  );
}

/** The files whose changes were not kept, in words. */
function unkeptChanges({ left = [], secret = [] }: Recorded): readonly string[] {
  return [
    ...asNow(left, "their change was too large to keep"),
    ...asNow(secret, "it looks like a secret and was not kept"),
  ];
}

const asNow = (names: readonly string[], reason: string): readonly string[] =>
  names.length === 0 ? [] : [`as committed or as now, for ${reason}: ${someOf(names)}`];

/** `a, b, c and 2 more`. */
function someOf(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
  return `${names.slice(0, 3).join(", ")}${more}`;
}

/**
 * Makes a snapshot of the experiment's files at a commit, with the run's patch applied. Returns
 * what it did not check out, in words: large files, which are linked as they are now. Rejects with
 * the reason if the commit or the patch cannot be had.
 */
async function checkOut(asked: CodeAsked, commit: string): Promise<readonly string[]> {
  const { lab, experiment, id, record } = asked;
  const repository = await repositoryOf(lab, experiment);
  if (repository === undefined) throw new Error("the lab is in no git repository of its owner's");
  const temp = await mkdtemp(join(tmpdir(), "nightlab-git-"));
  try {
    const indexFile = join(temp, "index");
    const git = gitIn(repository, experiment, { indexFile, timeoutMs: CHECKOUT_MS });
    // run.json may have been edited: never pass an option to git as a commit.
    const revision = /^[0-9a-f]{7,64}$/.test(commit) ? `${commit}^{commit}` : "none";
    // Any failure: git does not have it.
    await git("cat-file", "-e", revision).catch(() => {
      throw new Error(
        `commit ${commit.slice(0, 7)} is not in this repository; \`git fetch\` may bring it`,
      );
    });
    const prefix = (await git("rev-parse", "--show-prefix")).replace(/\n$/, "");
    await git("read-tree", commit);
    const { names, large } = await filesAt(git, commit, prefix);
    const fill = async (code: string): Promise<void> => {
      const out = join(dirname(code), ".checkout");
      await mkdir(out);
      // Files that git keeps through a filter are not among them: filters are not run.
      const stdin = names.map((name) => `${name}\0`).join("");
      await git.given(stdin, "checkout-index", "-z", "--stdin", `--prefix=${out}/`);
      await rm(code, { recursive: true });
      await rename(join(out, prefix), code).catch(async (error: unknown) => {
        if (errorCode(error) !== "ENOENT") throw error;
        await mkdir(code);
      });
      await rm(out, { recursive: true, force: true });
      await applyPatch(asked, code, prefix);
    };
    await buildSnapshot({ lab, experiment, id, fill, linkCode: false });
    const patch = await patchOf(asked);
    await keepGit(snapshotRoot(lab, id), {
      commit,
      dirty: record.git?.dirty ?? false,
      codeHash: record.codeHash ?? "",
      ...defined({ patch }),
      ...(record.git?.left === undefined ? {} : { left: record.git.left }),
      ...(record.git?.secret === undefined ? {} : { secret: record.git.secret }),
    });
    return large.length === 0 ? [] : [`as they are now: ${large.slice(0, 3).join(", ")}`];
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

/**
 * The experiment's files at a commit, without its runs. Listed separately are large files that are
 * not code, and those that git keeps through a filter such as LFS, for filters are not run. Rejects
 * if there are none, or too many bytes. The index has to be that of the commit.
 */
async function filesAt(
  git: Git,
  commit: string,
  prefix: string,
): Promise<{ readonly names: readonly string[]; readonly large: readonly string[] }> {
  const listed = await git("ls-tree", "-r", "-l", "-z", commit, "--", ".");
  const names: string[] = [];
  const large: string[] = [];
  let bytes = 0;
  const blobs: { readonly name: string; readonly size: number }[] = [];
  for (const line of listed.split("\0")) {
    const [, type, sizeText, name] = /^\d+ (\w+) [0-9a-f]+ +(\d+|-)\t([\s\S]+)$/.exec(line) ?? [];
    if (name === undefined || type !== "blob" || /(?:^|\/)runs\//.test(name)) continue;
    blobs.push({ name, size: Number(sizeText) });
  }
  const filtered = await filteredOf(
    git,
    blobs.map(({ name }) => name),
    "--cached",
  );
  for (const { name, size } of blobs) {
    if ((size > SNAPSHOT_FILE_BYTES && !CODE.test(name)) || filtered.has(name)) large.push(name);
    else {
      names.push(name);
      bytes += size;
    }
  }
  if (names.length === 0 && large.length === 0) {
    const where = prefix === "" ? "its folder" : prefix.replace(/\/$/, "");
    throw new Error(`commit ${commit.slice(0, 7)} has no ${where}; was the experiment renamed?`);
  }
  if (bytes > SNAPSHOT_BYTES) throw new Error("its code in git is over 64 MB");
  return { names, large };
}

/** The run's patch; undefined if it had none. Rejects if it is gone or too large. */
async function patchOf({ runDir, record }: CodeAsked): Promise<Uint8Array | undefined> {
  const name = record.git?.patch;
  if (name === undefined) return undefined;
  const path = join(runDir, "run.patch");
  const stats = await orAbsent(stat(path));
  if (stats?.isFile() !== true) throw new Error(`${name} is not beside its run.json any more`);
  if (stats.size > 2 * PATCH_BYTES) throw new Error(`${name} is too large to be a patch of ours`);
  return readFile(path);
}

/**
 * Applies the run's patch to `code`, which is in no repository: `prefix`, the experiment's path in
 * its repository, is stripped from the patch's paths.
 */
async function applyPatch(asked: CodeAsked, code: string, prefix: string): Promise<void> {
  const patch = await patchOf(asked);
  if (patch === undefined || patch.length === 0) return;
  const depth = prefix.split("/").filter((part) => part !== "").length;
  const git = gitIn(undefined, code, { timeoutMs: CHECKOUT_MS });
  const how = ["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", `-p${depth + 1}`];
  try {
    await git.given(patch, ...how, "-");
  } catch (error) {
    const said = error instanceof ExecaError ? Buffer.from(error.stderr ?? "").toString() : "";
    const [reason = ""] = said.split("\n");
    const why = reason.replace(/^error: /, "") || "git refused it";
    throw new Error(`run.patch does not apply: ${why}`, { cause: error });
  }
}
