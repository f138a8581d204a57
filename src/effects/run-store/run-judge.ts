// Asks the rules about a run that is going on or has just ended, with everything the daemon knows
// about it. The rules are in rules/; scheduler/ decides what follows from a finding.
import { experimentPath } from "../../base/ids.ts";
import type { Finding } from "../../domain/finding.ts";
import type { AttemptSpec, StartFacts } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { SystemSeries } from "../../domain/system.ts";
import type { RunDigest } from "../../domain/digest.ts";
import type { Death } from "../../rules/cause.ts";
import { findings } from "../../rules/findings.ts";
import type { RuleInput } from "../../rules/rule.ts";
import type { RunContext } from "./run-context.ts";
import { defined } from "../../base/defined.ts";

export interface JudgedRun {
  readonly spec: AttemptSpec;
  readonly start: StartFacts;
  readonly reading: RunReading;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly limitMs?: number;
  readonly death?: Death;
  readonly gpus?: number;
  readonly system?: SystemSeries;
  readonly silence?: NonNullable<RuleInput["silence"]>;
  readonly digest?: RunDigest;
  readonly earlier?: readonly RunDigest[];
}

/** The findings of the rules about the run, as of now. */
export function judgeRun(context: RunContext, given: JudgedRun): readonly Finding[] {
  const { spec, start, reading, startedAtMs, endedAtMs, death, limitMs, ...rest } = given;
  return findings({
    ...rest,
    reading,
    plan: context.plan(experimentPath(spec.experiment)),
    startedAtMs,
    limitMs: limitMs ?? spec.limitMs,
    long: start.long,
    nowMs: context.now(),
    verb: spec.verb,
    args: spec.args.slice(1),
    ...defined({ endedAtMs, outcome: death }),
  });
}

export interface SilenceClock {
  /** Its logs have grown. */
  news(atMs: number): void;
  /** When the current silence began, and the longest one so far, which the logs may show too. */
  silence(reading: RunReading): NonNullable<RuleInput["silence"]>;
}

/** `startMs`: the run's start, or when this daemon adopted it. */
export function createSilenceClock(startMs: number): SilenceClock {
  let sinceMs = startMs;
  let longestMs = 0;
  return {
    news(atMs) {
      longestMs = Math.max(longestMs, atMs - sinceMs);
      sinceMs = atMs;
    },
    silence(reading) {
      const inLogs = (reading.lineFacts ?? []).map(({ longestGapMs }) => longestGapMs);
      return { sinceMs, longestMs: Math.max(longestMs, ...inLogs) };
    },
  };
}

/**
 * Dates each finding to the first of the consecutive evaluations that found it: a rule itself only
 * knows the time of its own evaluation.
 */
export function createFoundSince(): (found: readonly Finding[]) => readonly Finding[] {
  let since = new Map<string, number>();
  return (found) => {
    const now = new Map<string, number>();
    const dated = found.map((one): Finding => {
      const key = `${one.rule} ${one.metric ?? ""}`;
      const atMs = since.get(key) ?? one.atMs;
      now.set(key, atMs);
      return { ...one, atMs };
    });
    since = now;
    return dated;
  };
}
