// How git put a journal's text where it stands: with commits that were fetched, or by a checkout.
// It only reads; whether git was at work at all is asked first of git-activity.ts, which is cheap.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { execa } from "execa";
import type { JournalOrigin } from "../../domain/event.ts";
import { GIT_MS } from "./git.ts";

/** A checkout of a large repository holds its lock this long; an older lock was left behind. */
const GIT_LOCK_MS = 10_000;
/** Moves of HEAD, and stashes, among which the one that brought a text is looked for. */
const GIT_REFLOG_ENTRIES = 20;
const GIT_STASHES = 5;

/** Between the index and the reflog git runs hooks and updates references. */
const REFLOG_LAG_MS = 300;
const LOOK_MS = 50;

export interface GitOrigin {
  /**
   * How git brought this text, or undefined: somebody saved it, or nobody can tell. Waits while
   * git is at work on the index, GIT_LOCK_MS at most. Never rejects.
   */
  originOf(path: string, text: string): Promise<JournalOrigin | undefined>;
}

/** Remembers the stashes that it has seen, since `git stash pop` leaves no trace of its own. */
export function gitOrigin(): GitOrigin {
  const stashesOf = new Map<string, readonly string[]>();
  const look = async (path: string, text: string): Promise<JournalOrigin | undefined> => {
    const ask = asker(dirname(path));
    const blob = (await ask(["hash-object", "--stdin", "--path", path], text)).trim();
    const moves = await movesOf(ask);
    const stashed = await stashesNow(ask);
    const before = stashesOf.get(path) ?? [];
    stashesOf.set(path, [...new Set([...stashed, ...before])].slice(0, GIT_STASHES));
    const revisions = [...moves.map(({ commit }) => commit), ...(stashesOf.get(path) ?? [])];
    const blobs = await blobsOf(ask, revisions);
    const [newest] = moves;
    if (newest?.said.startsWith("reset:") === true && blobs[0] === blob) return "checkout";
    const at = moves.findIndex((_, i) => blobs[i] === blob && blobs[i + 1] !== blob);
    const move = at === moves.length - 1 ? undefined : moves[at];
    if (move !== undefined) return originSaid(move.said);
    const inHead = blobs[0] === blob;
    return !inHead && blobs.slice(moves.length).includes(blob) ? "checkout" : undefined;
  };
  return {
    async originOf(path, text) {
      try {
        await untilUnlocked(dirname(path));
        const origin = await look(path, text);
        if (origin !== undefined) return origin;
        await pause(REFLOG_LAG_MS);
        return await look(path, text);
      } catch {
        return undefined;
      }
    },
  };
}

/** What git's own words for a move of HEAD mean; other words than these swap what is there. */
function originSaid(said: string): JournalOrigin | undefined {
  if (/^(?:commit|clone)\b/.test(said)) return undefined;
  return /^(?:pull|merge|cherry-pick|am)\b/.test(said) ? "commit" : "checkout";
}

type Ask = (args: readonly string[], input?: string) => Promise<string>;

function asker(cwd: string): Ask {
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

interface Move {
  readonly commit: string;
  readonly said: string;
}

/** Where HEAD was, newest first. */
async function movesOf(ask: Ask): Promise<readonly Move[]> {
  const log = await ask(["log", "-g", "-n", String(GIT_REFLOG_ENTRIES), "--format=%H %gs", "HEAD"]);
  return lines(log).map((line) => ({ commit: line.slice(0, 40), said: line.slice(41) }));
}

async function stashesNow(ask: Ask): Promise<readonly string[]> {
  const list = ["log", "-g", "-n", String(GIT_STASHES), "--format=%H", "refs/stash"];
  return lines(await ask([...list, "--"]).catch(() => ""));
}

/** The journal's blob in each revision; "" where it has none. */
async function blobsOf(ask: Ask, revisions: readonly string[]): Promise<readonly string[]> {
  const names = revisions.map((revision) => `${revision}:./JOURNAL.md\n`).join("");
  const answer = await ask(["cat-file", "--batch-check=%(objectname)"], names);
  return lines(answer).map((line) => (line.endsWith(" missing") ? "" : line));
}

const lines = (text: string): readonly string[] => text.split("\n").filter((line) => line !== "");

/** Git holds its index locked from before it touches files until all of them are in place. */
async function untilUnlocked(folder: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < GIT_LOCK_MS; waitedMs += LOOK_MS) {
    if (!(await isLocked(folder))) return;
    await pause(LOOK_MS);
  }
}

const there = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

async function isLocked(folder: string): Promise<boolean> {
  for (let at = folder; dirname(at) !== at; at = dirname(at)) {
    if (await there(join(at, ".git"))) return await there(join(at, ".git", "index.lock"));
  }
  return false;
}
