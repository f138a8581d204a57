// The code of an experiment as it was at one moment, and what of it is another by now.
// Reading it from a disk is effects/code/code-hash.ts; when it is asked for, scheduler/code.ts decides.

/** Which scripts there are, by their path in the experiment, and a digest of each. */
export interface CodeSeen {
  /** Over the names and bytes of all of them. */
  readonly hash: string;
  /** The first CODE_FILES_KEPT by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** The code when a command was queued. */
export interface NotedCode extends CodeSeen {
  readonly atMs: number;
  readonly snapshot?: SnapshotNote;
}

/** A copy of the code, for a command that asked for one. */
export type SnapshotNote =
  | {
      readonly kind: "kept";
      /** Absolute path of the folder that stands for the experiment's. */
      readonly dir: string;
      /** Code that was too much to copy: it is read where it lies. The first names, and how many. */
      readonly left: readonly string[];
      readonly leftCount: number;
    }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Names of the files that differ between two moments, in order: `train.py`, `new.py (new)`,
 * `old.py (gone)`.
 */
export function changedFiles(before: CodeSeen, now: CodeSeen): readonly string[] {
  if (before.hash === now.hash) return [];
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(now.files)])].toSorted();
  const changed = names.flatMap((name) => {
    const [was, is] = [before.files[name], now.files[name]];
    if (was === is) return [];
    return [was === undefined ? `${name} (new)` : is === undefined ? `${name} (gone)` : name];
  });
  // Beyond the files that are kept by name only the hash tells.
  return changed.length === 0 ? ["some script"] : changed;
}
