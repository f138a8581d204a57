// The hash under which a command is known again whatever its layout.
// Which texts are commands, and what their keys mean, is read elsewhere.
import type { CommandSpec } from "../../domain/command.ts";
import { hashText } from "../../base/ids.ts";
import type { YamlValue } from "../../base/yaml-map.ts";

/**
 * Hash of what a command means: equal whatever its quotes, spaces, order of keys, or whether it
 * stands on a line or in a fence. The consent to start it (` !`, `go`, a tick, `because`) is no
 * part of it: giving one makes no new command.
 * `later`: the keys this version cannot carry out, with their canonical values.
 */
export function canonicalHash(spec: CommandSpec, later: ReadonlyMap<string, string>): string {
  const { verb, target, args, timeoutMs, after, script, runner, env, stopOn } = spec;
  const { gpus, share, priority, sweep, retry, when } = spec;
  const placed = gpus !== undefined || share !== undefined || priority !== undefined;
  const sorted = [...later].toSorted(byName);
  const order = after?.map(({ target: name, any }) => [name, any]).toSorted(byName);
  return hashText(
    JSON.stringify([
      verb,
      target,
      args,
      timeoutMs,
      order,
      script,
      runner,
      env,
      sorted,
      ...(stopOn === undefined ? [] : [stopOn]),
      ...(placed ? [{ gpus, share, priority }] : []),
      ...(sweep === undefined ? [] : [{ sweep }]),
      ...(retry === undefined ? [] : [{ retry }]),
      ...(when === undefined ? [] : [{ when: Object.entries(when).toSorted(byName) }]),
      ...(spec.snapshot === true ? ["snapshot"] : []),
      ...(spec.memory === undefined ? [] : [{ memory: spec.memory }]),
      ...(spec.if === undefined ? [] : [{ if: spec.if }]),
    ]),
  );
}

/** Hash of a block that could not be understood: of its text, white space folded. */
export function canonicalOfText(source: string): string {
  return hashText(`not understood: ${source.replaceAll(/\s+/g, " ").trim()}`);
}

/** Orders pairs by their first part. */
export function byName(a: readonly unknown[], b: readonly unknown[]): number {
  const [left, right] = [String(a[0]), String(b[0])];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A value of a key that is for later, the same for all layouts of the same value. */
export function canonicalValue(value: YamlValue): string {
  switch (value.kind) {
    case "text":
      return JSON.stringify(value.text);
    case "empty":
    case "unreadable":
      return "null";
    case "list":
      return `[${value.items.map(canonicalValue).join()}]`;
    case "map":
      return `{${value.entries
        .map((entry) => `${JSON.stringify(entry.key)}:${canonicalValue(entry.value)}`)
        .join()}}`;
  }
}
