// Follows the folders below one: tells what is in them, and what comes, changes and goes. A watch of
// each folder says where to look, and a listing what is there, so that no order of events matters.
import { watch, type Dirent, type FSWatcher } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, join, sep } from "node:path";
import { errorCode } from "./error-code.ts";

/** Folders listed at the same time; more would only wait for the disk. */
const LISTINGS = 16;

export type EntryKind = "file" | "folder" | "link" | "other";

/** What becomes of an entry: `enter` tells a folder and all that is in it. */
export type Interest = "none" | "tell" | "enter";

export interface FolderTreeParts {
  /** Absolute path of the topmost folder. */
  readonly root: string;
  /** How many levels of folders below `root` are looked into. */
  readonly depth: number;
  readonly interestIn: (path: string, kind: EntryKind) => Interest;
  /** Whether what is in a folder below `root` is told, by its entries. */
  readonly isPart: (entries: ReadonlyMap<string, EntryKind>) => boolean;
  readonly appeared: (path: string, kind: EntryKind) => void;
  /** What was told, and is no folder, may have changed, or was replaced by another. */
  readonly changed: (path: string) => void;
  /** Of a folder that is gone nothing else is told. */
  readonly gone: (path: string, kind: EntryKind) => void;
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

interface Folder {
  readonly path: string;
  readonly depth: number;
  /** What was told of it. */
  readonly entries: Map<string, EntryKind>;
  watcher: FSWatcher | undefined;
  /** Names that events told since the last listing began. */
  touched: Set<string>;
  listing: boolean;
  /** Something happened since the listing began: it may not show that. */
  again: boolean;
}

/**
 * Starts to follow a folder and those below it. While `root` itself is away, or a folder cannot be
 * listed, nothing of it counts as gone.
 */
export function followFolders(parts: FolderTreeParts): FolderTree {
  const tree = new Tree(parts);
  return {
    ready: tree.enter(parts.root, 0),
    look: () => tree.look(),
    close: () => tree.close(),
  };
}

class Tree {
  readonly #parts: FolderTreeParts;
  readonly #folders = new Map<string, Folder>();
  #closed = false;

  constructor(parts: FolderTreeParts) {
    this.#parts = parts;
  }

  async enter(path: string, depth: number): Promise<void> {
    const folder: Folder = {
      path,
      depth,
      entries: new Map(),
      watcher: undefined,
      touched: new Set(),
      listing: false,
      again: false,
    };
    this.#folders.set(path, folder);
    // Before it is listed, so that nothing comes unseen in between.
    this.#watch(folder);
    await this.#list(folder);
  }

  look(): void {
    const root = this.#folders.get(this.#parts.root);
    if (root === undefined || root.watcher !== undefined) return;
    this.#watch(root);
    if (root.watcher !== undefined) void this.#list(root);
  }

  close(): void {
    this.#closed = true;
    for (const { watcher } of this.#folders.values()) watcher?.close();
    this.#folders.clear();
  }

  #watch(folder: Folder): void {
    const { path } = folder;
    folder.watcher?.close();
    folder.watcher = undefined;
    try {
      folder.watcher = watch(path, (event, name) => this.#happened(folder, event, name));
      folder.watcher.on("error", (error) => this.#parts.failed(error));
    } catch (error) {
      // A folder that is gone by now is no failure, and of one without rights nothing is told.
      if (!["ENOENT", "ENOTDIR", "EACCES", "EPERM"].includes(errorCode(error))) {
        this.#parts.failed(error);
      }
    }
  }

  #happened(folder: Folder, event: string, name: string | null): void {
    if (this.#closed || this.#folders.get(folder.path) !== folder) return;
    if (event === "rename") this.#parts.renamed();
    const kind = name === null ? undefined : folder.entries.get(name);
    if (name !== null && event !== "rename") {
      if (kind === "file" || kind === "link") this.#parts.changed(join(folder.path, name));
      return;
    }
    // The folder itself was moved or removed, and its watch went along; another may be there now.
    const isItself = name === basename(folder.path);
    const touched = name === null || isItself ? folder.entries.keys() : [name];
    for (const one of touched) folder.touched.add(one);
    if (isItself) this.#watch(folder);
    void this.#list(folder);
  }

  /** Lists a folder until nothing happened in it meanwhile, and tells what is new. */
  async #list(folder: Folder): Promise<void> {
    folder.again = true;
    if (folder.listing) return;
    folder.listing = true;
    while (folder.again && !this.#closed) {
      folder.again = false;
      const { touched } = folder;
      folder.touched = new Set();
      const listed = await entriesOf(folder);
      if (this.#closed || this.#folders.get(folder.path) !== folder) return;
      if (listed !== undefined) await this.#compare(folder, listed, touched);
    }
    folder.listing = false;
  }

  async #compare(
    folder: Folder,
    listed: readonly Dirent[],
    touched: ReadonlySet<string>,
  ): Promise<void> {
    const { isPart, interestIn, appeared, changed, gone } = this.#parts;
    const { path, depth, entries } = folder;
    const present = new Map(listed.map((entry) => [entry.name, kindOf(entry)]));
    if (depth > 0 && !isPart(present)) return;
    for (const [name, kind] of entries) {
      if (present.get(name) === kind) continue;
      entries.delete(name);
      const own = join(path, name);
      if (kind === "folder") this.#leave(own);
      gone(own, kind);
    }
    const entered: string[] = [];
    for (const [name, kind] of present) {
      const own = join(path, name);
      if (entries.has(name)) {
        if (kind !== "folder" && touched.has(name)) changed(own);
        continue;
      }
      const interest = interestIn(own, kind);
      if (interest === "none") continue;
      entries.set(name, kind);
      appeared(own, kind);
      if (interest === "enter" && depth < this.#parts.depth) entered.push(own);
    }
    for (let i = 0; i < entered.length && !this.#closed; i += LISTINGS) {
      await Promise.all(entered.slice(i, i + LISTINGS).map((own) => this.enter(own, depth + 1)));
    }
  }

  /** Forgets a folder that is gone, with those below it. */
  #leave(path: string): void {
    for (const [own, { watcher }] of this.#folders) {
      if (own !== path && !own.startsWith(path + sep)) continue;
      watcher?.close();
      this.#folders.delete(own);
    }
  }
}

/** Undefined where it cannot be said what is in a folder. */
async function entriesOf({ path, depth }: Folder): Promise<readonly Dirent[] | undefined> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    const isGone = ["ENOENT", "ENOTDIR"].includes(errorCode(error));
    return isGone && depth > 0 ? [] : undefined;
  }
}

function kindOf(entry: Dirent): EntryKind {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "other";
}
