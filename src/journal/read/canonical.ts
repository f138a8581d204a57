// The hash under which a command is known again whatever its layout.
// Which texts are commands, and what their keys mean, is read elsewhere.
import { byName } from "../../base/by-name.ts";
import { hashText } from "../../base/ids.ts";
import type { CommandSpec } from "../../domain/command.ts";
import { keyIdentity } from "./command-keys.ts";

/**
 * Hash of what a command means: equal whatever its quotes, spaces, order of keys, or whether it
 * stands on a line or in a fence. The consent to start it (` !`, `go`, a tick, `because`) is no
 * part of it: giving one makes no new command. Ledgers hold these hashes, so what goes into the
 * hash of a command never changes (`test/golden/commands.json`).
 * `reserved`: the keys this version cannot act on, with their canonical values.
 */
export function canonicalHash(spec: CommandSpec, reserved: ReadonlyMap<string, string>): string {
  const { verb, target, args, timeoutMs, after, script, runner, env } = spec;
  const order = after?.map(({ target: name, any }) => [name, any]).toSorted(byName);
  const later = [...reserved].toSorted(byName);
  const head = [verb, target, args, timeoutMs, order, script, runner, env, later];
  return hashText(JSON.stringify([...head, ...keyIdentity(spec)]));
}

/** Hash of a block that could not be understood: of its text, white space folded. */
export function canonicalOfText(source: string): string {
  return hashText(`not understood: ${source.replaceAll(/\s+/g, " ").trim()}`);
}
