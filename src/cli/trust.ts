// `nightlab trust [PATH]`: what this machine's person says of what may be done in a lab: that it may
// run what is written in it, or, of a link, that it may be followed.
import { existsSync } from "node:fs";
import { refused, type CommandResult } from "./command-result.ts";
import { findLab, noLab } from "./lab-world.ts";
import { trustLab, type TrustOptions } from "./trust-lab.ts";
import { linkAt, trustLinkAt } from "./trust-link.ts";

/** Exit code 0: recorded. 2: it could not be, or there is nothing to trust. */
export async function trust(path: string, options: TrustOptions): Promise<CommandResult> {
  const link = linkAt(path);
  if (link !== undefined) return trustLinkAt(link);
  if (!existsSync(path)) return refused(`Cannot trust ${path}: there is no such folder.`);
  const lab = findLab(path);
  return lab === undefined ? refused(noLab(path)) : trustLab(lab, options);
}
