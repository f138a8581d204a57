// What every rule is given and what it answers.
// The rules are the other files of this folder, one each; findings.ts asks them in turn.
import type { Verb } from "../../model/command.ts";
import type { Finding } from "../../model/finding.ts";
import type { Plan } from "../../model/journal.ts";
import type { RunOutcome } from "../../model/run.ts";
import type { RunReading } from "../../model/sample.ts";

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
}

/** A finding before it gets its rule's name and its time. */
export type Found = Omit<Finding, "rule" | "atMs">;

/** Pure; findings in the order in which they are to be shown. */
export type Rule = (input: RuleInput) => readonly Found[];
