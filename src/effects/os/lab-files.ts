// Node's file operations for whatever lies below a lab: never through a symlink that leaves the lab
// (lab-links.ts), which fails with ELEAVESLAB, and never waiting for a pipe or a device, which fail
// with ENOTFILE. Paths outside of guarded labs are not judged, but for their kind.
import * as fs from "node:fs";
import * as promises from "node:fs/promises";
import { dirname } from "node:path";
import { errorCode } from "./error-code.ts";
import { leaves, mustStay } from "./lab-links.ts";

/** What there is no file of: a folder, a pipe, a device or a socket. */
export class NotAFileError extends Error {
  readonly code = "ENOTFILE";
  constructor(path: string) {
    super(`${path} is not a file, but a folder, a pipe, a device or a socket`);
  }
}

/** For what concerns a name in its folder, and not what a link of that name leads to. */
const nameMustStay = (path: string): void => mustStay(dirname(path));

export function stat(path: string, options: { readonly bigint: true }): Promise<fs.BigIntStats>;
export function stat(path: string): Promise<fs.Stats>;
export async function stat(
  path: string,
  options: { readonly bigint?: boolean } = {},
): Promise<fs.Stats | fs.BigIntStats> {
  mustStay(path);
  return promises.stat(path, options);
}

/** Undefined where nothing is there, for a link in a circle, and for what leaves the lab. */
export function statSync(path: string): fs.Stats | undefined {
  if (leaves(path)) return undefined;
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) === "ELOOP") return undefined;
    throw error;
  }
}

export async function lstat(path: string): Promise<fs.Stats> {
  nameMustStay(path);
  return promises.lstat(path);
}

export function readdir(path: string, options: { withFileTypes: true }): Promise<fs.Dirent[]>;
export function readdir(path: string): Promise<string[]>;
export async function readdir(
  path: string,
  options?: { withFileTypes: true },
): Promise<fs.Dirent[] | string[]> {
  mustStay(path);
  return options === undefined ? promises.readdir(path) : promises.readdir(path, options);
}

/**
 * Opens a regular file. Opening a pipe would wait for its other end, in one of the few threads
 * that all of the process's file operations share.
 */
export async function open(
  path: string,
  flags: "r" | "wx" | "a" | number = "r",
  mode?: number,
): Promise<promises.FileHandle> {
  mustStay(path);
  const { O_RDONLY, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL, O_APPEND } = fs.constants;
  const named = { r: O_RDONLY, wx: O_WRONLY | O_CREAT | O_EXCL, a: O_WRONLY | O_CREAT | O_APPEND };
  const asked = typeof flags === "number" ? flags : named[flags];
  const file = await promises.open(path, asked | O_NONBLOCK, mode).catch((error: unknown) => {
    // Without a reader, a pipe cannot be opened for writing; nor can a socket at all.
    throw errorCode(error) === "ENXIO" ? new NotAFileError(path) : error;
  });
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new NotAFileError(path);
}

export function readFile(path: string, encoding: "utf8" | "latin1"): Promise<string>;
export function readFile(path: string): Promise<Buffer>;
export async function readFile(
  path: string,
  encoding?: "utf8" | "latin1",
): Promise<string | Buffer> {
  const file = await open(path);
  try {
    const bytes = await file.readFile();
    return encoding === undefined ? bytes : bytes.toString(encoding);
  } finally {
    await file.close();
  }
}

/** Opens a regular file for reading, and returns its descriptor. */
export function openSync(path: string): number {
  mustStay(path);
  const file = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  if (fs.fstatSync(file).isFile()) return file;
  fs.closeSync(file);
  throw new NotAFileError(path);
}

/** The text of a regular file of a script's own: its links may lead anywhere. */
export async function readScriptFile(path: string): Promise<string> {
  const { O_RDONLY, O_NONBLOCK } = fs.constants;
  const file = await promises.open(path, O_RDONLY | O_NONBLOCK);
  try {
    if (!(await file.stat()).isFile()) throw new NotAFileError(path);
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

export function readFileSync(path: string): string {
  const file = openSync(path);
  try {
    return fs.readFileSync(file, "utf8");
  } finally {
    fs.closeSync(file);
  }
}

/** Makes a file, or replaces what an existing one holds. */
export async function writeFile(path: string, content: string | Uint8Array): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC } = fs.constants;
  const file = await open(path, O_WRONLY | O_CREAT | O_TRUNC);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

export async function appendFile(path: string, content: string): Promise<void> {
  const file = await open(path, "a");
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
}

export async function mkdir(
  path: string,
  options: { readonly recursive?: boolean; readonly mode?: number } = {},
): Promise<void> {
  mustStay(path);
  await promises.mkdir(path, options);
}

export async function rm(
  path: string,
  options: { readonly recursive?: boolean; readonly force?: boolean } = {},
): Promise<void> {
  nameMustStay(path);
  await promises.rm(path, options);
}

export async function unlink(path: string): Promise<void> {
  nameMustStay(path);
  await promises.unlink(path);
}

export async function rename(from: string, to: string): Promise<void> {
  nameMustStay(from);
  nameMustStay(to);
  await promises.rename(from, to);
}

export async function link(from: string, to: string): Promise<void> {
  nameMustStay(from);
  nameMustStay(to);
  await promises.link(from, to);
}

export async function symlink(target: string, path: string): Promise<void> {
  nameMustStay(path);
  await promises.symlink(target, path);
}

/** Only the copy is judged: what is copied may be a script's own link. */
export async function copyFile(from: string, to: string, mode?: number): Promise<void> {
  mustStay(to);
  await promises.copyFile(from, to, mode);
}
