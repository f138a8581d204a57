// A copy of an experiment's code that a run can use in its place: `.nightlab/snapshots/<id>/`.
// Code is copied, everything else linked, so that data and `runs/` are where a script expects them.
import { constants } from "node:fs";
import { copyFile, lstat, mkdir, readdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { CodeSeen, SnapshotNote } from "../../domain/code.ts";
import { errorCode } from "../os/error-code.ts";
import { CODE, codeFolder, isLeftOut } from "./code-folder.ts";
import { codeSeen, CODE_DEPTH } from "./code-hash.ts";
import { gitWithCode, keepGit } from "./recorded-git.ts";
import { noteCopied, removeSnapshot, snapshotCode, snapshotRoot } from "./snapshot-places.ts";

/** A snapshot copies code: one file, all of them, and their number. The rest is linked. */
export const SNAPSHOT_FILE_BYTES = 2 ** 20;
export const SNAPSHOT_BYTES = 64 * 2 ** 20;
const SNAPSHOT_FILES = 5_000;
/** Somebody saves while the code is copied: it is copied again, this often at most. */
const SNAPSHOT_TRIES = 3;
/** Folders beside an experiment that its copy finds at the same places. */
const SNAPSHOT_NEIGHBOURS = 1_000;
/** Files that did not fit and are told by name. */
const SNAPSHOT_LEFT_TOLD = 5;

/** Copied beside code; a folder that holds nothing else is data. */
const SETTING = /\.json$/i;

/** Copies the code of an experiment; what stood there before is replaced. Never rejects. */
export async function takeSnapshot(
  lab: string,
  experiment: string,
  id: string,
): Promise<{ readonly code: CodeSeen; readonly note: SnapshotNote }> {
  let code: CodeSeen = { hash: "", files: {} };
  try {
    for (let round = 0; round < SNAPSHOT_TRIES; round += 1) {
      code = await codeSeen(experiment);
      const left = await build(lab, experiment, id);
      const dir = snapshotCode(lab, experiment, id);
      if ((await codeSeen(dir)).hash === code.hash) {
        await keepGit(snapshotRoot(lab, id), await gitWithCode(experiment));
        const told = left.slice(0, SNAPSHOT_LEFT_TOLD);
        return { code, note: { kind: "kept", dir, left: told, leftCount: left.length } };
      }
    }
    await removeSnapshot(lab, id);
    return { code, note: { kind: "failed", why: "it changed while it was copied" } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { code, note: { kind: "failed", why } };
  }
}

/** Code that was too much to copy, by its path in the experiment. */
async function build(lab: string, experiment: string, id: string): Promise<readonly string[]> {
  const copier = new Copier();
  const fill = (code: string): Promise<void> => copier.fill(experiment, code, "");
  await inPlace({ lab, experiment, id, fill, linkCode: true });
  return copier.left;
}

export interface Copy {
  readonly lab: string;
  readonly experiment: string;
  readonly id: string;
  /** Puts the code into the folder that stands for the experiment's. */
  readonly fill: (code: string) => Promise<void>;
  /** Whether code that it did not put there is linked too. */
  readonly linkCode: boolean;
}

/**
 * Makes a copy from scratch and puts it in its place when it is whole. What else is in the
 * experiment, and beside it, is linked. Rejects with what `fill` or the file system says.
 */
export async function inPlace({ lab, experiment, id, fill, linkCode }: Copy): Promise<void> {
  const root = snapshotRoot(lab, id);
  const part = `${root}.part`;
  await rm(part, { recursive: true, force: true });
  const inLab = relative(lab, experiment);
  const code = join(part, "tree", inLab);
  await mkdir(code, { recursive: true });
  await mkdir(join(experiment, "runs"), { recursive: true });
  await fill(code);
  await linkRest(experiment, code, CODE_DEPTH, linkCode);
  for (let at = inLab; at !== "" && at !== "."; at = dirname(at)) {
    await linkNeighbours(join(lab, at), join(part, "tree", at));
  }
  await noteCopied(part, code);
  await rm(root, { recursive: true, force: true });
  await rename(part, root);
}

class Copier {
  readonly left: string[] = [];
  #files = 0;
  #bytes = 0;

  async fill(from: string, to: string, below: string): Promise<void> {
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const { name } = entry;
      const source = join(from, name);
      const path = below === "" ? name : `${below}/${name}`;
      if (isLeftOut(name)) continue;
      if (entry.isDirectory()) {
        if (!(await holdsCode(source, CODE_DEPTH))) continue;
        await mkdir(join(to, name));
        await this.fill(source, join(to, name), path);
      } else if (CODE.test(name) || SETTING.test(name)) {
        await this.#copy(source, join(to, name), path);
      }
    }
  }

  async #copy(from: string, to: string, path: string): Promise<void> {
    const facts = await stat(from).catch(() => undefined);
    if (facts?.isFile() !== true) return;
    const tooMuch =
      facts.size > SNAPSHOT_FILE_BYTES ||
      this.#files >= SNAPSHOT_FILES ||
      this.#bytes + facts.size > SNAPSHOT_BYTES;
    if (tooMuch) {
      if (CODE.test(path)) this.left.push(path);
      return;
    }
    this.#files += 1;
    this.#bytes += facts.size;
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}

/** Whether a folder is one of code: a package, or settings. Whatever else lies there is data. */
async function holdsCode(folder: string, depth: number): Promise<boolean> {
  const entries = (await codeFolder(folder)) ?? [];
  if (entries.some((entry) => !entry.isDirectory() && CODE.test(entry.name))) return true;
  if (depth === 0) return false;
  for (const entry of entries) {
    if (!entry.isDirectory() || isLeftOut(entry.name)) continue;
    if (await holdsCode(join(folder, entry.name), depth - 1)) return true;
  }
  return false;
}

/** Just before its run starts: what has come since, such as data that an earlier run made. */
export async function linkWhatCame(experiment: string, codeDir: string): Promise<void> {
  await linkRest(experiment, codeDir, CODE_DEPTH, false);
}

/** What is no code is found in the copy at the same place: data, settings of tools, `runs/`. */
async function linkRest(from: string, to: string, depth: number, linkCode: boolean): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const { name } = entry;
    if (name === "__pycache__" || name === ".git" || name === ".nightlab") continue;
    const [source, target] = [join(from, name), join(to, name)];
    const there = await lstat(target).catch(() => undefined);
    if (there?.isDirectory() === true) {
      if (depth > 0) await linkRest(source, target, depth - 1, linkCode);
    } else if (there?.isSymbolicLink() === true) {
      // The experiment was renamed since.
      const leads = await stat(target).catch(() => undefined);
      if (leads === undefined) {
        await rm(target);
        await symlink(source, target);
      }
    } else if (there === undefined && (linkCode || !(await isCode(entry, source)))) {
      await symlink(source, target);
    }
  }
}

/** A script, or a folder of code: of an earlier run's copy it is no part. */
async function isCode(
  entry: { readonly name: string; isDirectory(): boolean },
  path: string,
): Promise<boolean> {
  if (entry.isDirectory()) {
    return !isLeftOut(entry.name) && (await holdsCode(path, CODE_DEPTH));
  }
  return entry.name.endsWith(".py");
}

/** A script that looks beside its experiment's folder finds there what is there. */
async function linkNeighbours(folder: string, copy: string): Promise<void> {
  const names = await readdir(dirname(folder)).catch(() => []);
  for (const name of names.slice(0, SNAPSHOT_NEIGHBOURS)) {
    if (name === ".nightlab" || name === ".git") continue;
    await symlink(join(dirname(folder), name), join(dirname(copy), name)).catch(
      (error: unknown) => {
        if (errorCode(error) !== "EEXIST") throw error;
      },
    );
  }
}
