// How a failed operation on a file reads to a person.
// Which operation it was, and on what, is the caller's to say.

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "it exists already",
  EISDIR: "it is a folder",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is a file, not a folder",
  EPERM: "not permitted",
  EROFS: "the file system is read-only",
};

/** The cause of a failed file operation in plain words, without the path. */
export function fileErrorText(error: unknown): string {
  const code = errorCode(error);
  if (code !== undefined) return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}

/** `ENOENT` and its like; undefined for an error that is none of the file system's. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
