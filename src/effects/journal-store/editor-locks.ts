// Detects an editor with unsaved changes of a file, by Emacs's lock or Vim's swap file. Callers
// decide what else makes a file too busy to write.
import { readlink, realpath } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../os/error-code.ts";
import { lstat, open, readdir, readFile, stat } from "../os/lab-files.ts";

/** An editor that has unsaved changes. */
export interface EditorHold {
  readonly editor: string;
  /** One line for the user, with the path of the lock or swap file. */
  readonly why: string;
}

/** Vim's swap file, block 0 (memline.c): "b0", pid at 24, host name at 68, dirty flag at 1007. */
const SWAP_HEAD_BYTES = 1008;
const SWAP_PID = 24;
const SWAP_HOST = { start: 68, end: 108 };
const SWAP_DIRTY = 1007;
const DIRTY = 0x55;
const NANO_HEAD = "b0nano";

/** A process that started this long after its lock was written only reuses the owner's pid. */
const CLOCK_GRAIN_MS = 2_000;

/**
 * The editor that has unsaved changes of a file, or false. A Vim that only has the file open does
 * not count, nor does a lock whose process on this machine has died. nano sets its "modified" flag
 * at the first change and does not clear it on save, but rewrites it at the next change: a flag
 * older than the file is ignored. joe writes locks like Emacs. Never rejects: a lock that cannot be
 * read counts as none.
 */
export async function editorHolds(path: string): Promise<false | EditorHold> {
  // Any failure: a lock is looked for beside this name alone.
  const paths = new Set([path, await realpath(path).catch(() => path)]);
  for (const one of paths) {
    const hold = (await emacsHolds(one)) || (await vimHolds(one));
    if (hold !== false) return hold;
  }
  return false;
}

/** `.#NAME` is a symlink to `user@host.pid[:boot]`, there while the buffer has unsaved changes. */
async function emacsHolds(path: string): Promise<false | EditorHold> {
  const lock = join(dirname(path), `.#${basename(path)}`);
  try {
    const { mtimeMs } = await lstat(lock);
    const owner = await readlink(lock);
    const match = /@(.*)\.(\d+)(?::\d+)?$/.exec(owner);
    const [, host, pid] = match ?? [];
    if (host === hostname() && (await isGone(Number(pid), mtimeMs))) return false;
    return { editor: "Emacs", why: `Emacs has unsaved changes (${lock}, by ${owner})` };
  } catch {
    // Any failure: no lock. A write under an open editor is merged with its next save.
    return false;
  }
}

/**
 * Looks for a swap file whose "modified" flag is set: `.NAME.sw?` beside the file (Vim, nano), or
 * one named by the whole path in Neovim's own folder.
 */
async function vimHolds(path: string): Promise<false | EditorHold> {
  const beside = { folder: dirname(path), start: `.${basename(path)}.sw` };
  const whole = `${path.replaceAll("/", "%")}.sw`;
  const inNeovim = neovimSwapFolders().map((folder) => ({ folder, start: whole }));
  for (const { folder, start } of [beside, ...inNeovim]) {
    // Any failure, here and below: no lock, as above.
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!name.startsWith(start) || name.length !== start.length + 1) continue;
      const lock = join(folder, name);
      // Any failure.
      const editor = await swapSaysModified(lock, path).catch(() => undefined);
      if (editor !== undefined) return { editor, why: `${editor} has unsaved changes (${lock})` };
    }
  }
  return false;
}

/** Neovim's default `directory` for swap files; the second is the one of releases before 0.8. */
function neovimSwapFolders(): readonly string[] {
  const state = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  const data = process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share");
  return [state, data].map((folder) => join(folder, "nvim", "swap"));
}

/** The editor of a swap file with unsaved changes of the file at `path`, or undefined. */
async function swapSaysModified(lock: string, path: string): Promise<string | undefined> {
  // Opening a pipe of that name would block.
  if (!(await stat(lock)).isFile()) return undefined;
  const file = await open(lock, "r");
  try {
    const head = Buffer.alloc(SWAP_HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, SWAP_HEAD_BYTES, 0);
    if (bytesRead < SWAP_HEAD_BYTES || head.toString("latin1", 0, 2) !== "b0") return undefined;
    if (head[SWAP_DIRTY] !== DIRTY) return undefined;
    const { mtimeMs } = await file.stat();
    const isNano = head.toString("latin1", 0, NANO_HEAD.length) === NANO_HEAD;
    if (isNano && mtimeMs <= (await stat(path)).mtimeMs) return undefined;
    const host = cString(head.subarray(SWAP_HOST.start, SWAP_HOST.end));
    const here = hostname().slice(0, SWAP_HOST.end - SWAP_HOST.start - 1);
    if (host === here && (await isGone(head.readUInt32LE(SWAP_PID), mtimeMs))) return undefined;
    return isNano ? "nano" : "Vim";
  } finally {
    await file.close();
  }
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end === -1 ? bytes.length : end);
}

/** Whether the process of this machine that wrote a lock has ended; false if unknown. */
async function isGone(pid: number, lockedAtMs: number): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
  // Any failure: it is not known to be another process, so its lock holds.
  const startedAtMs = await startOf(pid).catch(() => undefined);
  return startedAtMs !== undefined && startedAtMs > lockedAtMs + CLOCK_GRAIN_MS;
}

/** When a running process started, ms since 1970; undefined or rejects if /proc lacks it. */
async function startOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "latin1");
  const boot = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "latin1"))?.[1];
  // The command's name is in parentheses and may contain anything; field 22 counts from 1.
  const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[22 - 3];
  if (boot === undefined || ticks === undefined) return undefined;
  // USER_HZ, the unit of /proc, is 100 on every Linux architecture that Node runs on.
  return Number(boot) * 1_000 + Number(ticks) * 10;
}
