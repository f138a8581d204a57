// The facts of run.json that the rules need, as far as they are valid: nightlab writes the file
// whole, but the user may have edited it.
import type { Verb } from "../domain/command.ts";
import { VERBS } from "../domain/command.ts";
import type { Cause, Ending } from "../domain/run.ts";
import type { RuleInput } from "../rules/rule.ts";
import { defined } from "../base/defined.ts";

type Recorded = Pick<RuleInput, "startedAtMs" | "nowMs" | "limitMs" | "long" | "verb"> &
  Partial<Pick<RuleInput, "outcome" | "endedAtMs">>;

const ENDINGS: readonly Ending[] = ["done", "failed", "stopped", "lost"];

/** The facts of a run.json's text; undefined if it is no record of a run. Never throws. */
export function recordedRun(text: string): Recorded | undefined {
  const record = parsed(text);
  if (record === undefined) return undefined;
  const startedAtMs = timeOf(record["startedAt"]);
  const verb = VERBS.find((known): known is Verb => known === record["verb"]);
  const { limitMs, long } = record;
  if (startedAtMs === undefined || verb === undefined || typeof limitMs !== "number") {
    return undefined;
  }
  const endedAtMs = timeOf(record["endedAt"]);
  const ending = ENDINGS.find((known) => known === record["ending"]);
  const cause = causeOf(record["cause"]);
  const { exitCode } = record;
  return {
    startedAtMs,
    nowMs: endedAtMs ?? startedAtMs,
    limitMs,
    long: long === true,
    verb,
    ...defined({ endedAtMs }),
    ...(ending === undefined || cause === undefined
      ? {}
      : { outcome: { ending, cause, ...(typeof exitCode === "number" ? { exitCode } : {}) } }),
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    // Any failure: bad JSON, which the caller says.
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** Only `kind` is checked: nightlab writes causes itself. */
function causeOf(value: unknown): Cause | undefined {
  return isRecord(value) && typeof value["kind"] === "string" ? (value as Cause) : undefined;
}
