// Whether an editor says that it holds unsaved changes of a file: Emacs's lock, Vim's swap file.
// Only marks beside the file are looked at; what quiet means beyond that is for the callers.
import { lstat, open, readdir, readFile, readlink, realpath, stat } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { errorCode } from "../os/error-code.ts";

export interface EditorHold {
  readonly editor: string;
  /** One line for a person, with the mark's path. */
  readonly why: string;
}

/** Vim's swap file, block 0 (memline.c): "b0", pid at 24, host name at 68, dirty flag at 1007. */
const SWAP_HEAD_BYTES = 1008;
const SWAP_PID = 24;
const SWAP_HOST = { start: 68, end: 108 };
const SWAP_DIRTY = 1007;
const DIRTY = 0x55;
const NANO_HEAD = "b0nano";

/** A process that began this long after its supposed mark is another one with the same pid. */
const CLOCK_GRAIN_MS = 2_000;

/**
 * The editor that holds unsaved changes of a file, or false. A Vim that merely has the file open
 * does not hold it, nor does a mark that a process of this machine left behind when it died.
 * nano's mark says "modified" from the first change on and is not taken back by its saves, but made
 * anew by the next change: one older than the file says nothing. joe leaves marks of Emacs's kind.
 * Never rejects: what cannot be read holds nothing.
 */
export async function editorHolds(path: string): Promise<false | EditorHold> {
  const places = new Set([path, await realpath(path).catch(() => path)]);
  for (const place of places) {
    const hold = (await emacsHolds(place)) || (await vimHolds(place));
    if (hold !== false) return hold;
  }
  return false;
}

/** `.#NAME` is a symlink to `user@host.pid[:boot]`, there while the buffer has unsaved changes. */
async function emacsHolds(path: string): Promise<false | EditorHold> {
  const mark = join(dirname(path), `.#${basename(path)}`);
  try {
    const { mtimeMs } = await lstat(mark);
    const owner = await readlink(mark);
    const match = /@(.*)\.(\d+)(?::\d+)?$/.exec(owner);
    const [, host, pid] = match ?? [];
    if (host === hostname() && (await isGone(Number(pid), mtimeMs))) return false;
    return { editor: "Emacs", why: `Emacs has unsaved changes (${mark}, by ${owner})` };
  } catch {
    return false;
  }
}

/**
 * `.NAME.sw?` of Vim or nano beside the file, or Neovim's in its own folder, named by the whole
 * path; with the flag that says "modified".
 */
async function vimHolds(path: string): Promise<false | EditorHold> {
  const beside = { folder: dirname(path), start: `.${basename(path)}.sw` };
  const whole = `${path.replaceAll("/", "%")}.sw`;
  const apart = neovimSwapFolders().map((folder) => ({ folder, start: whole }));
  for (const { folder, start } of [beside, ...apart]) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names) {
      if (!name.startsWith(start) || name.length !== start.length + 1) continue;
      const mark = join(folder, name);
      const editor = await swapSaysModified(mark, path).catch(() => undefined);
      if (editor !== undefined) return { editor, why: `${editor} has unsaved changes (${mark})` };
    }
  }
  return false;
}

/** Where Neovim keeps swap files unless its `directory` says otherwise; before 0.8, the second. */
function neovimSwapFolders(): readonly string[] {
  const state = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  const data = process.env["XDG_DATA_HOME"] || join(homedir(), ".local", "share");
  return [state, data].map((folder) => join(folder, "nvim", "swap"));
}

/** The editor whose swap file says that it holds changes of the file at `path`. */
async function swapSaysModified(mark: string, path: string): Promise<string | undefined> {
  // A pipe of that name must not stop anybody.
  if (!(await stat(mark)).isFile()) return undefined;
  const file = await open(mark, "r");
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

/** Whether the process of this machine that made a mark has ended; false where that is unknown. */
async function isGone(pid: number, markedAtMs: number): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return errorCode(error) === "ESRCH";
  }
  const startedAtMs = await startOf(pid).catch(() => undefined);
  return startedAtMs !== undefined && startedAtMs > markedAtMs + CLOCK_GRAIN_MS;
}

/** When a living process began, ms since 1970; undefined where /proc does not tell. */
async function startOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "latin1");
  const boot = /^btime (\d+)$/m.exec(await readFile("/proc/stat", "latin1"))?.[1];
  // The command's name stands in brackets and may hold anything; field 22 counts from 1.
  const ticks = status.slice(status.lastIndexOf(")") + 2).split(" ")[22 - 3];
  if (boot === undefined || ticks === undefined) return undefined;
  // USER_HZ, the unit of /proc, is 100 on every Linux architecture that Node runs on.
  return Number(boot) * 1_000 + Number(ticks) * 10;
}
