// What comes of replacing a journal, in words for the person where nothing was written.

/** What came of an attempt to replace a journal's text. */
export type ReplaceResult =
  /** The file holds the new text, durably. */
  | { readonly kind: "written"; readonly hash: string }
  /** It no longer was the expected text: read it again, nothing was lost. */
  | { readonly kind: "changed" }
  /** An editor is saving it: try again once it is settled. `crossed`: a save undid the write. */
  | { readonly kind: "busy"; readonly why: string; readonly crossed?: true }
  /** The new text has as many bytes as the old: see `allowSameSize`. Nothing was written. */
  | { readonly kind: "same-size" }
  /** This file must not be replaced: its status goes into a page beside it. */
  | { readonly kind: "refused"; readonly why: string }
  /** A system error; the old file is untouched. */
  | { readonly kind: "failed"; readonly why: string };

/** The result for a system error's code, in words that say what to do. */
export function failure(target: string, code: string): ReplaceResult {
  const cannot = `Cannot write into ${target}`;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return { kind: "busy", why: "it is not there at this moment" };
    case "EBUSY":
      return {
        kind: "refused",
        why: `${cannot}: it is mounted by itself, so it cannot be replaced as a whole (EBUSY)`,
      };
    case "EROFS":
      return { kind: "refused", why: `${cannot}: its disk is read-only` };
    case "EPERM":
      return { kind: "refused", why: `${cannot}: the system protects it (see lsattr)` };
    case "ENOSPC":
    case "EDQUOT":
      return { kind: "failed", why: `${cannot}: the disk is full (${code}); free some space` };
    case "EACCES":
      return { kind: "failed", why: `${cannot}: this user may not make files in its folder` };
    default:
      return { kind: "failed", why: `${cannot} (${code})` };
  }
}
