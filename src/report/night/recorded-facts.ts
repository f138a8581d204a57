// Runs as their run.json and their logs tell of them, in the form of a ledger's facts: for a lab
// whose ledger was lost. What no file keeps (what waited, why it was queued) is not made up.
import type { Fact } from "../../domain/fact.ts";
import { attemptId, commandId, experimentPath, runFolder, type LabPath } from "../../base/ids.ts";
import type { Slot } from "../../domain/slot.ts";
import type { RunOutcome, RunRecord } from "../../domain/run.ts";
import type { ReportRun } from "../../judge/input.ts";

export interface Recorded {
  readonly lab: LabPath;
  /** Absolute path of the experiment, and whether the ledger knows it. */
  readonly experiment: string;
  readonly isKnown: boolean;
  readonly runs: readonly ReportRun[];
}

/** Facts that a ledger would have had of these runs, oldest first for each. */
export function recordedFacts({ lab, experiment, isKnown, runs }: Recorded): readonly Fact[] {
  const path = experimentPath(experiment);
  const known: readonly Fact[] = isKnown
    ? []
    : [{ kind: "experiment-known", atMs: 0, experiment: path, lab, foreign: false }];
  return [
    ...known,
    ...runs.flatMap((run) =>
      run.record === undefined ? [] : runFacts(lab, path, run, run.record),
    ),
  ];
}

function runFacts(
  lab: LabPath,
  experiment: ReturnType<typeof experimentPath>,
  run: ReportRun,
  record: RunRecord,
): readonly Fact[] {
  const startedAtMs = Date.parse(record.startedAt);
  if (!Number.isFinite(startedAtMs)) return [];
  const id = commandId(record.id);
  const { verb, name, script, args, limitMs, said, criteria, long } = record;
  const spec = {
    attempt: attemptId(record.attempt),
    command: id,
    verb,
    name,
    lab,
    experiment,
    script,
    args,
    env: {},
    limitMs,
    place: placeOf(record),
  };
  const start = {
    codeHash: record.codeHash ?? "",
    runner: record.runner,
    said,
    queuedAtMs: startedAtMs,
    long,
    criteria,
  };
  const at = { atMs: startedAtMs, id };
  const facts: Fact[] = [
    {
      ...at,
      kind: "command-accepted",
      experiment,
      spec: { verb, target: name, args: [], go: false },
      canonical: said,
      form: "line",
      source: said,
      heading: "",
      line: 1,
      state: "queued",
      released: false,
      notes: [],
    },
    { ...at, kind: "run-claimed", spec, start },
    { ...at, kind: "run-started", process: { pid: 0, startTime: "", bootId: "" } },
    { ...at, kind: "run-folder-known", folder: runFolder(run.folder) },
  ];
  // Its stamps are whole seconds; how long it took is known better.
  const { seconds } = record;
  const endedAtMs =
    seconds === undefined ? Date.parse(record.endedAt ?? "") : startedAtMs + seconds * 1000;
  const { ending, cause } = record;
  if (!Number.isFinite(endedAtMs) || ending === undefined || cause === undefined) return facts;
  const outcome: RunOutcome = {
    ending,
    cause,
    metrics: run.reading.series.map(({ summary }) => summary),
    findings: run.findings,
    plots: run.plots,
    ...(record.exitCode === undefined ? {} : { exitCode: record.exitCode }),
    ...(run.lastLine === undefined ? {} : { lastLine: run.lastLine }),
  };
  return [...facts, { kind: "run-ended", atMs: endedAtMs, id, outcome, endedAtMs }];
}

/** A record names its GPUs by UUID; how many they were is all that counts here. */
function placeOf({ gpus }: RunRecord): Slot {
  if (gpus.length === 0) return { kind: "cpu", why: "no-gpu" };
  return { kind: "gpus", gpus: gpus.map(({ uuid }, index) => ({ uuid, index })), share: 1 };
}
