// The hands for a run that goes on or has ended: follow it, conclude it, draw its final plots.
// Starting and stopping are in attempt-hands.ts; what the logs mean is in observe/.
import type { Finding } from "../model/finding.ts";
import { experimentPath, type AttemptId, type RunFolder } from "../model/ids.ts";
import type { AttemptSpec, PlotRef, RunOutcome, StartFacts } from "../model/run.ts";
import type { RunReading } from "../model/sample.ts";
import type { Death } from "../observe/cause.ts";
import { findings } from "../observe/findings.ts";
import type { Hands } from "./hands.ts";
import { renewPlots } from "./plots.ts";
import type { Renderer } from "./render.ts";
import { deathOf, folderOf, readingOf } from "./run-ending.ts";
import { runDir } from "./run-folders.ts";
import { followRun, type RunFollower } from "./run-follower.ts";
import type { RecordFacts } from "./run-record.ts";
import { keepRecord, recordFacts, startRecord } from "./run-records.ts";
import type { RunSurroundings } from "./run-surroundings.ts";
import type { Supervisor } from "./supervisor.ts";
import { readRun } from "./tail.ts";

export interface RunHands extends Pick<Hands, "follow-attempt" | "conclude-run" | "plot-run"> {
  /** Stops following; the runs themselves go on. */
  readonly close: () => Promise<void>;
}

interface Parts {
  readonly supervisor: Supervisor;
  readonly renderer: Renderer;
  readonly around: RunSurroundings;
}

/** Hands on a supervisor and a renderer. */
export function runHands(parts: Parts): RunHands {
  const { supervisor, around } = parts;
  const followers = new Map<AttemptId, RunFollower>();
  const records = new Map<AttemptId, Promise<RecordFacts | undefined>>();
  return {
    "follow-attempt"(effect, post) {
      const { spec, start, startedAtMs } = effect;
      const { attempt } = spec;
      if (followers.has(attempt)) return;
      const folder = effect.folder ?? spec.onRun;
      const follower = followRun(spec, folder, {
        taken: () => around.takenFolders(spec),
        folderFound(found) {
          post({ kind: "run-folder-found", attempt, folder: found });
          records.set(attempt, startRecord(around, spec, start, found, startedAtMs));
        },
        async logsGrew(found, tail) {
          const reading = tail.reader.reading();
          const given = { spec, start, startedAtMs, reading };
          await draw(parts, spec, found, reading, judge(around, given), true);
          around.reportTouched(experimentPath(spec.experiment));
        },
      });
      followers.set(attempt, follower);
      supervisor.onExit(spec.lab, attempt, (end) => {
        if (end.kind === "ended") post({ kind: "attempt-exited", attempt, exit: end.exit });
        else post({ kind: "attempt-lost", attempt, why: end.why });
      });
    },

    async "conclude-run"({ spec, start, facts }, post) {
      const { attempt } = spec;
      // The shim ended the group at the limit; what left the group is swept up here.
      if (facts.exit?.overLimit === true) await supervisor.stop(spec.lab, attempt);
      const followed = await followers.get(attempt)?.end();
      followers.delete(attempt);
      const folder = await folderOf(around, spec, facts, followed?.folder);
      if (folder !== undefined && folder !== facts.folder) {
        post({ kind: "run-folder-found", attempt, folder });
      }
      const tail = followed?.tail;
      const reading = await readingOf(spec, folder, tail);
      const death = await deathOf(spec, facts, reading);
      const outcome: RunOutcome = {
        ...death,
        metrics: reading.series.map(({ summary }) => summary),
        findings: judge(around, {
          spec,
          start,
          reading,
          startedAtMs: facts.startedAtMs ?? facts.claimedAtMs,
          endedAtMs: facts.endedAtMs,
          limitMs: facts.limitMs,
          death,
        }),
        plots: [],
      };
      if (folder !== undefined && facts.startedAtMs !== undefined) {
        const known = await records.get(attempt);
        const record = known ?? (await recordFacts(around, spec, start, folder, facts.startedAtMs));
        await keepRecord(around, { ...record, limitMs: facts.limitMs }, { ...death, ...facts });
      }
      records.delete(attempt);
      post({ kind: "run-concluded", attempt, outcome, endedAtMs: facts.endedAtMs });
    },

    async "plot-run"({ spec, folder, findings: found }, post) {
      const { attempt } = spec;
      let plots: readonly PlotRef[] = [];
      if (folder !== undefined) {
        const reading = await readRun(runDir(spec.experiment, folder));
        plots = await draw(parts, spec, folder, reading, found);
      }
      post({ kind: "run-plotted", attempt, plots });
    },

    async close() {
      await Promise.all([...followers.values()].map((follower) => follower.end()));
    },
  };
}

interface Judged {
  readonly spec: AttemptSpec;
  readonly start: StartFacts;
  readonly reading: RunReading;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly limitMs?: number;
  readonly death?: Death;
}

function judge(around: RunSurroundings, given: Judged): readonly Finding[] {
  const { spec, start, reading, startedAtMs, endedAtMs, death } = given;
  return findings({
    reading,
    plan: around.plan(experimentPath(spec.experiment)),
    startedAtMs,
    limitMs: given.limitMs ?? spec.limitMs,
    long: start.long,
    nowMs: around.now(),
    verb: spec.verb,
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
    ...(death === undefined ? {} : { outcome: death }),
  });
}

/** Plots of a run as its logs stand; what cannot be drawn is told and costs nothing else. */
async function draw(
  { renderer, around }: Parts,
  spec: AttemptSpec,
  folder: RunFolder,
  reading: RunReading,
  found: readonly Finding[],
  scriptRuns = false,
): Promise<readonly PlotRef[]> {
  try {
    const { plots, failures } = await renewPlots({
      runDir: runDir(spec.experiment, folder),
      runTitle: folder,
      reading,
      findings: found,
      promised: around.plan(experimentPath(spec.experiment)).metrics.map(({ key }) => key),
      renderer,
      scriptRuns,
    });
    for (const failure of failures) around.warn("plot not drawn", { folder, failure });
    return plots;
  } catch (error) {
    around.warn("plots not drawn", { folder, error: String(error) });
    return [];
  }
}
