// The code of an earlier run, put together again as a copy: its commit, then the patch beside its
// record. The person's work tree and index are only looked at. What else a run had, restore-run.ts
// finds.
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import type { CodeSeen } from "../../domain/code.ts";
import type { RunRecord } from "../../domain/run.ts";
import { CODE } from "../code/code-folder.ts";
import { codeSeen } from "../code/code-hash.ts";
import { gitIn, PATCH_BYTES } from "../git/git.ts";
import { keepGit } from "../code/recorded-git.ts";
import { removeSnapshot, snapshotCode, snapshotRoot } from "../code/snapshot-places.ts";
import {
  buildSnapshot,
  takeSnapshot,
  SNAPSHOT_BYTES,
  SNAPSHOT_FILE_BYTES,
} from "../code/snapshots.ts";
import { errorCode } from "../os/error-code.ts";

/** Putting an earlier run's code together: a large repository's index takes seconds to make. */
const CHECKOUT_MS = 60_000;

export interface CodeAsked {
  readonly lab: string;
  readonly experiment: string;
  /** Of the command that will run it. */
  readonly id: string;
  /** Folder of the earlier run. */
  readonly runDir: string;
  readonly record: RunRecord;
}

export type CodeRestored =
  | {
      readonly kind: "restored";
      readonly code: CodeSeen;
      readonly dir: string;
      /** Where it came from, in words: `commit 1a2b3c4 and its uncommitted changes`. */
      readonly from: string;
      readonly differs: readonly string[];
    }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Makes the copy; refuses where it cannot be had, or is not what ran. Without git, scripts that
 * have not changed since are as good. Never rejects.
 */
export async function restoreCode(asked: CodeAsked): Promise<CodeRestored> {
  const { lab, experiment, id, record } = asked;
  const { git } = record;
  const why =
    git === undefined ? "its experiment was in no git repository" : await fromGit(asked, git);
  if (typeof why !== "string") return why;
  const here = await codeSeen(experiment);
  if (here.hash !== record.codeHash) {
    await removeSnapshot(lab, id).catch(() => undefined);
    const since = git === undefined ? `${why}, and the scripts have changed since` : why;
    return { kind: "refused", why: since };
  }
  const { code, note } = await takeSnapshot(lab, experiment, id);
  if (note.kind === "failed") return { kind: "refused", why: note.why };
  const differs = git === undefined ? [] : [`${why}; the scripts are the same, other files as now`];
  return { kind: "restored", code, dir: note.dir, from: "the scripts, unchanged since", differs };
}

/** The copy from git, or why there is none. */
async function fromGit(asked: CodeAsked, git: Recorded): Promise<CodeRestored | string> {
  const { lab, experiment, id, record } = asked;
  try {
    const left = await checkOut(asked, git.commit);
    const dir = snapshotCode(lab, experiment, id);
    const code = await codeSeen(dir);
    if (record.codeHash !== undefined && code.hash !== record.codeHash) return otherCode(git);
    const patched = git.patch === undefined ? "" : " and its uncommitted changes";
    const from = `commit ${git.commit.slice(0, 7)}${patched}`;
    return { kind: "restored", code, dir, from, differs: [...left, ...lost(git)] };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Recorded = NonNullable<RunRecord["git"]>;

function otherCode(git: Recorded): string {
  const commit = git.commit.slice(0, 7);
  if (git.dirty && git.patch === undefined) {
    return `its scripts were not committed, and the difference to ${commit} was not kept`;
  }
  return (
    `commit ${commit} with its patch gives other scripts than those that ran: ` +
    "was one of them ignored by git?"
  );
}

/** What was changed and is too large to be kept. */
function lost({ left = [] }: Recorded): readonly string[] {
  if (left.length === 0) return [];
  const more = left.length > 3 ? ` and ${left.length - 3} more` : "";
  return [
    `as committed or as now, for their change was too large to keep: ${left.slice(0, 3).join(", ")}${more}`,
  ];
}

/** The experiment's files at a commit, with the run's patch; the answer is what is as now. */
async function checkOut(asked: CodeAsked, commit: string): Promise<readonly string[]> {
  const { lab, experiment, id, record } = asked;
  const temp = await mkdtemp(join(tmpdir(), "nightlab-git-"));
  try {
    const git = gitIn(
      experiment,
      { GIT_INDEX_FILE: join(temp, "index") },
      { timeoutMs: CHECKOUT_MS },
    );
    // Somebody may have written anything there: an option of git's is no commit.
    const named = /^[0-9a-f]{7,64}$/.test(commit) ? `${commit}^{commit}` : "none";
    await git("cat-file", "-e", named).catch(() => {
      throw new Error(
        `commit ${commit.slice(0, 7)} is not in this repository; \`git fetch\` may bring it`,
      );
    });
    const prefix = (await git("rev-parse", "--show-prefix")).replace(/\n$/, "");
    const { names, large } = await filesAt(git, commit, prefix);
    await git("read-tree", commit);
    const fill = async (code: string): Promise<void> => {
      const out = join(dirname(code), ".checkout");
      await mkdir(out);
      await checkOutTo(experiment, join(temp, "index"), names, out);
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
      ...(patch === undefined ? {} : { patch }),
      ...(record.git?.left === undefined ? {} : { left: record.git.left }),
    });
    return large.length === 0 ? [] : [`as they are now: ${large.slice(0, 3).join(", ")}`];
  } finally {
    await rm(temp, { recursive: true, force: true });
  }
}

/** Files of the experiment at a commit, without its runs; large ones that are no code apart. */
async function filesAt(
  git: ReturnType<typeof gitIn>,
  commit: string,
  prefix: string,
): Promise<{ readonly names: readonly string[]; readonly large: readonly string[] }> {
  const listed = await git("ls-tree", "-r", "-l", "-z", commit, "--", ".");
  const names: string[] = [];
  const large: string[] = [];
  let bytes = 0;
  for (const line of listed.split("\0")) {
    const [, type, sizeText, name] = /^\d+ (\w+) [0-9a-f]+ +(\d+|-)\t([\s\S]+)$/.exec(line) ?? [];
    if (name === undefined || type !== "blob" || /(?:^|\/)runs\//.test(name)) continue;
    const size = Number(sizeText);
    if (size > SNAPSHOT_FILE_BYTES && !CODE.test(name)) large.push(name);
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

async function checkOutTo(
  experiment: string,
  index: string,
  names: readonly string[],
  out: string,
): Promise<void> {
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = process.env;
  const args = ["-c", "core.hooksPath=/dev/null", "checkout-index", "-z", "--stdin"];
  await execa("git", [...args, `--prefix=${out}/`], {
    cwd: experiment,
    env: { ...env, GIT_INDEX_FILE: index, GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    extendEnv: false,
    input: names.map((name) => `${name}\0`).join(""),
    timeout: CHECKOUT_MS,
  });
}

async function patchOf({ runDir, record }: CodeAsked): Promise<Uint8Array | undefined> {
  const name = record.git?.patch;
  if (name === undefined) return undefined;
  const path = join(runDir, "run.patch");
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isFile() !== true) throw new Error(`${name} is not beside its run.json any more`);
  if (facts.size > 2 * PATCH_BYTES) throw new Error(`${name} is too large to be a patch of ours`);
  return readFile(path);
}

/** The copy is in no repository: paths of the patch count from the top of the one it was made in. */
async function applyPatch(asked: CodeAsked, code: string, prefix: string): Promise<void> {
  const patch = await patchOf(asked);
  if (patch === undefined || patch.length === 0) return;
  const depth = prefix.split("/").filter((part) => part !== "").length;
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = process.env;
  const args = ["-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", `-p${depth + 1}`];
  const applied = await execa("git", [...args, "-"], {
    cwd: code,
    env: { ...env, GIT_CEILING_DIRECTORIES: dirname(code), LC_ALL: "C" },
    extendEnv: false,
    input: patch,
    reject: false,
    timeout: CHECKOUT_MS,
  });
  if (!applied.failed) return;
  const [said = "git refused it"] = applied.stderr.split("\n");
  throw new Error(`run.patch does not apply: ${said.replace(/^error: /, "")}`);
}
