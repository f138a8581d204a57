// The code of an experiment at one moment, and which files changed since. effects/code/code-hash.ts
// reads it from disk; scheduler/code.ts decides when.

/** The scripts of an experiment and their hashes. */
export interface CodeSeen {
  /** Of the names and contents of all of them. */
  readonly hash: string;
  /** The hash of each by its path in the experiment; the first CODE_FILES_KEPT paths. */
  readonly files: Readonly<Record<string, string>>;
}

/** The code at the time when a command was queued. */
export interface NotedCode extends CodeSeen {
  readonly atMs: number;
  readonly snapshot?: SnapshotNote;
}

/** The copy of the code of a command with `snapshot`, or why there is none. */
export type SnapshotNote =
  | {
      readonly kind: "kept";
      /** Absolute path of the copy; it replaces the experiment's folder. */
      readonly dir: string;
      /** Names of some files that were too large to copy: the run reads the originals. */
      readonly left: readonly string[];
      /** How many files were too large. */
      readonly leftCount: number;
    }
  | { readonly kind: "failed"; readonly why: string };

/** The code, with the files of an earlier one where both are the same: thousands are kept. */
export const sameCode = (code: NotedCode, earlier: NotedCode | undefined): NotedCode =>
  earlier !== undefined && earlier.hash === code.hash
    ? { ...code, hash: earlier.hash, files: earlier.files }
    : code;

/** Paths of the files that differ, in order: `train.py`, `new.py (new)`, `old.py (gone)`. */
export function changedFiles(before: CodeSeen, now: CodeSeen): readonly string[] {
  if (before.hash === now.hash) return [];
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(now.files)])].toSorted();
  const changed = names.flatMap((name) => {
    const [was, is] = [before.files[name], now.files[name]];
    if (was === is) return [];
    return [was === undefined ? `${name} (new)` : is === undefined ? `${name} (gone)` : name];
  });
  // Only CODE_FILES_KEPT files are known by name; a change in the others shows in the hash alone.
  return changed.length === 0 ? ["some script"] : changed;
}
