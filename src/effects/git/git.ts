// Runs git without side effects: no locks, hooks, pagers, prompts or file system monitors.
// Its callers are git-facts.ts and restore-code.ts.
import { execa } from "execa";

/** Timeout: git takes milliseconds on a warm disk, and a start must not wait for a network disk. */
export const GIT_MS = 5_000;
/** A larger patch of uncommitted files is not kept: it is data, not code. */
export const PATCH_BYTES = 4 * 2 ** 20;

/** Runs git, gives its output. Rejects if it fails, times out or prints more than PATCH_BYTES. */
export interface Git {
  (...args: readonly string[]): Promise<string>;
  /** The output as bytes: a patch may contain text that is not UTF-8. */
  readonly bytes: (...args: readonly string[]) => Promise<Uint8Array>;
}

/**
 * git in a folder.
 *
 * @param more additional environment variables
 */
export function gitIn(
  folder: string,
  more: Readonly<Record<string, string>> = {},
  limits: { readonly timeoutMs?: number } = {},
): Git {
  const {
    GIT_DIR: _dir,
    GIT_WORK_TREE: _tree,
    GIT_INDEX_FILE: _index,
    GIT_EXTERNAL_DIFF: _diff,
    ...env
  } = process.env;
  const quiet = [
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=true",
    "core.untrackedCache=false",
    "core.safecrlf=false",
  ];
  const settings = quiet.flatMap((setting) => ["-c", setting]);
  const bytes: Git["bytes"] = async (...args) => {
    const { stdout } = await execa("git", ["--no-pager", ...settings, ...args], {
      cwd: folder,
      env: { ...env, GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0", LC_ALL: "C", ...more },
      extendEnv: false,
      stripFinalNewline: false,
      timeout: limits.timeoutMs ?? GIT_MS,
      maxBuffer: PATCH_BYTES,
      encoding: "buffer",
    });
    return stdout;
  };
  const text = async (...args: readonly string[]): Promise<string> =>
    Buffer.from(await bytes(...args)).toString("utf8");
  return Object.assign(text, { bytes });
}
