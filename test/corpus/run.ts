// A made-up run as the rules are given one: series, stamps, samples of its processes, an ending.
// The shapes of its series are in shapes.ts, what is broken in it in faults.ts.
import type { RunDigest } from "../../src/domain/digest.ts";
import type { Plan } from "../../src/domain/journal.ts";
import type { LineFacts, RunReading, Sample, Series } from "../../src/domain/sample.ts";
import type { SystemSample } from "../../src/domain/system.ts";
import { digestOf } from "../../src/rules/digest.ts";
import type { RuleInput } from "../../src/rules/rule.ts";

export interface MadeSeries {
  readonly key: string;
  readonly values: number[];
  readonly steps: number[];
  readonly stepKey: Series["stepKey"];
  readonly lines?: number[];
}

export interface MadeRun {
  readonly shape: string;
  series: MadeSeries[];
  args: string[];
  plan: Plan;
  facts: LineFacts;
  system: SystemSample[];
  /** Final values of earlier runs of the same code, by seed. */
  earlier: RunDigest[];
  outcome: RuleInput["outcome"];
  gpus: number;
  startedAtMs: number;
  endedAtMs: number;
  limitMs: number;
  silence?: RuleInput["silence"];
  files: RunReading["files"];
  digest?: RunDigest;
}

export const PLAN: Plan = {
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

const FILE = "logs/train.log";

export const noFacts = (): LineFacts => ({
  file: FILE,
  longestGapMs: 0,
  timeFalls: { count: 0 },
  falls: [],
  pace: { steps: new Float64Array(0), stampsMs: new Float64Array(0) },
  warnings: [],
  restored: false,
});

/** What the rules are asked about it. */
export function inputOf(run: MadeRun): RuleInput {
  const reading = readingOf(run);
  const digest = run.digest ?? digestOfRun(run, "2025-02-02T14-30-00-now", run.startedAtMs);
  return {
    reading,
    plan: run.plan,
    startedAtMs: run.startedAtMs,
    nowMs: run.endedAtMs,
    limitMs: run.limitMs,
    long: true,
    verb: "run",
    args: run.args,
    gpus: run.gpus,
    system: run.system,
    digest,
    earlier: run.earlier,
    ...(run.outcome === undefined ? {} : { outcome: run.outcome, endedAtMs: run.endedAtMs }),
    ...(run.silence === undefined ? {} : { silence: run.silence }),
  };
}

export function digestOfRun(run: MadeRun, folder: string, startedAtMs: number): RunDigest {
  return digestOf(
    {
      folder,
      verb: "run",
      script: "train.py",
      args: ["now", ...run.args],
      codeHash: "c0de",
      done: true,
      startedAtMs,
      endedAtMs: startedAtMs + (run.endedAtMs - run.startedAtMs),
    },
    readingOf(run),
  );
}

function readingOf(run: MadeRun): RunReading {
  return {
    series: run.series.filter(({ values }) => values.length > 0).map(seriesOf),
    tracebacks: [],
    deathMarkers: [],
    lastLines: [],
    unread: { count: 0 },
    lineFacts: [run.facts],
    files: run.files,
  };
}

function seriesOf(made: MadeSeries): Series {
  const { key, values, steps, stepKey } = made;
  const lines = made.lines ?? values.map((_, i) => i + 1);
  const sample = (i: number): Sample => ({
    file: FILE,
    line: lines[i] ?? 0,
    offset: 0,
    key,
    value: values[i] ?? NaN,
    token: String(values[i]),
    step: steps[i] ?? 0,
  });
  let [min, max, bad] = [-1, -1, -1];
  let notFiniteCount = 0;
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      notFiniteCount += 1;
      if (bad === -1) bad = i;
      continue;
    }
    if (min === -1 || value < (values[min] ?? 0)) min = i;
    if (max === -1 || value > (values[max] ?? 0)) max = i;
  }
  return {
    stepKey,
    steps: Float64Array.from(steps),
    values: Float64Array.from(values),
    lines: Uint32Array.from(lines),
    summary: {
      key,
      count: values.length,
      first: sample(0),
      last: sample(values.length - 1),
      ...(min === -1 ? {} : { min: sample(min) }),
      ...(max === -1 ? {} : { max: sample(max) }),
      ...(bad === -1 ? {} : { notFinite: sample(bad) }),
      notFiniteCount,
    },
  };
}
