// The cause of a failed file operation in plain words. The caller says which operation, on what
// file.
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

/** Errors of nightlab's own, whose message says it all. */
const OWN: ReadonlySet<string> = new Set(["ELEAVESLAB", "ENOTFILE"]);

/** The cause as part of a sentence, without the path; a code without a text stays as it is. */
export function fileErrorText(error: unknown): string {
  const code = errorCode(error);
  if (OWN.has(code) && error instanceof Error) return error.message;
  if (code !== "") return REASONS[code] ?? code;
  return error instanceof Error ? error.message : String(error);
}
