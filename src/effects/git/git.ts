// Calls of git that ask nothing of anybody: no locks, hooks, pagers, prompts or monitors.
// What is asked stands in git-facts.ts and restore-run.ts.
import { execa } from "execa";

/** git answers in milliseconds on a warm disk; a start is not kept waiting for a network disk. */
export const GIT_MS = 5_000;
/** Patch of an experiment's uncommitted text: more is data in the wrong place. */
export const PATCH_BYTES = 4 * 2 ** 20;

/** Calls git with arguments. Rejects where it fails, is slow or says too much. */
export interface Git {
  (...args: readonly string[]): Promise<string>;
  /** Its output as it is: a patch may hold bytes that are no UTF-8. */
  readonly bytes: (...args: readonly string[]) => Promise<Uint8Array>;
}

/** git in a folder, with more variables for it. */
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
