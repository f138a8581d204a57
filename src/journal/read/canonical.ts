// The hash by which a command is recognised again, however it is laid out.
// Which texts are commands is decided elsewhere; what its keys add to the hash, in command-keys.ts.
import { byName } from "../../base/by-name.ts";
import { hashText } from "../../base/ids.ts";
import type { CommandSpec } from "../../domain/command.ts";
import { keyIdentity } from "./command-keys.ts";

/**
 * Hash of what a command means: independent of quotes, spaces, the order of its keys, and of
 * whether it is a line or a fence. Consent to start (` !`, `go`, a tick, `because`) is not part of
 * it: giving it makes no new command. Ledgers hold these hashes, so what goes into them never
 * changes (`test/golden/commands.json`).
 */
export function canonicalHash(spec: CommandSpec): string {
  const { verb, target, args, timeoutMs, after, script, runner, env } = spec;
  const order = after?.map(({ target: name, any }) => [name, any]).toSorted(byName);
  // The empty list once held reserved keys.
  const head = [verb, target, args, timeoutMs, order, script, runner, env, []];
  return hashText(JSON.stringify([...head, ...keyIdentity(spec)]));
}

/** Hash of a block that could not be understood: of its text with white space folded. */
export function canonicalOfText(source: string): string {
  return hashText(`not understood: ${source.replaceAll(/\s+/g, " ").trim()}`);
}
