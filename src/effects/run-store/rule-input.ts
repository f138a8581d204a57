// What the rules are given about a recorded run, built from run.json and a reading of its logs. It
// matches what the daemon gave them when the run ended, so a report repeats the receipt's findings.
// The input of a run that is still going on is built in run-judge.ts.
import { basename, dirname, resolve } from "node:path";
import { runFolder } from "../../base/ids.ts";
import type { RunDigest } from "../../domain/digest.ts";
import type { Plan } from "../../domain/journal.ts";
import type { RunOutcome, RunRecord } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { SystemSeries } from "../../domain/system.ts";
import type { ReportRun } from "../../judge/input.ts";
import { recordTrouble } from "../../judge/record-shape.ts";
import { causeOfDeath } from "../../rules/cause.ts";
import { findings, withComparisons } from "../../rules/findings.ts";
import type { RuleInput } from "../../rules/rule.ts";
import { createEarlierRuns, earlierOf, recordDigest } from "./earlier-runs.ts";
import { readRunRecord } from "./run-record.ts";
import { readSystemFile } from "./system-sampler.ts";
import { defined } from "../../base/defined.ts";

/** The findings of a run from its record and a reading: the same inputs give the same findings. */
export function judgedFindings(
  plan: Plan,
  record: RunRecord | undefined,
  reading: RunReading,
  system: SystemSeries = [],
): ReportRun["findings"] {
  return findings(ruleInput(plan, record, reading, system));
}

/** The runs of an experiment, with the findings of rules that compare a run with earlier ones. */
export function withRunComparisons(
  plan: Plan,
  runs: readonly ReportRun[],
  digestOf: (run: ReportRun) => RunDigest | undefined,
): readonly ReportRun[] {
  const all = runs.flatMap((run) => digestOf(run) ?? []);
  return runs.map((run) => {
    const digest = digestOf(run);
    if (digest === undefined) return run;
    const input = ruleInput(plan, run.record, run.reading, []);
    const earlier = earlierOf(digest, all);
    return { ...run, findings: withComparisons(run.findings, { ...input, digest, earlier }) };
  });
}

/**
 * The rules' input for a recorded run, with the earlier runs that it is compared with; undefined
 * where run.json is missing or cannot be read as a record.
 */
export async function inputOfRun(
  runDir: string,
  plan: Plan,
  reading: RunReading,
): Promise<RuleInput | undefined> {
  const read = await readRunRecord(runDir);
  if (read.kind !== "record" || recordTrouble(read.record) !== undefined) return undefined;
  const { record } = read;
  const input = ruleInput(plan, record, reading, await readSystemFile(runDir));
  const folder = runFolder(basename(resolve(runDir)));
  const digest = record.ending === undefined ? undefined : recordDigest(folder, record, reading);
  if (digest === undefined) return input;
  const all = await createEarlierRuns().of(dirname(dirname(resolve(runDir))));
  return { ...input, digest, earlier: earlierOf(digest, all) };
}

function ruleInput(
  plan: Plan,
  record: RunRecord | undefined,
  reading: RunReading,
  system: SystemSeries,
): RuleInput {
  const startedAtMs = instant(record?.startedAt) ?? 0;
  const endedAtMs = record?.ending === undefined ? undefined : instant(record.endedAt);
  const outcome = outcomeOf(record, reading);
  return {
    reading,
    plan,
    system,
    ...(record === undefined ? {} : { args: record.args.slice(1), gpus: record.gpus.length }),
    ...defined({ outcome }),
    startedAtMs,
    ...defined({ endedAtMs }),
    limitMs: record?.limitMs ?? 0,
    long: record?.long ?? false,
    // A report has no present: whether a running run is silent is for the daemon to judge.
    nowMs: endedAtMs ?? startedAtMs,
    verb: record?.verb ?? "run",
  };
}

function outcomeOf(
  record: RunRecord | undefined,
  reading: RunReading,
): Pick<RunOutcome, "ending" | "cause" | "exitCode" | "lastLine"> | undefined {
  if (record?.ending === undefined || record.cause === undefined) return undefined;
  const { ending, cause, exitCode } = record;
  return {
    ending,
    cause,
    ...defined({ exitCode }),
    ...lastLineOf(record, reading),
  };
}

/** The log line that explains a failed run's end: run.json does not keep it, so find it again. */
export function lastLineOf(
  record: RunRecord | undefined,
  reading: RunReading,
): Pick<RunOutcome, "lastLine"> {
  if (record?.ending !== "failed" || record.exitCode === undefined) return {};
  const death = causeOfDeath({
    exit: { code: record.exitCode, endedAtMs: 0, overLimit: record.cause?.kind === "over-limit" },
    limitMs: record.limitMs,
    reading,
    hostOomKill: record.cause?.kind === "host-out-of-memory",
    verb: record.verb,
  });
  return death.lastLine === undefined ? {} : { lastLine: death.lastLine };
}

function instant(stamp: string | undefined): number | undefined {
  const ms = Date.parse(stamp ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
