// Files that are there and cannot be read, for tests that run as whoever: a mode of 000 means nothing
// to root, who takes another user's rights for the while.
import { chmodSync, statSync } from "node:fs";

const NOBODY = 65_534;

/** What `work` does while `path` has mode 000. The mode and the rights are back afterwards. */
export async function whileUnreadable<T>(path: string, work: () => Promise<T> | T): Promise<T> {
  const { mode } = statSync(path);
  const isRoot = process.geteuid?.() === 0;
  chmodSync(path, 0);
  if (isRoot) process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(path, mode & 0o7777);
  }
}
