// The hands for a run that goes on or has ended: follow it, conclude it, draw its final plots.
// Starting and stopping are in attempt-handlers.ts; what the logs mean is in logs/.
import { STOPPING, type Finding } from "../../domain/finding.ts";
import { experimentPath, type AttemptId, type RunFolder } from "../../base/ids.ts";
import type { AttemptSpec, PlotRef, RunOutcome } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import { compareRepeat } from "../../judge/compare-repeat.ts";
import { createRunReader } from "../../logs/run-reader.ts";
import { createEarlierRuns, earlierOf, recordDigest } from "../run-store/earlier-runs.ts";
import { keptProbe } from "../gpu/gpu-cache.ts";
import { createGpuProbe } from "../gpu/gpu-probe.ts";
import { liveWriter, type LiveWriter } from "../run-store/run-heartbeat.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { renewPlots, type PlotsInput } from "../render/run-plots.ts";
import type { Renderer } from "../render/render.ts";
import { deathOf, folderOf, readingOf } from "../run-store/run-ending.ts";
import { runDir } from "../supervise/run-folders.ts";
import { followRun, type RunFollower } from "../run-store/run-follower.ts";
import { readRunRecord, type RecordFacts } from "../run-store/run-record.ts";
import { keepRecord, recordFacts, startRecord } from "../run-store/run-record-facts.ts";
import {
  createFoundSince,
  createSilenceClock,
  judgeRun,
  type JudgedRun,
} from "../run-store/run-judge.ts";
import type { RunContext } from "../run-store/run-context.ts";
import type { Supervisor } from "../supervise/supervisor.ts";
import { readSystemFile, sampleSystem, type SystemSampler } from "../run-store/system-sampler.ts";
import { readRun, type RunTail } from "../run-store/tail.ts";

/** While its logs are silent a run is judged this often. */
const JUDGE_MS = 30_000;

export interface RunHandlers extends Pick<
  EffectHandlers,
  "follow-attempt" | "conclude-run" | "plot-run"
> {
  /** Stops following; the runs themselves go on. */
  readonly close: () => Promise<void>;
}

interface Parts {
  readonly supervisor: Supervisor;
  readonly renderer: Renderer;
  readonly around: RunContext;
}

/** Hands on a supervisor and a renderer. */
export function runHandlers(parts: Parts): RunHandlers {
  const { supervisor, around } = parts;
  const followers = new Map<AttemptId, RunFollower>();
  const records = new Map<AttemptId, Promise<RecordFacts | undefined>>();
  const samplers = new Map<AttemptId, SystemSampler>();
  const lives = new Map<AttemptId, LiveWriter>();
  /** Aborted at the end of a run: its ending waits for no picture that others wait for as well. */
  const endings = new Map<AttemptId, AbortController>();
  /** What was read of a run that has ended, until its last plots are drawn from it. */
  const lastTails = new Map<AttemptId, RunTail>();
  const gpus = keptProbe(createGpuProbe());
  const earlierRuns = createEarlierRuns();
  return {
    "follow-attempt"(effect, post) {
      const { spec, start, startedAtMs } = effect;
      const { attempt } = spec;
      if (followers.has(attempt)) return;
      const folder = effect.folder ?? spec.onRun;
      let place = folder;
      let tail: RunTail | undefined;
      let judgedAtMs = around.now();
      const clock = createSilenceClock(around.now());
      const foundSince = createFoundSince();
      const ending = new AbortController();
      endings.set(attempt, ending);
      const judgeNow = async (): Promise<readonly Finding[]> => {
        judgedAtMs = around.now();
        const reading = tail?.reader.reading() ?? createRunReader().reading();
        if (reading.series.length > 0) sampler.metricSeen();
        const given: JudgedRun = {
          spec,
          start,
          startedAtMs,
          reading,
          silence: clock.silence(reading),
          system: sampler.series(),
          gpus: (await records.get(attempt))?.gpus.length ?? 0,
        };
        const found = foundSince(judgeRun(around, given));
        const stopping = found.filter(({ rule }) => STOPPING.has(rule));
        if (stopping.length > 0) post({ kind: "run-judged", attempt, findings: stopping });
        return found;
      };
      const sampler = sampleSystem({
        attempt,
        gpus,
        ...(spec.place === undefined ? {} : { place: spec.place }),
        now: around.now,
        // The samples of an evaluation are none of the run's that it is of.
        runDir: () =>
          place === undefined || spec.verb !== "run" ? undefined : runDir(spec.experiment, place),
        sampled(sample) {
          if (sample !== undefined) live.uses(sample);
          if (around.now() - judgedAtMs >= JUDGE_MS) void judgeNow();
        },
      });
      samplers.set(attempt, sampler);
      const live = liveWriter(spec.lab, attempt, spec.args, around.now);
      lives.set(attempt, live);
      const follower = followRun(spec, folder, {
        restMs: () => around.renewMs(experimentPath(spec.experiment)),
        taken: () => around.takenFolders(spec),
        folderFound(found) {
          place = found;
          post({ kind: "run-folder-found", attempt, folder: found });
          records.set(attempt, startRecord(around, spec, start, found, startedAtMs));
        },
        async logsGrew(found, grown) {
          tail = grown;
          clock.news(around.now());
          const { metrics } = around.plan(experimentPath(spec.experiment));
          live.logs(
            grown.reader.reading(),
            metrics.map(({ key }) => key),
          );
          const said = await judgeNow();
          await draw(parts, spec, found, tail.reader.reading(), said, {
            scriptRuns: true,
            unwanted: ending.signal,
          });
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
      const follower = followers.get(attempt);
      endings.get(attempt)?.abort();
      endings.delete(attempt);
      const followed = await follower?.end();
      followers.delete(attempt);
      const tail = follower?.experiment === spec.experiment ? followed?.tail : undefined;
      const folder = await folderOf(around, spec, facts, followed?.folder);
      if (folder !== undefined && folder !== facts.folder) {
        post({ kind: "run-folder-found", attempt, folder });
      }
      const sampler = samplers.get(attempt);
      samplers.delete(attempt);
      await sampler?.end();
      await lives.get(attempt)?.end();
      lives.delete(attempt);
      const reading = await readingOf(spec, folder, tail);
      if (tail !== undefined) lastTails.set(attempt, tail);
      const death = await deathOf(spec, facts, reading);
      const startedAtMs = facts.startedAtMs ?? facts.claimedAtMs;
      const known = await records.get(attempt);
      const record =
        known ??
        (folder === undefined || facts.startedAtMs === undefined
          ? undefined
          : await recordFacts(around, spec, start, folder, startedAtMs));
      if (record !== undefined) {
        const whole = { ...record, spec, limitMs: facts.limitMs };
        await keepRecord(around, whole, { ...death, ...facts });
      }
      const outcome: RunOutcome = {
        ...death,
        metrics: reading.series.map(({ summary }) => summary),
        findings: judgeRun(around, {
          spec,
          start,
          reading,
          startedAtMs,
          endedAtMs: facts.endedAtMs,
          limitMs: facts.limitMs,
          death,
          gpus: record?.gpus.length ?? 0,
          ...(await surroundings(spec, folder, reading)),
        }),
        plots: [],
        ...(await repeated(spec, reading)),
      };
      records.delete(attempt);
      post({ kind: "run-concluded", attempt, outcome, endedAtMs: facts.endedAtMs });
    },

    async "plot-run"({ spec, folder, findings: found }, post) {
      const { attempt } = spec;
      let plots: readonly PlotRef[] = [];
      const tail = lastTails.get(attempt);
      lastTails.delete(attempt);
      if (folder !== undefined) {
        const reading = tail?.reader.reading() ?? (await readRun(runDir(spec.experiment, folder)));
        // An evaluation adds nothing to what was sampled of the run itself.
        const own =
          spec.verb === "run" ? await readSystemFile(runDir(spec.experiment, folder)) : [];
        plots = await draw(parts, spec, folder, reading, found, { system: own });
      }
      post({ kind: "run-plotted", attempt, plots });
    },

    async close() {
      await Promise.all([...followers.values()].map((follower) => follower.end()));
      await Promise.all([...samplers.values()].map((sampler) => sampler.end()));
      await Promise.all([...lives.values()].map((live) => live.end()));
    },
  };

  /** How it compares with the run that it repeats. */
  async function repeated(
    { repeats, experiment }: AttemptSpec,
    reading: RunReading,
  ): Promise<Pick<RunOutcome, "repeated">> {
    if (repeats === undefined) return {};
    const first = await readRun(runDir(experiment, repeats.folder)).catch(() => undefined);
    if (first === undefined) return {};
    const promised = around.plan(experimentPath(experiment)).metrics.map(({ key }) => key);
    return { repeated: compareRepeat(first, reading, promised) };
  }

  /** Its samples and the runs before it, for a run that has a folder and a record of its own. */
  async function surroundings(
    spec: AttemptSpec,
    folder: RunFolder | undefined,
    reading: RunReading,
  ): Promise<Pick<JudgedRun, "system" | "digest" | "earlier">> {
    if (folder === undefined || spec.verb !== "run") return {};
    const dir = runDir(spec.experiment, folder);
    const system = await readSystemFile(dir);
    const read = await readRunRecord(dir);
    const digest = read.kind === "record" ? recordDigest(folder, read.record, reading) : undefined;
    if (digest === undefined) return { system };
    return { system, digest, earlier: earlierOf(digest, await earlierRuns.of(spec.experiment)) };
  }
}

/** Plots of a run as its logs stand; what cannot be drawn is told and costs nothing else. */
async function draw(
  { renderer, around }: Parts,
  spec: AttemptSpec,
  folder: RunFolder,
  reading: RunReading,
  found: readonly Finding[],
  more: Pick<PlotsInput, "scriptRuns" | "system" | "unwanted">,
): Promise<readonly PlotRef[]> {
  try {
    const { plots, failures } = await renewPlots({
      runDir: runDir(spec.experiment, folder),
      runTitle: folder,
      reading,
      findings: found,
      promised: around.plan(experimentPath(spec.experiment)).metrics.map(({ key }) => key),
      renderer,
      ...more,
    });
    for (const failure of failures) around.warn("plot not drawn", { folder, failure });
    return plots;
  } catch (error) {
    around.warn("plots not drawn", { folder, error: String(error) });
    return [];
  }
}
