// Masks the secrets of a run's record: run.json is committed, and shown to others.
import { isSecretValue, MASK, masked, maskedArgs } from "../../base/secrets.ts";
import type { RunRecord } from "../../domain/run.ts";

/** Fields that name the run, and its files and folders: it is found by them. */
const NAMES: ReadonlySet<string> = new Set([
  "id",
  "attempt",
  "name",
  "folder",
  "experiment",
  "script",
  "cwd",
]);

/**
 * The record without secrets; `masked` names the options and variables that had one. Whatever a
 * person may have made of the record, this does not throw.
 */
export function maskRecord(record: RunRecord): RunRecord {
  const { args, argv, env } = record;
  const shown = maskTexts(record);
  const hidden = new Set(Array.isArray(record.masked) ? record.masked : []);
  const shownArgs = areTexts(args) ? maskedArgs(args) : args;
  if (areTexts(args)) {
    for (const [i, arg] of args.entries()) if (arg !== shownArgs[i]) hidden.add(optionOf(args, i));
  }
  const shownEnv: Record<string, string> = { ...shown.env };
  for (const [name, value] of Object.entries(env ?? {})) {
    if (typeof value !== "string" || !isSecretValue(name, value)) continue;
    if (shownEnv[name] === value) shownEnv[name] = MASK;
    hidden.add(name);
  }
  return {
    ...shown,
    args: shownArgs,
    argv: areTexts(argv) ? maskedArgs(argv) : argv,
    ...(env === undefined ? {} : { env: shownEnv }),
    ...(hidden.size === 0 ? {} : { masked: [...hidden] }),
  };
}

const areTexts = (list: readonly unknown[]): list is readonly string[] =>
  list.every((one) => typeof one === "string");

/** The option that an argument belongs to: `--token`. */
function optionOf(args: readonly string[], index: number): string {
  const option = [args[index], args[index - 1]].find((arg) => arg?.startsWith("-"));
  return masked(option?.replace(/=.*$/s, "") ?? "an argument");
}

function maskTexts(record: RunRecord): RunRecord {
  return JSON.parse(JSON.stringify(record), (key, value: unknown) =>
    typeof value === "string" && !NAMES.has(key) ? masked(value) : value,
  ) as RunRecord;
}
