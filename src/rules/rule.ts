// What every rule is given and what it answers.
// The rules are the other files of this folder, one each; findings.ts asks them in turn.
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
  /** The person wrote a limit above that of a de-risking run. */
  readonly long: boolean;
  readonly nowMs: number;
  readonly verb: Verb;
  /** Arguments of the script after the run's name. */
  readonly args?: readonly string[];
  /** GPUs of the machine that were the run's to use. */
  readonly gpus?: number;
  /** What was sampled of its processes; absent where nothing was. */
  readonly system?: SystemSeries;
  /** While it goes on: since when its logs are silent, and how long they ever were before. */
  readonly silence?: { readonly sinceMs: number; readonly longestMs: number };
  /** What this run comes to, and the runs of the experiment that had ended when it started. */
  readonly digest?: RunDigest;
  readonly earlier?: readonly RunDigest[];
}

/** A finding before it gets its rule's name, its tier and its time. */
export type Found = Omit<Finding, "rule" | "atMs" | "tier"> & Partial<Pick<Finding, "tier">>;

/** What is said of a metric as it ended, with its last value as the evidence. */
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

/** A number of a rule that a person may change. */
export interface RuleNumber {
  readonly value: number;
  /** What it means, and where it is from. */
  readonly why: string;
}

export interface Rule {
  readonly name: RuleName;
  /** What it gives unless a finding says otherwise. */
  readonly tier: "A" | "B" | "C";
  /** One sentence: when it speaks. */
  readonly says: string;
  /** What it passes over on purpose. */
  readonly silent: string;
  readonly numbers: Readonly<Record<string, RuleNumber>>;
  /** Of series too long to be kept whole it wants the extremes, not an even sample. */
  readonly extremes?: true;
  /** Pure; findings in the order in which they are to be shown. */
  find(input: RuleInput, numbers: Readonly<Record<string, number>>): readonly Found[];
}

/** A rule whose numbers are named once: `find` can only ask for those. */
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
