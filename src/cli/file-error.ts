// How a failed operation on a file reads to a person.
// Which operation it was, and on what, is the caller's to say.
import { errorCode } from "../effects/os/error-code.ts";

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
  if (code !== "") return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
