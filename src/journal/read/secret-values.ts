// Secrets in a command: a journal is committed and shown, so they belong into the private file of
// their machine. base/secrets.ts says what looks like one.
import { isSecretValue, masked, maskedArgs, secretsIn } from "../../base/secrets.ts";
import type { Mistake, Problem, SourcePosition } from "../../base/problem.ts";
import { brief } from "../../settings/written-values.ts";
import type { Draft } from "./draft.ts";

const FIX =
  "put it into `~/.config/nightlab/env` as `NAME=value`, and write `env=[NAME]` here: the script finds it in that variable";

/** The first part of a command that looks like a secret, as a mistake; undefined if none does. */
export function secretMistake(draft: Draft): Mistake | undefined {
  const { args, target, fields } = draft;
  const {
    env = {},
    sweep = [],
    because = "",
    if: condition = "",
    script = "",
    after = [],
  } = fields;
  const swept = sweep.flatMap(({ values }) => values.map((value) => value.args));
  const where =
    inArguments(args) ??
    swept.map(inArguments).find((found) => found !== undefined) ??
    Object.entries(env).find(([name, value]) => isSecretValue(name, value))?.[0] ??
    Object.entries({ because, if: condition, script }).find(([, text]) => holds(text))?.[0] ??
    [target, ...after.map((one) => one.target)].find(holds);
  if (where === undefined) return undefined;
  return { message: `\`${brief(where)}\` holds what looks like a secret`, fix: FIX };
}

/** The problems of a frontmatter that holds one: reports and records would show it. */
export function secretsInPlan(
  yaml: string,
  at: (offset: number) => SourcePosition,
): readonly Problem[] {
  const [first] = secretsIn(yaml);
  if (first === undefined) return [];
  const message = "the frontmatter holds what looks like a secret";
  const fix = "take it out, and change it wherever others may have seen it";
  return [{ message, fix, place: at(first.start) }];
}

const holds = (text: string): boolean => secretsIn(text).length > 0;

/** The option whose value, or the argument that, looks like a secret. */
function inArguments(args: readonly string[]): string | undefined {
  const index = maskedArgs(args).findIndex((arg, i) => arg !== args[i]);
  if (index < 0) return undefined;
  const arg = args[index] ?? "";
  const option = [arg, args[index - 1] ?? ""].find((one) => one.startsWith("-"));
  return masked(option?.replace(/=.*$/s, "") ?? arg);
}
