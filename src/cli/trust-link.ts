// `nightlab trust LINK`: lets a symlink that leads out of its lab be followed, for reading and for
// writing, as long as it leads to where it leads now.
import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { shellWord } from "../base/shell-word.ts";
import { errorCode } from "../effects/os/error-code.ts";
import { leavingLink } from "../effects/os/lab-links.ts";
import { trustLink } from "../effects/os/trusted-links.ts";
import { refused, type CommandResult } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { findLab, noLab } from "./lab-world.ts";

/** The path of a symlink without links before its last part; undefined for anything else. */
export function linkAt(path: string): string | undefined {
  const full = resolve(path);
  try {
    const link = join(realpathSync(dirname(full)), basename(full));
    return lstatSync(link).isSymbolicLink() ? link : undefined;
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return undefined;
    throw error;
  }
}

/**
 * Records a link, as `linkAt` gives it, with its target. Exit code 0: it is followed from now on, or
 * was anyway. 2: it is in no lab, or could not be recorded.
 */
export function trustLinkAt(link: string): CommandResult {
  if (findLab(dirname(link)) === undefined) return refused(noLab(dirname(link)));
  const leaving = leavingLink(link);
  if (leaving === undefined) {
    return {
      text: `${link} stays in its lab, or is trusted already: it is followed.`,
      exitCode: 0,
    };
  }
  try {
    trustLink(leaving);
  } catch (error) {
    return refused(`Cannot record that ${link} is trusted: ${fileErrorText(error)}`);
  }
  const again = shellWord(link);
  return {
    text:
      `${link} is followed from now on, as long as it leads to ${leaving.target}.\n` +
      `Were it changed to lead elsewhere, \`nightlab trust ${again}\` would be asked for again.`,
    exitCode: 0,
  };
}
