// Finds out how git brought a journal's text: with fetched commits, or by a checkout. Read-only.
// Callers first check with git-activity.ts, which is cheap, whether git wrote it at all.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import type { JournalOrigin } from "../../domain/event.ts";
import { GIT_MS } from "./git.ts";

/** A checkout of a large repository may hold its lock this long; an older lock is stale. */
const GIT_LOCK_MS = 10_000;
/** The latest moves of HEAD that are searched for the one that brought a text. */
const GIT_REFLOG_ENTRIES = 20;
/** The latest stashes that are searched too. */
const GIT_STASHES = 5;

/** After the index, git runs hooks and updates references before it writes the reflog. */
const REFLOG_LAG_MS = 300;
const LOOK_MS = 50;

/** Finds origins of texts; remembers the stashes between calls. */
export interface GitOrigin {
  /**
   * How git brought this text; undefined if an editor saved it, or if that cannot be determined.
   * Waits while git holds its index locked, at most GIT_LOCK_MS. Never rejects.
   */
  originOf(path: string, text: string): Promise<JournalOrigin | undefined>;
}

/** Makes a `GitOrigin`. It remembers stashes it has seen, since `git stash pop` deletes them. */
export function gitOrigin(): GitOrigin {
  const stashesOf = new Map<string, readonly string[]>();
  const find = async (path: string, text: string): Promise<JournalOrigin | undefined> => {
    const git = runnerIn(dirname(path));
    const blob = (await git(["hash-object", "--stdin", "--path", path], text)).trim();
    const moves = await movesOf(git);
    const stashed = await stashesNow(git);
    const before = stashesOf.get(path) ?? [];
    stashesOf.set(path, [...new Set([...stashed, ...before])].slice(0, GIT_STASHES));
    const revisions = [...moves.map(({ commit }) => commit), ...(stashesOf.get(path) ?? [])];
    const blobs = await blobsOf(git, revisions);
    const [newest] = moves;
    if (newest?.message.startsWith("reset:") === true && blobs[0] === blob) return "checkout";
    const at = moves.findIndex((_, i) => blobs[i] === blob && blobs[i + 1] !== blob);
    const move = at === moves.length - 1 ? undefined : moves[at];
    if (move !== undefined) return originOfMessage(move.message);
    const inHead = blobs[0] === blob;
    return !inHead && blobs.slice(moves.length).includes(blob) ? "checkout" : undefined;
  };
  return {
    async originOf(path, text) {
      try {
        await untilUnlocked(dirname(path));
        const origin = await find(path, text);
        if (origin !== undefined) return origin;
        await pause(REFLOG_LAG_MS);
        return await find(path, text);
      } catch {
        return undefined;
      }
    },
  };
}

/** The origin that a reflog message implies; every other message means a checkout. */
function originOfMessage(message: string): JournalOrigin | undefined {
  if (/^(?:commit|clone)\b/.test(message)) return undefined;
  return /^(?:pull|merge|cherry-pick|am)\b/.test(message) ? "commit" : "checkout";
}

type RunGit = (args: readonly string[], input?: string) => Promise<string>;

function runnerIn(cwd: string): RunGit {
  return async (args, input = "") => {
    const { stdout } = await execa("git", ["--no-pager", ...args], {
      cwd,
      input,
      timeout: GIT_MS,
      stripFinalNewline: false,
      env: {
        GIT_DIR: undefined,
        GIT_WORK_TREE: undefined,
        GIT_INDEX_FILE: undefined,
        GIT_OPTIONAL_LOCKS: "0",
        GIT_TERMINAL_PROMPT: "0",
        LC_ALL: "C",
      },
    });
    return stdout;
  };
}

/** An entry of HEAD's reflog. */
interface Move {
  readonly commit: string;
  readonly message: string;
}

/** HEAD's reflog, newest first. */
async function movesOf(git: RunGit): Promise<readonly Move[]> {
  const log = await git(["log", "-g", "-n", String(GIT_REFLOG_ENTRIES), "--format=%H %gs", "HEAD"]);
  return lines(log).map((line) => ({ commit: line.slice(0, 40), message: line.slice(41) }));
}

async function stashesNow(git: RunGit): Promise<readonly string[]> {
  const list = ["log", "-g", "-n", String(GIT_STASHES), "--format=%H", "refs/stash"];
  return lines(await git([...list, "--"]).catch(() => ""));
}

/** The journal's blob in each revision; "" if it has none. */
async function blobsOf(git: RunGit, revisions: readonly string[]): Promise<readonly string[]> {
  const names = revisions.map((revision) => `${revision}:./JOURNAL.md\n`).join("");
  const answer = await git(["cat-file", "--batch-check=%(objectname)"], names);
  return lines(answer).map((line) => (line.endsWith(" missing") ? "" : line));
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** Waits for git's index lock, which it holds until all files are written. */
async function untilUnlocked(folder: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < GIT_LOCK_MS; waitedMs += LOOK_MS) {
    if (!(await isLocked(folder))) return;
    await pause(LOOK_MS);
  }
}

const exists = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

async function isLocked(folder: string): Promise<boolean> {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    if (await exists(join(at, ".git"))) return await exists(join(at, ".git", "index.lock"));
  }
  return false;
}
