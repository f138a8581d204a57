// Short ways for tests to read text as the logs of a run, and to build what rules are given.
import type { Plan } from "../../../src/domain/journal.ts";
import type { RunReading, Series } from "../../../src/domain/sample.ts";
import type { RuleInput } from "../../../src/rules/rule.ts";
import { createRunReader } from "../../../src/logs/run-reader.ts";

/** The reading of files given as text, after the run's end. */
export function readText(files: Readonly<Record<string, string>>): RunReading {
  const reader = createRunReader();
  for (const [file, text] of Object.entries(files)) reader.feed(file, Buffer.from(text));
  reader.finish();
  return reader.reading();
}

/** The reading of one file, `logs/train.log`, from its lines. */
export const readLines = (...lines: readonly string[]): RunReading =>
  readText({ "logs/train.log": lines.map((line) => `${line}\n`).join("") });

/** A metric line as loguru writes it. */
export const metric = (object: string): string => `2025-02-02 14:30:00 | INFO | metric ${object}`;

/** The series of a key; fails where there is none. */
export function seriesOf(reading: RunReading, key: string): Series {
  const found = reading.series.find((series) => series.summary.key === key);
  if (found === undefined) throw new Error(`No series ${key}`);
  return found;
}

export const PLAN: Plan = {
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

/** A short run that started at 0 and goes on, with what the test changes. */
export const ruleInput = (changes: Partial<RuleInput>): RuleInput => ({
  reading: readText({}),
  plan: PLAN,
  startedAtMs: 0,
  nowMs: 1_000,
  limitMs: 120_000,
  long: false,
  verb: "run",
  ...changes,
});
