// Follows the folders below one: tells what is in them, and what comes, changes and goes.
import { existsSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { watch } from "chokidar";

export type EntryKind = "file" | "folder" | "link" | "other";

/** What becomes of an entry: `enter` tells a folder and all that is in it. */
export type Interest = "none" | "tell" | "enter";

export interface FolderTreeParts {
  /** Absolute path of the topmost folder. */
  readonly root: string;
  /** How many levels of folders below `root` are looked into. */
  readonly depth: number;
  readonly interestIn: (path: string, kind: EntryKind) => Interest;
  /** Whether a folder below `root`, with what is in it, is told. */
  readonly isPart: (path: string) => boolean;
  readonly appeared: (path: string, kind: EntryKind) => void;
  /** What was told, and is no folder, may have changed, or was replaced by another. */
  readonly changed: (path: string) => void;
  /** Of a folder that is gone nothing else is told. */
  readonly gone: (path: string, kind: "file" | "folder") => void;
  /** Something was made, removed or renamed in a folder, be it of interest or not. */
  readonly renamed: () => void;
  readonly failed: (error: unknown) => void;
}

export interface FolderTree {
  /** Resolves when everything that was there at the start has been told. */
  readonly ready: Promise<void>;
  /** Takes up a topmost folder again that was away: no event tells that it is back. */
  readonly look: () => void;
  readonly close: () => void;
}

/** Starts to follow a folder and those below it. While `root` itself is away nothing of it is gone. */
export function followFolders(parts: FolderTreeParts): FolderTree {
  const { root, appeared, changed, gone, renamed, failed } = parts;
  let isAway = !existsSync(root);
  const watcher = watch(root, {
    ignored: (path, stats) => path !== root && isIgnored(parts, path, stats),
    depth: parts.depth,
    followSymlinks: false,
    ignorePermissionErrors: true,
    // Atomic mode ignores swap files. Without it a save by renaming is an unlink and an add, which
    // serve as well.
    atomic: false,
  });
  const lost = (path: string, kind: "file" | "folder"): void => {
    isAway ||= !existsSync(root);
    if (!isAway) gone(path, kind);
  };
  watcher
    .on("add", (path, stats) => appeared(path, kindOf(stats)))
    .on("addDir", (path) => {
      if (path !== root) appeared(path, "folder");
    })
    .on("change", changed)
    .on("unlink", (path) => lost(path, "file"))
    .on("unlinkDir", (path) => lost(path, "folder"))
    .on("raw", (event) => {
      if (event === "rename") renamed();
    })
    .on("error", failed);
  return {
    ready: new Promise((resolve) => {
      watcher.once("ready", resolve);
    }),
    look() {
      if (!isAway || !existsSync(root)) return;
      isAway = false;
      watcher.add(root);
    },
    // Any failure to close it: nothing more is heard of it.
    close: () => void watcher.close().catch(() => undefined),
  };
}

/** chokidar asks before it knows what an entry is, and again when it does. */
function isIgnored(
  { root, interestIn, isPart }: FolderTreeParts,
  path: string,
  stats: Stats | undefined,
): boolean {
  const parent = dirname(path);
  if (parent !== root && interestIn(parent, "folder") === "tell") return true;
  if (stats === undefined) return false;
  const kind = kindOf(stats);
  if (interestIn(path, kind) === "none") return true;
  return kind === "folder" && !isPart(path);
}

function kindOf(stats: Stats | undefined): EntryKind {
  if (stats?.isSymbolicLink() === true) return "link";
  if (stats?.isDirectory() === true) return "folder";
  return stats === undefined || stats.isFile() ? "file" : "other";
}
