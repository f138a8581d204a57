// What git says of an experiment's folder: commit, whether it differs, and the difference.
// It only reads: no locks, hooks, pagers or outside diff programs, and no git means no facts.
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { execa, ExecaError } from "execa";
import { GIT_MS, PATCH_BYTES, UNTRACKED_BYTES, UNTRACKED_FILES } from "../limits.ts";

export interface GitFacts {
  readonly commit: string;
  /** The experiment's folder, without runs/, differs from the commit or has files it lacks. */
  readonly dirty: boolean;
  /** Applies to the commit with `git apply`; paths count from the top of the work tree. Absent when not dirty, or too large. */
  readonly patch?: string;
}

/** Facts of a folder; undefined without git, a repository or a commit, or when git is too slow. */
export async function gitFacts(experiment: string): Promise<GitFacts | undefined> {
  const git = async (...args: readonly string[]): Promise<string> => ask(experiment, args);
  const here = ["--", ".", ":(exclude,top,glob)**/runs/**", ":(exclude)runs"];
  try {
    const commit = (await git("rev-parse", "--verify", "HEAD")).trim();
    const list = ["ls-files", "-z", "--others", "--exclude-standard"];
    const untracked = (await git(...list, ...here)).split("\0").filter((name) => name !== "");
    const diff = ["diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color"];
    const tracked = await git(...diff, ...here).catch((error: unknown) => {
      if (error instanceof ExecaError && error.isMaxBuffer) return undefined;
      throw error;
    });
    if (tracked === undefined) return { commit, dirty: true };
    if (tracked === "" && untracked.length === 0) return { commit, dirty: false };
    const prefix = (await git("rev-parse", "--show-prefix")).replace(/\n$/, "");
    const added = await addedPatch(experiment, prefix, untracked, PATCH_BYTES - tracked.length);
    return { commit, dirty: true, patch: tracked + added };
  } catch {
    return undefined;
  }
}

async function ask(folder: string, args: readonly string[]): Promise<string> {
  const {
    GIT_DIR: _dir,
    GIT_WORK_TREE: _tree,
    GIT_INDEX_FILE: _index,
    GIT_EXTERNAL_DIFF: _diff,
    ...env
  } = process.env;
  const quiet = ["core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=true"];
  const settings = quiet.flatMap((setting) => ["-c", setting]);
  const { stdout } = await execa("git", ["--no-pager", ...settings, ...args], {
    cwd: folder,
    env: { ...env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C" },
    extendEnv: false,
    stripFinalNewline: false,
    timeout: GIT_MS,
    maxBuffer: PATCH_BYTES,
  });
  return stdout;
}

/** Patch that makes the untracked text files; others are named in a line that git skips. */
async function addedPatch(
  experiment: string,
  prefix: string,
  names: readonly string[],
  room: number,
): Promise<string> {
  const parts: string[] = [];
  let left = room;
  for (const name of names.slice(0, UNTRACKED_FILES)) {
    const text = await textOf(join(experiment, name));
    const part =
      text === undefined || text.length > left
        ? `# not in this patch: ${JSON.stringify(name)}\n`
        : newFile(prefix + name, text);
    left -= part.length;
    if (left > 0) parts.push(part);
  }
  const rest = names.length - parts.length;
  if (rest > 0) parts.push(`# not in this patch: ${rest} more untracked files\n`);
  return parts.join("");
}

/** A text of bounded size; undefined for links, binary files and what is no file. */
async function textOf(path: string): Promise<string | undefined> {
  try {
    const facts = await lstat(path);
    if (!facts.isFile() || facts.size > UNTRACKED_BYTES) return undefined;
    const file = await open(path, "r");
    try {
      const bytes = await file.readFile();
      if (bytes.includes(0)) return undefined;
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

function newFile(name: string, text: string): string {
  const path = quoted(`b/${name}`);
  const head = `diff --git ${quoted(`a/${name}`)} ${path}\nnew file mode 100644\n`;
  if (text === "") return head;
  const lines = text.split("\n");
  const ended = lines.at(-1) === "";
  if (ended) lines.pop();
  const body = lines.map((line) => `+${line}\n`).join("");
  const tail = ended ? "" : "\\ No newline at end of file\n";
  return `${head}--- /dev/null\n+++ ${path}\n@@ -0,0 +1,${lines.length} @@\n${body}${tail}`;
}

/** A path as git writes it in a patch: in quotes, bytes in octal, where it is not plain. */
function quoted(path: string): string {
  if (/^[\w./+@%=,~^-]+$/.test(path)) return path;
  let text = "";
  for (const byte of Buffer.from(path, "utf8")) {
    const plain = byte >= 32 && byte < 127 && byte !== 34 && byte !== 92;
    text += plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return `"${text}"`;
}
