// Runs and plans for the tests of the report, made from log lines as a script writes them.
import type { JournalReading, Plan } from "../../../src/domain/journal.ts";
import type { RunRecord } from "../../../src/domain/run.ts";
import type { RunReading } from "../../../src/domain/sample.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";
import { judgedFindings } from "../../../src/effects/run-store/rule-input.ts";
import type { ReportInput, ReportRun } from "../../../src/judge/input.ts";

/** A reading of one log whose lines log `{key: token}` with rising steps. */
export function readingOf(lines: readonly string[]): RunReading {
  const reader = createRunReader();
  const text = lines.map((line) => `2025-02-02 14:30:00 | INFO | metric ${line}\n`).join("");
  reader.feed("logs/train.log", Buffer.from(text));
  reader.finish();
  return reader.reading();
}

export const plan = (fields: Partial<Plan> = {}): Plan => ({
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: { hypothesis: 2, success: 3, failure: 4 },
  ...fields,
});

export const record = (name: string, fields: Partial<RunRecord> = {}): RunRecord => ({
  version: 1,
  id: `id${name.replaceAll(/[^a-z0-9]/g, "")}`,
  attempt: `${name}-1`,
  verb: "run",
  name,
  folder: "",
  experiment: "warm-up",
  argv: ["uv", "run", "train.py", name],
  script: "train.py",
  args: [name],
  cwd: "/lab/warm-up",
  runner: "uv",
  host: "box",
  gpus: [],
  limitMs: 7_200_000,
  long: true,
  said: `run: ${name} timeout=2h`,
  criteria: {},
  queuedAt: "2025-02-02T14:29:58+01:00",
  startedAt: "2025-02-02T14:30:00+01:00",
  endedAt: "2025-02-02T14:30:41+01:00",
  seconds: 41,
  exitCode: 0,
  ending: "done",
  cause: { kind: "success" },
  nightlab: "0.1.0",
  ...fields,
});

/** A run that logged the tokens of one metric, one line each. */
export function run(
  name: string,
  tokens: readonly string[],
  fields: Partial<RunRecord> = {},
  key = "val/loss",
): ReportRun {
  const lines = tokens.map((token, step) => `{"step": ${step}, "${key}": ${token}}`);
  const folder = `2025-02-02T14-30-00-${name}`;
  return {
    folder,
    name,
    path: `runs/${folder}`,
    record: record(name, fields),
    reading: readingOf(lines),
    findings: [],
    plots: [],
  };
}

export function input(
  asked: Partial<Plan>,
  runs: readonly ReportRun[],
  fields: Partial<ReportInput> & { readonly reading?: Partial<JournalReading> } = {},
): ReportInput {
  const { reading, ...rest } = fields;
  const journal: JournalReading = {
    plan: plan(asked),
    blocks: [],
    entries: [],
    sections: [],
    ignored: [],
    problems: [],
    conflicted: false,
    ...reading,
  };
  const judged = runs.map((one) => ({
    ...one,
    findings: judgedFindings(journal.plan, one.record, one.reading),
  }));
  return { experiment: "warm-up", journal, ignored: [], runs: judged, ...rest };
}
