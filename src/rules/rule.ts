// What every rule gets and what it returns.
// The rules are the other files of this folder, one each; running them is left to findings.ts.
import type { Verb } from "../domain/command.ts";
import type { RunDigest } from "../domain/digest.ts";
import type { Finding, RuleName } from "../domain/finding.ts";
import type { Plan } from "../domain/journal.ts";
import type { RunOutcome } from "../domain/run.ts";
import type { RunReading } from "../domain/sample.ts";
import type { SystemSeries } from "../domain/system.ts";
import { touchesCriterion } from "../logs/criterion-metrics.ts";

export interface RuleInput {
  readonly reading: RunReading;
  readonly plan: Plan;
  /** Absent while the run goes on. */
  readonly outcome?: Pick<RunOutcome, "ending" | "cause" | "exitCode" | "lastLine">;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly limitMs: number;
  /** The plan sets a limit above that of a de-risking run. */
  readonly long: boolean;
  readonly nowMs: number;
  readonly verb: Verb;
  /** The script's arguments after the run's name. */
  readonly args?: readonly string[];
  /** How many GPUs the run was given. */
  readonly gpus?: number;
  /** Samples of its processes and GPUs; absent where none were taken. */
  readonly system?: SystemSeries;
  /** While it goes on: since when its logs are silent, and their longest silence before. */
  readonly silence?: { readonly sinceMs: number; readonly longestMs: number };
  /** This run's own digest, to be compared with `earlier`. */
  readonly digest?: RunDigest;
  /** Runs of the experiment that had ended when this one started. */
  readonly earlier?: readonly RunDigest[];
}

/** A finding without its rule's name and time; its tier is the rule's unless given. */
export type Found = Omit<Finding, "rule" | "atMs" | "tier"> & Partial<Pick<Finding, "tier">>;

/** A finding about how a metric ended, with its last value as the evidence. */
export function foundAtLast(
  { plan, reading }: Pick<RuleInput, "plan" | "reading">,
  key: string,
  message: string,
): Found {
  const last = reading.series.find(({ summary }) => summary.key === key)?.summary.last;
  return {
    metric: key,
    message,
    ...(last === undefined
      ? {}
      : { evidence: { file: last.file, line: last.line, offset: last.offset }, token: last.token }),
    count: 1,
    persists: touchesCriterion(plan, key),
    blocking: false,
  };
}

/** A number of a rule that the plan may override. */
export interface RuleNumber {
  readonly value: number;
  /** What it means, and why it has this value. */
  readonly why: string;
}

export interface Rule {
  readonly name: RuleName;
  /** The tier of its findings unless one has its own. */
  readonly tier: "A" | "B" | "C";
  /** When there is a finding, in one sentence. */
  readonly says: string;
  /** What it ignores on purpose. */
  readonly silent: string;
  readonly numbers: Readonly<Record<string, RuleNumber>>;
  /** It needs the extremes of series too long to be kept whole, not an even sample. */
  readonly extremes?: true;
  /** It needs all attempts that a file holds, not the last one alone. */
  readonly attempts?: true;
  /** Pure; the findings are in the order in which they are shown. */
  find(input: RuleInput, numbers: Readonly<Record<string, number>>): readonly Found[];
}

/** A rule whose `find` can read only the numbers that the rule declares. */
export function rule<N extends string>(
  given: Omit<Rule, "numbers" | "find"> & {
    readonly numbers: Readonly<Record<N, RuleNumber>>;
    find(input: RuleInput, numbers: Readonly<Record<N, number>>): readonly Found[];
  },
): Rule {
  return {
    ...given,
    find: (input, numbers) => given.find(input, numbers),
  };
}
