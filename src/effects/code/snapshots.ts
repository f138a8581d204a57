// Snapshots: copies of an experiment's code that a run uses instead, in
// `.nightlab/snapshots/<id>/`. Code is copied and everything else linked, so that a script finds
// data and `runs/` where it expects.
import { constants } from "node:fs";
import { lstat, readdir, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import type { CodeSeen, SnapshotNote } from "../../domain/code.ts";
import { errorCode } from "../os/error-code.ts";
import { CODE, codeFolder, isLeftOut } from "./code-folder.ts";
import { codeSeen, CODE_DEPTH } from "./code-hash.ts";
import { gitWithCode, keepGit } from "./recorded-git.ts";
import { noteCopied, removeSnapshot, snapshotCode, snapshotRoot } from "./snapshot-places.ts";
import { copyFile, mkdir, rename, rm, symlink } from "../os/lab-files.ts";

/** A larger file is linked instead of copied. */
export const SNAPSHOT_FILE_BYTES = 2 ** 20;
/** Most bytes that are copied; what is left is linked. */
export const SNAPSHOT_BYTES = 64 * 2 ** 20;
/** Most files that are copied; what is left is linked. */
const SNAPSHOT_FILES = 5_000;
/** If somebody saves while the code is copied, the copy is repeated, up to this many attempts. */
const SNAPSHOT_ATTEMPTS = 3;
/** Most entries beside an experiment that are linked beside its copy. */
const SNAPSHOT_NEIGHBOURS = 1_000;
/** How many uncopied files of code are reported by name. */
const SNAPSHOT_LEFT_NAMED = 5;

/** Also copied, but only from folders that hold code: others with such files are data. */
const SETTING = /\.json$/i;

/** Takes a snapshot of an experiment's code, replacing an earlier one of this id. Never rejects. */
export async function takeSnapshot(
  lab: string,
  experiment: string,
  id: string,
): Promise<{ readonly code: CodeSeen; readonly note: SnapshotNote }> {
  let code: CodeSeen = { hash: "", files: {} };
  try {
    for (let attempt = 0; attempt < SNAPSHOT_ATTEMPTS; attempt += 1) {
      code = await codeSeen(experiment);
      const left = await build(lab, experiment, id);
      const dir = snapshotCode(lab, experiment, id);
      if ((await codeSeen(dir)).hash === code.hash) {
        await keepGit(snapshotRoot(lab, id), await gitWithCode(lab, experiment));
        const named = left.slice(0, SNAPSHOT_LEFT_NAMED);
        return { code, note: { kind: "kept", dir, left: named, leftCount: left.length } };
      }
    }
    await removeSnapshot(lab, id);
    return { code, note: { kind: "failed", why: "it changed while it was copied" } };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { code, note: { kind: "failed", why } };
  }
}

/** Makes the snapshot; returns the paths, in the experiment, of code beyond the limits. */
async function build(lab: string, experiment: string, id: string): Promise<readonly string[]> {
  const copier = new Copier();
  const fill = (code: string): Promise<void> => copier.fill(experiment, code, "");
  await buildSnapshot({ lab, experiment, id, fill, linkCode: true });
  return copier.left;
}

export interface Copy {
  readonly lab: string;
  readonly experiment: string;
  readonly id: string;
  /** Writes the code into the given folder, which stands for the experiment's. */
  readonly fill: (code: string) => Promise<void>;
  /** Whether code that `fill` did not write is linked too. */
  readonly linkCode: boolean;
}

/**
 * Makes a snapshot from scratch and renames it into place when it is complete. Everything else in
 * the experiment, and beside it, is linked. Rejects with the errors of `fill` or the file system.
 */
export async function buildSnapshot({ lab, experiment, id, fill, linkCode }: Copy): Promise<void> {
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

/** Copies code within the limits of a snapshot. */
class Copier {
  /** Paths of code beyond the limits. */
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
    // Any failure: it is not copied, and the hash of the copy then differs.
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

/** Whether a folder or one below it holds code. If not, it is data. */
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

/**
 * Links what is new since the snapshot, such as data of an earlier run; call it before the start.
 */
export async function linkWhatCame(experiment: string, codeDir: string): Promise<void> {
  await linkRest(experiment, codeDir, CODE_DEPTH, false);
}

/** Links what the copy lacks to the same path: data, settings of tools, `runs/`. */
async function linkRest(from: string, to: string, depth: number, linkCode: boolean): Promise<void> {
  // Any failure: the script finds missing what is not linked, and says so; here and below.
  for (const entry of await readdir(from, { withFileTypes: true }).catch(() => [])) {
    const { name } = entry;
    if (name === "__pycache__" || name === ".git" || name === ".nightlab") continue;
    const [source, target] = [join(from, name), join(to, name)];
    // Any failure.
    const existing = await lstat(target).catch(() => undefined);
    if (existing?.isDirectory() === true) {
      if (depth > 0) await linkRest(source, target, depth - 1, linkCode);
    } else if (existing?.isSymbolicLink() === true) {
      // A dangling link: the experiment has been renamed since.
      // Any failure.
      const found = await stat(target).catch(() => undefined);
      if (found === undefined) {
        await rm(target);
        await symlink(source, target);
      }
    } else if (existing === undefined && (linkCode || !(await isCode(entry, source)))) {
      await symlink(source, target);
    }
  }
}

/** A script or a folder of code: what was added after the snapshot does not belong to it. */
async function isCode(
  entry: { readonly name: string; isDirectory(): boolean },
  path: string,
): Promise<boolean> {
  if (entry.isDirectory()) {
    return !isLeftOut(entry.name) && (await holdsCode(path, CODE_DEPTH));
  }
  return entry.name.endsWith(".py");
}

/**
 * Links the neighbours of a folder, for scripts that use files beside their experiment's folder.
 */
async function linkNeighbours(folder: string, copy: string): Promise<void> {
  // Any failure: as in `linkRest`.
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
