// Finds out how git brought a journal's text: with fetched commits, or by a checkout. Read-only.
// Callers first check with git-activity.ts, which is cheap, whether git wrote it at all.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { JournalOrigin } from "../../domain/event.ts";
import { orAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { gitIn, type Git } from "./git.ts";
import { nestedGitDir, repositoryOf } from "./repository.ts";

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
   * How git brought this text; undefined if an editor saved it. Where git fails to tell, and in a
   * repository below the lab, which is not asked, it is a checkout. Waits while git holds its
   * index locked, at most GIT_LOCK_MS. Never rejects.
   */
  originOf(lab: string, path: string, text: string): Promise<JournalOrigin | undefined>;
}

/** Makes a `GitOrigin`. It remembers stashes it has seen, since `git stash pop` deletes them. */
export function gitOrigin(): GitOrigin {
  const stashesOf = new Map<string, readonly string[]>();
  const find = async (git: Git, path: string, text: string): Promise<JournalOrigin | undefined> => {
    const own = await blobsOfText(git, text);
    const moves = await movesOf(git);
    const stashed = await stashesNow(git);
    const before = stashesOf.get(path) ?? [];
    stashesOf.set(path, [...new Set([...stashed, ...before])].slice(0, GIT_STASHES));
    const revisions = [...moves.map(({ commit }) => commit), ...(stashesOf.get(path) ?? [])];
    const blobs = await blobsOf(git, revisions);
    const [newest] = moves;
    const isOwn = (blob: string | undefined): boolean => blob !== undefined && own.has(blob);
    if (newest?.message.startsWith("reset:") === true && isOwn(blobs[0])) return "checkout";
    const at = moves.findIndex((_, i) => isOwn(blobs[i]) && !isOwn(blobs[i + 1]));
    const move = at === moves.length - 1 ? undefined : moves[at];
    if (move !== undefined) return originOfMessage(move.message);
    return !isOwn(blobs[0]) && blobs.slice(moves.length).some(isOwn) ? "checkout" : undefined;
  };
  return {
    async originOf(lab, path, text) {
      try {
        const nested = await nestedGitDir(lab, dirname(path));
        if (nested !== undefined) {
          await untilUnlocked(nested);
          return "checkout";
        }
        const repository = await repositoryOf(lab, dirname(path));
        if (repository === undefined) return undefined;
        await untilUnlocked(repository.gitDir);
        if (!(await hasMoved(repository.gitDir))) return undefined;
        const git = gitIn(repository, dirname(path));
        const origin = await find(git, path, text);
        if (origin !== undefined) return origin;
        await pause(REFLOG_LAG_MS);
        return await find(git, path, text);
      } catch (error) {
        // Without a git program, nothing here is git's. Any other failure: git wrote something just
        // now, and what nobody is known to have typed must not start.
        return errorCode(error) === "ENOENT" ? undefined : "checkout";
      }
    },
  };
}

/** The origin that a reflog message implies; every other message means a checkout. */
function originOfMessage(message: string): JournalOrigin | undefined {
  if (/^(?:commit|clone)\b/.test(message)) return undefined;
  return /^(?:pull|merge|cherry-pick|am)\b/.test(message) ? "commit" : "checkout";
}

/**
 * The blobs that a text may be in git. Its filters are not run, so a text whose line ends git
 * changes at a checkout is looked for with both.
 */
async function blobsOfText(git: Git, text: string): Promise<ReadonlySet<string>> {
  const texts = new Set([text, text.replaceAll("\r\n", "\n")]);
  const blobs = [...texts].map((one) => git.given(one, "hash-object", "--stdin", "--no-filters"));
  return new Set((await Promise.all(blobs)).map((blob) => blob.trim()));
}

/** An entry of HEAD's reflog. */
interface Move {
  readonly commit: string;
  readonly message: string;
}

/** HEAD's reflog, newest first. */
async function movesOf(git: Git): Promise<readonly Move[]> {
  const log = await git("log", "-g", "-n", String(GIT_REFLOG_ENTRIES), "--format=%H %gs", "HEAD");
  return lines(log).map((line) => ({ commit: line.slice(0, 40), message: line.slice(41) }));
}

/** Whether git has ever moved HEAD here: before that it has brought nothing. */
const hasMoved = async (gitDir: string): Promise<boolean> =>
  (await exists(join(gitDir, "logs", "HEAD"))) || (await exists(join(gitDir, "reftable")));

async function stashesNow(git: Git): Promise<readonly string[]> {
  const list = ["log", "-g", "-n", String(GIT_STASHES), "--format=%H", "refs/stash"];
  // Any failure: there is no stash, which git calls an error.
  return lines(await git(...list, "--").catch(() => ""));
}

/** The journal's blob in each revision; "" if it has none. */
async function blobsOf(git: Git, revisions: readonly string[]): Promise<readonly string[]> {
  const names = revisions.map((revision) => `${revision}:./JOURNAL.md\n`).join("");
  const answer = await git.given(names, "cat-file", "--batch-check=%(objectname)");
  return lines(answer).map((line) => (line.endsWith(" missing") ? "" : line));
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** Waits for git's index lock, which it holds until all files are written. */
async function untilUnlocked(gitDir: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < GIT_LOCK_MS; waitedMs += LOOK_MS) {
    if (!(await exists(join(gitDir, "index.lock")))) return;
    await pause(LOOK_MS);
  }
}

const exists = async (path: string): Promise<boolean> => (await orAbsent(stat(path))) !== undefined;
