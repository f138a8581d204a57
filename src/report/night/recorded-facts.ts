// Rebuilds ledger facts of runs from their run.json and logs, for a lab whose ledger was lost.
// What no file keeps (which commands waited, why one was queued) is not invented.
import type { Fact } from "../../domain/fact.ts";
import {
  attemptId,
  commandId,
  experimentPath,
  runFolder,
  type CommandId,
  type ExperimentPath,
  type LabPath,
} from "../../base/ids.ts";
import type { Slot } from "../../domain/slot.ts";
import type { RunOutcome, RunRecord } from "../../domain/run.ts";
import type { ReportRun } from "../../judge/input.ts";
import { defined } from "../../base/defined.ts";

export interface Recorded {
  readonly lab: LabPath;
  /** Absolute path of the experiment. */
  readonly experiment: string;
  /** Whether the ledger already has the experiment. */
  readonly isKnown: boolean;
  readonly runs: readonly ReportRun[];
}

/**
 * The facts that a ledger would have about these runs; the facts of one run are in order of time.
 */
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
  experiment: ExperimentPath,
  run: ReportRun,
  record: RunRecord,
): readonly Fact[] {
  const startedAtMs = Date.parse(record.startedAt);
  if (!Number.isFinite(startedAtMs)) return [];
  const at = { atMs: startedAtMs, id: commandId(record.id) };
  return [
    acceptedFact(at, experiment, record),
    { ...at, kind: "run-claimed", ...claimOf(at, lab, experiment, record) },
    { ...at, kind: "run-started", process: { pid: 0, startTime: "", bootId: "" } },
    { ...at, kind: "run-folder-known", folder: runFolder(run.folder) },
    ...endedFacts(at, run, record),
  ];
}

/** The command that a run belongs to, and the time at which the run started. */
interface StartedRun {
  readonly id: CommandId;
  readonly atMs: number;
}

function acceptedFact(
  at: StartedRun,
  experiment: ExperimentPath,
  { verb, name, said }: RunRecord,
): Fact {
  return {
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
  };
}

function claimOf(
  { id, atMs }: StartedRun,
  lab: LabPath,
  experiment: ExperimentPath,
  record: RunRecord,
): Pick<Extract<Fact, { kind: "run-claimed" }>, "spec" | "start"> {
  const { verb, name, script, args, limitMs, runner, said, criteria, long } = record;
  const attempt = attemptId(record.attempt);
  const place = slotOf(record);
  return {
    spec: {
      attempt,
      command: id,
      verb,
      name,
      lab,
      experiment,
      script,
      args,
      env: {},
      limitMs,
      place,
    },
    start: { codeHash: record.codeHash ?? "", runner, said, queuedAtMs: atMs, long, criteria },
  };
}

/** The end of a run as a fact; none where the record does not say when, how and why it ended. */
function endedFacts(at: StartedRun, run: ReportRun, record: RunRecord): readonly Fact[] {
  const { ending, cause, seconds } = record;
  // The stamps are in whole seconds; the measured duration is more exact.
  const endedAtMs =
    seconds === undefined ? Date.parse(record.endedAt ?? "") : at.atMs + seconds * 1000;
  if (!Number.isFinite(endedAtMs) || ending === undefined || cause === undefined) return [];
  const outcome: RunOutcome = {
    ending,
    cause,
    metrics: run.reading.series.map(({ summary }) => summary),
    findings: run.findings,
    plots: run.plots,
    ...defined({ exitCode: record.exitCode, lastLine: run.lastLine }),
  };
  return [{ kind: "run-ended", atMs: endedAtMs, id: at.id, outcome, endedAtMs }];
}

/** The slot of a recorded run. A record has no indices of its GPUs; only their number matters. */
function slotOf({ gpus }: RunRecord): Slot {
  if (gpus.length === 0) return { kind: "cpu", why: "no-gpu" };
  return { kind: "gpus", gpus: gpus.map(({ uuid }, index) => ({ uuid, index })), share: 1 };
}
