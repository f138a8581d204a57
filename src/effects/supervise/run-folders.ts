// The folders below runs/: lists them, finds the one that a run has made, makes one for it, and
// moves console output there. Names that could lead out of runs/ are refused.
import { readdirSync, readlinkSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { RUN_FOLDER, RUN_NAME, runFolder } from "../../base/ids.ts";
import type { AttemptId, RunFolder } from "../../base/ids.ts";
import { localStamp } from "../../base/time.ts";
import { orAbsent } from "../os/absent.ts";
import { errorCode } from "../os/error-code.ts";
import { RUN_ID_VARIABLE } from "./attempts.ts";
import { processesWith } from "../os/process-identity.ts";
import { link, lstat, mkdir, readdir, rename, rm } from "../os/lab-files.ts";

/** How many names for a run folder are tried, a second apart, before giving up. */
const FOLDER_ATTEMPTS = 100;

export type FolderSearch =
  | { readonly kind: "found"; readonly folder: RunFolder }
  | { readonly kind: "none" }
  /** Several new folders match, and the run's open files do not tell which is its own. */
  | { readonly kind: "ambiguous"; readonly folders: readonly RunFolder[] };

export type ConsoleMove =
  /** `file` is relative to the run folder: `logs/console.log`. */
  | { readonly kind: "moved"; readonly file: string }
  /** It stays in the attempt's folder; `why` says why, in plain words. */
  | { readonly kind: "left"; readonly why: string };

/** Folders that nightlab puts into a run folder of its own making. */
const PARTS = ["logs", "plots", "checkpoints", "data"] as const;

/** Absolute path of a run folder. */
export function runDir(experiment: string, folder: RunFolder): string {
  return join(experiment, "runs", folder);
}

/**
 * Folders named like a run, oldest first, without links and other entries. Rejects where they cannot
 * be listed.
 */
export async function listRunFolders(experiment: string): Promise<readonly RunFolder[]> {
  const runs = join(experiment, "runs");
  const entries = await orAbsent(readdir(runs, { withFileTypes: true }), []);
  const names = entries
    .filter((entry) => entry.isDirectory() && RUN_FOLDER.test(entry.name))
    .map((entry) => runFolder(entry.name));
  return names.toSorted();
}

/** A run folder by its name, if it is a real folder below runs/. */
export async function findRunFolder(
  experiment: string,
  name: string,
): Promise<RunFolder | undefined> {
  if (!RUN_FOLDER.test(name)) return undefined;
  const facts = await orAbsent(lstat(join(experiment, "runs", name)));
  return facts?.isDirectory() === true ? runFolder(name) : undefined;
}

/**
 * The folder that a run has made: it has the run's name, is not in `before`, and does not belong to
 * another run (`taken`). Of several, the one where a process of the run has a file open or its
 * working directory.
 */
export async function discoverRunFolder(
  experiment: string,
  attempt: AttemptId,
  name: string,
  before: ReadonlySet<string>,
  taken: ReadonlySet<string> = new Set(),
): Promise<FolderSearch> {
  const matching = (await listRunFolders(experiment)).filter(
    (folder) => !before.has(folder) && !taken.has(folder) && RUN_FOLDER.exec(folder)?.[2] === name,
  );
  const [only, ...others] = matching;
  if (only === undefined) return { kind: "none" };
  if (others.length === 0) return { kind: "found", folder: only };
  const runs = await orAbsent(realpath(join(experiment, "runs")));
  if (runs === undefined) return { kind: "none" };
  const inUse = openPaths(attempt);
  const used = matching.filter((folder) => {
    const dir = join(runs, folder);
    return inUse.some((path) => path === dir || path.startsWith(dir + sep));
  });
  const [sure, ...more] = used;
  if (sure !== undefined && more.length === 0) return { kind: "found", folder: sure };
  return { kind: "ambiguous", folders: matching };
}

/**
 * Makes the folder of a run whose script makes none, named by `atMs` in `timeZone`, or by the next
 * free second. Rejects for a name that could lead out of runs/, and with file system errors.
 */
export async function makeRunFolder(
  experiment: string,
  name: string,
  atMs: number,
  timeZone: string,
): Promise<RunFolder> {
  if (!RUN_NAME.test(name)) throw new Error(`${JSON.stringify(name)} cannot name a run folder`);
  await mkdir(join(experiment, "runs"), { recursive: true });
  for (let second = 0; second < FOLDER_ATTEMPTS; second += 1) {
    const stamp = localStamp(atMs + second * 1000, timeZone)
      .replace(" ", "T")
      .replaceAll(":", "-");
    const folder = runFolder(`${stamp}-${name}`);
    try {
      await mkdir(runDir(experiment, folder));
    } catch (error) {
      if (errorCode(error) === "EEXIST") continue;
      throw error;
    }
    for (const part of PARTS) await mkdir(join(runDir(experiment, folder), part));
    return folder;
  }
  throw new Error(
    `Cannot make a folder for ${name}: the next ${FOLDER_ATTEMPTS} seconds are taken`,
  );
}

/**
 * Moves an attempt's console output to the run's `logs/console.log`, or to `console-<attempt>.log`
 * if that name is taken. The inode stays the same, so a script that still prints writes to the
 * moved file. May be repeated. While the script runs, only the script may create `logs/`: without
 * it the output stays where it is.
 */
export async function moveConsole(
  attemptFolder: string,
  attempt: AttemptId,
  experiment: string,
  folder: RunFolder,
  options: { readonly scriptRuns: boolean } = { scriptRuns: false },
): Promise<ConsoleMove> {
  const from = join(attemptFolder, "console.log");
  const logs = join(runDir(experiment, folder), "logs");
  try {
    if ((await findRunFolder(experiment, folder)) === undefined) {
      return { kind: "left", why: `runs/${folder} is no folder` };
    }
    // A running script may be about to create it, and many refuse an existing folder.
    if (!options.scriptRuns) {
      await mkdir(logs).catch((error: unknown) => {
        if (errorCode(error) !== "EEXIST") throw error;
      });
    }
    if (!(await lstat(logs)).isDirectory()) {
      return { kind: "left", why: `runs/${folder}/logs is no folder` };
    }
    const own = `console-${attempt}.log`;
    const source = await orAbsent(lstat(from));
    if (source === undefined) return await movedBefore(logs, own);
    for (const name of ["console.log", own]) {
      if (await moveUnlessThere(from, join(logs, name), source.ino)) {
        return { kind: "moved", file: `logs/${name}` };
      }
    }
    return { kind: "left", why: `runs/${folder}/logs has a ${own} of its own` };
  } catch (error) {
    const code = errorCode(error);
    const why =
      code === "EXDEV"
        ? `runs/${folder} is on another file system`
        : error instanceof Error
          ? error.message
          : String(error);
    return { kind: "left", why };
  }
}

async function movedBefore(logs: string, own: string): Promise<ConsoleMove> {
  for (const name of [own, "console.log"]) {
    const existing = await orAbsent(lstat(join(logs, name)));
    if (existing?.isFile() === true) return { kind: "moved", file: `logs/${name}` };
  }
  return { kind: "left", why: "the attempt has no console output" };
}

/** False where the name is taken. Links and unlinks, since a rename would replace a file. */
async function moveUnlessThere(from: string, to: string, inode: number): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    switch (errorCode(error)) {
      case "EEXIST":
        if ((await lstat(to)).ino !== inode) return false;
        break;
      case "EPERM":
      case "ENOTSUP":
      case "ENOSYS":
        // The file system has no hard links.
        if ((await orAbsent(lstat(to))) !== undefined) return false;
        await rename(from, to);
        return true;
      default:
        throw error;
    }
  }
  await rm(from, { force: true });
  return true;
}

/** Files that the run's processes have open, and their working directories. */
function openPaths(attempt: AttemptId): readonly string[] {
  const paths: string[] = [];
  for (const { pid } of processesWith(RUN_ID_VARIABLE, attempt)) {
    const links = [`/proc/${pid}/cwd`];
    try {
      for (const fd of readdirSync(`/proc/${pid}/fd`)) links.push(`/proc/${pid}/fd/${fd}`);
    } catch {
      // Any failure: it ended meanwhile, or is not ours to see; then the folder stays ambiguous.
    }
    for (const path of links) {
      try {
        paths.push(readlinkSync(path));
      } catch {
        // Any failure: closed meanwhile.
      }
    }
  }
  return paths;
}
