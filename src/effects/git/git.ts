// Runs git: always on the repository of the lab, given by its path, and without any program that a
// configuration or an attribute names: filters, hooks, monitors, diffs, pagers, signatures.
import { execa } from "execa";
import { GIT_MS, gitEnvironment } from "./git-environment.ts";
import type { Repository } from "./repository.ts";
import { defined } from "../../base/defined.ts";

/** A larger patch of uncommitted files is not kept: it is data, not code. */
export const PATCH_BYTES = 4 * 2 ** 20;

/** Runs git, gives its output. Rejects if it fails, times out or prints more than PATCH_BYTES. */
export interface Git {
  (...args: readonly string[]): Promise<string>;
  /** The output as bytes: a patch may contain text that is not UTF-8. */
  readonly bytes: (...args: readonly string[]) => Promise<Uint8Array>;
  /** Like the call itself, with something on its standard input. */
  readonly given: (input: Uint8Array | string, ...args: readonly string[]) => Promise<string>;
}

export interface GitOptions {
  /** Another index than the work tree's. */
  readonly indexFile?: string;
  /** Replaces GIT_MS. */
  readonly timeoutMs?: number;
}

const SETTINGS = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.quotePath=true",
  "core.untrackedCache=false",
  "core.safecrlf=false",
  "diff.ignoreSubmodules=all",
  "log.showSignature=false",
  "safe.bareRepository=explicit",
];

/**
 * git in a folder of the repository's work tree, or with `undefined` in a folder as one of no
 * repository, whatever files there are in it.
 */
export function gitIn(
  repository: Repository | undefined,
  folder: string,
  { indexFile, timeoutMs = GIT_MS }: GitOptions = {},
): Git {
  const where =
    repository === undefined
      ? { GIT_DIR: "/dev/null" }
      : { GIT_DIR: repository.gitDir, GIT_WORK_TREE: repository.workTree };
  const run = async (
    args: readonly string[],
    settings: readonly string[],
    input: Uint8Array | string = "",
  ): Promise<Uint8Array> => {
    const given = [...SETTINGS, ...settings].flatMap((setting) => ["-c", setting]);
    const child = execa("git", ["--no-pager", ...given, ...args], {
      cwd: folder,
      env: {
        ...gitEnvironment(),
        ...where,
        ...defined({ GIT_INDEX_FILE: indexFile }),
      },
      extendEnv: false,
      input,
      stripFinalNewline: false,
      maxBuffer: PATCH_BYTES,
      encoding: "buffer",
    });
    // What git started may hold its output open for longer than git itself lives.
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutMs);
    try {
      return (await child).stdout;
    } finally {
      clearTimeout(timer);
    }
  };
  let filters: Promise<readonly string[]> | undefined;
  const bytesGiven = async (
    input: Uint8Array | string,
    args: readonly string[],
  ): Promise<Uint8Array> => {
    filters ??= filtersOff(async (...config) => text(await run(config, [])));
    return run(args, await filters, input);
  };
  const git = async (...args: readonly string[]): Promise<string> =>
    text(await bytesGiven("", args));
  return Object.assign(git, {
    bytes: (...args: readonly string[]) => bytesGiven("", args),
    given: async (input: Uint8Array | string, ...args: readonly string[]) =>
      text(await bytesGiven(input, args)),
  });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8");

/**
 * Settings that switch off each filter that git knows of: there is no single one for all. Git takes
 * an empty command for none.
 */
async function filtersOff(
  config: (...args: readonly string[]) => Promise<string>,
): Promise<readonly string[]> {
  const listed = await config("config", "-z", "--name-only", "--get-regexp", "^filter\\.").catch(
    (error: unknown) => {
      // Exit code 1: there is none.
      if (error instanceof Error && "exitCode" in error && error.exitCode === 1) return "";
      throw error;
    },
  );
  const drivers = new Set(
    listed
      .split("\0")
      .filter((name) => name !== "")
      .map((name) => name.slice(0, name.lastIndexOf("."))),
  );
  return [...drivers].flatMap((driver) => {
    // `-c` ends a name at the first "=".
    if (driver.includes("=")) throw new Error(`git's setting ${driver} cannot be switched off`);
    return [
      `${driver}.clean=`,
      `${driver}.smudge=`,
      `${driver}.process=`,
      `${driver}.required=false`,
    ];
  });
}
