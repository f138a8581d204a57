// `nightlab trust PATH`: what this machine's person says of what a lab may do that lies in PATH.
import { relative } from "node:path";
import { refused, type CommandResult } from "./command-result.ts";
import { linkAt, trustLinkAt } from "./trust-link.ts";

/** Exit code 0: recorded. 2: it could not be, or there is nothing to trust. */
export function trust(path: string): CommandResult {
  const link = linkAt(path);
  if (link !== undefined) return trustLinkAt(link);
  const shown = relative(process.cwd(), path) || path;
  return refused(`${shown} is no link: there is nothing to trust.`);
}
