// Effect handlers for a run that is going on or has ended: follow it, conclude it, draw its final
// plots. attempt-handlers.ts starts and stops it; logs/ and rules/ say what its logs mean.
import { STOPPING, type Finding } from "../../domain/finding.ts";
import { experimentPath, type AttemptId, type RunFolder } from "../../base/ids.ts";
import type { ConclusionFacts } from "../../domain/effect.ts";
import type { AttemptSpec, PlotRef, RunOutcome, StartFacts } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import { compareRepeat } from "../../judge/compare-repeat.ts";
import { createRunReader } from "../../logs/run-reader.ts";
import {
  createEarlierRuns,
  earlierOf,
  recordDigest,
  type EarlierRuns,
} from "../run-store/earlier-runs.ts";
import { watchLeft, type LeftWatch } from "../run-store/left-watch.ts";
import { keptProbe } from "../gpu/gpu-cache.ts";
import { createGpuProbe, type GpuProbe } from "../gpu/gpu-probe.ts";
import { liveWriter, type LiveWriter } from "../run-store/run-heartbeat.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
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
  type SilenceClock,
} from "../run-store/run-judge.ts";
import type { RunContext } from "../run-store/run-context.ts";
import type { MainEnd } from "../supervise/attempts.ts";
import type { Supervisor } from "../supervise/supervisor.ts";
import { readSystemFile, sampleSystem, type SystemSampler } from "../run-store/system-sampler.ts";
import { readRun, type RunTail } from "../run-store/tail.ts";
import { defined } from "../../base/defined.ts";

/** While its logs are silent, a run is judged this often. */
const JUDGE_MS = 30_000;

export interface RunHandlers extends Pick<
  EffectHandlers,
  "follow-attempt" | "conclude-run" | "plot-run"
> {
  /** Stops following; the runs themselves go on. */
  readonly close: () => Promise<void>;
}

export interface RunHandlersParts {
  readonly supervisor: Supervisor;
  readonly renderer: Renderer;
  readonly context: RunContext;
}

/** What the handlers share. */
interface Runs {
  readonly parts: RunHandlersParts;
  readonly followed: Map<AttemptId, FollowedRun>;
  /** The tails of runs that have ended, until their final plots are drawn. */
  readonly lastTails: Map<AttemptId, RunTail>;
  readonly gpus: GpuProbe;
  readonly earlierRuns: EarlierRuns;
}

type FollowAttempt = Parameters<EffectHandlers["follow-attempt"]>[0];
type ConcludeRun = Parameters<EffectHandlers["conclude-run"]>[0];
type PlotRun = Parameters<EffectHandlers["plot-run"]>[0];

/** The effect handlers for runs, on a supervisor and a renderer. */
export function runHandlers(parts: RunHandlersParts): RunHandlers {
  const runs: Runs = {
    parts,
    followed: new Map(),
    lastTails: new Map(),
    gpus: keptProbe(createGpuProbe()),
    earlierRuns: createEarlierRuns(),
  };
  return {
    "follow-attempt": (effect, post) => followAttempt(runs, effect, post),
    "conclude-run": (effect, post) => concludeRun(runs, effect, post),
    "plot-run": (effect, post) => plotRun(runs, effect, post),
    async close() {
      await Promise.all([...runs.followed.values()].map((run) => run.close()));
    },
  };
}

function followAttempt({ parts, followed, gpus }: Runs, effect: FollowAttempt, post: Post): void {
  const { attempt } = effect.spec;
  if (followed.has(attempt)) return;
  const run = new FollowedRun(parts, gpus, effect, post);
  followed.set(attempt, run);
  parts.supervisor.onExit(
    effect.spec,
    (end) => {
      if (end.kind === "ended") post({ kind: "attempt-exited", attempt, exit: end.exit });
      else post({ kind: "attempt-lost", attempt, why: end.why });
    },
    (main) => run.goesOnWithout(main),
  );
}

/** A run that is going on: its logs are followed, its processes sampled, its findings posted. */
class FollowedRun {
  readonly #parts: RunHandlersParts;
  readonly #effect: FollowAttempt;
  readonly #post: Post;
  readonly #silence: SilenceClock;
  readonly #foundSince = createFoundSince();
  readonly #sampler: SystemSampler;
  readonly #live: LiveWriter;
  readonly #follower: RunFollower;
  /** Aborted when the run ends, so that its conclusion does not wait for pictures in the queue. */
  readonly #ending = new AbortController();
  #folder: RunFolder | undefined;
  #left: LeftWatch | undefined;
  #tail: RunTail | undefined;
  #judgedAtMs: number;
  #record: Promise<RecordFacts | undefined> | undefined;

  constructor(parts: RunHandlersParts, gpus: GpuProbe, effect: FollowAttempt, post: Post) {
    const { context } = parts;
    const { spec } = effect;
    this.#parts = parts;
    this.#effect = effect;
    this.#post = post;
    this.#folder = effect.folder ?? spec.onRun;
    this.#judgedAtMs = context.now();
    this.#silence = createSilenceClock(context.now());
    this.#sampler = sampleSystem({
      attempt: spec.attempt,
      gpus,
      ...defined({ place: spec.place }),
      now: context.now,
      // Samples of an evaluation are not samples of the run that it evaluates: they are not kept.
      runDir: () =>
        this.#folder === undefined || spec.verb !== "run"
          ? undefined
          : runDir(spec.experiment, this.#folder),
      sampled: (sample) => {
        if (sample !== undefined) this.#live.uses(sample);
        if (context.now() - this.#judgedAtMs < JUDGE_MS) return;
        this.#judge().catch((error: unknown) =>
          context.warn("run not judged", { attempt: spec.attempt, error: String(error) }),
        );
      },
    });
    this.#live = liveWriter(spec.lab, spec.attempt, spec.args, context.now);
    this.#follower = followRun(spec, this.#folder, {
      restMs: () => context.renewMs(experimentPath(spec.experiment)),
      taken: () => context.takenFolders(spec),
      folderFound: (folder) => this.#takeFolder(folder),
      logsGrew: (folder, tail) => this.#takeLogs(folder, tail),
      unread: (error) =>
        context.warn("the run's folder is not looked for", { attempt: spec.attempt, error }),
    });
  }

  /** Where it looks. If the experiment is renamed, this path no longer exists. */
  get experiment(): string {
    return this.#follower.experiment;
  }

  /** What its run.json says so far; undefined before its folder is found. */
  get record(): Promise<RecordFacts | undefined> | undefined {
    return this.#record;
  }

  /** Its main process has ended: looks after what goes on. */
  async goesOnWithout(main: MainEnd): Promise<void> {
    const { spec } = this.#effect;
    const { supervisor } = this.#parts;
    if (this.#left === undefined) {
      this.#post({ kind: "attempt-main-ended", attempt: spec.attempt, ...main });
      this.#left = watchLeft(spec, supervisor, { folder: () => this.#folder });
    }
    await this.#left.look();
  }

  /** The run has ended: stops following its logs. */
  endFollowing(): ReturnType<RunFollower["end"]> {
    this.#ending.abort();
    return this.#follower.end();
  }

  /** Stops sampling; what was sampled is on disk afterwards. */
  async endSampling(): Promise<void> {
    await this.#sampler.end();
    await this.#live.end();
  }

  /** The daemon ends, and the run goes on. */
  async close(): Promise<void> {
    await this.#follower.end();
    await this.endSampling();
  }

  #takeFolder(folder: RunFolder): void {
    const { spec, start, startedAtMs } = this.#effect;
    this.#folder = folder;
    this.#post({ kind: "run-folder-found", attempt: spec.attempt, folder });
    this.#record = startRecord(this.#parts.context, spec, start, folder, startedAtMs);
  }

  async #takeLogs(folder: RunFolder, tail: RunTail): Promise<void> {
    const { context } = this.#parts;
    const { spec } = this.#effect;
    const experiment = experimentPath(spec.experiment);
    this.#tail = tail;
    this.#silence.news(context.now());
    this.#live.logs(tail.reader.reading(), promisedKeys(context, spec));
    let found = await this.#judge();
    const { signal } = this.#ending;
    const endTurn = await this.#parts.renderer.turn(signal);
    // What came while other runs' pictures were drawn is in this one's.
    let grew = false;
    while (!signal.aborted && (await tail.poll())) grew = true;
    if (grew) found = await this.#judge();
    await draw(this.#parts, spec, folder, tail.reader.reading(), found, {
      scriptRuns: true,
      unwanted: signal,
    });
    endTurn();
    context.reportTouched(experiment);
  }

  /** Asks the rules, and posts the findings that may stop the run. */
  async #judge(): Promise<readonly Finding[]> {
    const { context } = this.#parts;
    const { spec, start, startedAtMs } = this.#effect;
    this.#judgedAtMs = context.now();
    const reading = this.#tail?.reader.reading() ?? createRunReader().reading();
    if (reading.series.length > 0) this.#sampler.metricSeen();
    const given: JudgedRun = {
      spec,
      start,
      startedAtMs,
      reading,
      silence: this.#silence.silence(reading),
      system: this.#sampler.series(),
      gpus: (await this.#record)?.gpus.length ?? 0,
    };
    const found = this.#foundSince(judgeRun(context, given));
    const stopping = found.filter(({ rule }) => STOPPING.has(rule));
    if (stopping.length > 0) {
      this.#post({ kind: "run-judged", attempt: spec.attempt, findings: stopping });
    }
    return found;
  }
}

/** Reads what the run left, writes its final run.json, and posts its outcome. */
async function concludeRun(runs: Runs, effect: ConcludeRun, post: Post): Promise<void> {
  const { context, supervisor } = runs.parts;
  const { spec, facts } = effect;
  const { attempt } = spec;
  // The shim ended what it found of the run at the limit; this makes sure of it.
  if (facts.exit?.overLimit === true) await supervisor.stop(spec);
  const run = runs.followed.get(attempt);
  const ended = await run?.endFollowing();
  const tail = run?.experiment === spec.experiment ? ended?.tail : undefined;
  const folder = await folderOf(context, spec, facts, ended?.folder);
  if (folder !== undefined && folder !== facts.folder) {
    post({ kind: "run-folder-found", attempt, folder });
  }
  await run?.endSampling();
  runs.followed.delete(attempt);
  const reading = await readingOf(context, spec, folder, tail);
  if (tail !== undefined) runs.lastTails.set(attempt, tail);
  const death = await deathOf(context, spec, facts, reading);
  const record = await recordOf(context, effect, folder, await run?.record);
  if (record !== undefined) {
    const whole = { ...record, spec, limitMs: facts.limitMs };
    await keepRecord(context, whole, { ...death, ...facts });
  }
  const outcome: RunOutcome = {
    ...death,
    metrics: reading.series.map(({ summary }) => summary),
    findings: judgeRun(context, {
      spec,
      start: effect.start,
      reading,
      startedAtMs: facts.startedAtMs ?? facts.claimedAtMs,
      endedAtMs: facts.endedAtMs,
      limitMs: facts.limitMs,
      death,
      gpus: record?.gpus.length ?? 0,
      ...(await samplesAndEarlierRuns(runs, spec, folder, reading)),
    }),
    plots: [],
    ...(await comparedWithOriginal(context, spec, reading)),
  };
  post({ kind: "run-concluded", attempt, outcome, endedAtMs: facts.endedAtMs });
}

/** The facts for run.json, gathered at the start or now; undefined without a run folder. */
async function recordOf(
  context: RunContext,
  { spec, start, facts }: { spec: AttemptSpec; start: StartFacts; facts: ConclusionFacts },
  folder: RunFolder | undefined,
  known: RecordFacts | undefined,
): Promise<RecordFacts | undefined> {
  if (known !== undefined) return known;
  if (folder === undefined || facts.startedAtMs === undefined) return undefined;
  try {
    return await recordFacts(context, spec, start, folder, facts.startedAtMs);
  } catch (error) {
    context.warn("run.json not written", { folder, error: String(error) });
    return undefined;
  }
}

/** How a repeated run compares with the original. */
async function comparedWithOriginal(
  context: RunContext,
  spec: AttemptSpec,
  reading: RunReading,
): Promise<Pick<RunOutcome, "repeated">> {
  const { repeats, experiment } = spec;
  if (repeats === undefined) return {};
  // Any failure: a comparison that is not shown; the report says so of what it cannot read.
  const original = await readRun(runDir(experiment, repeats.folder)).catch(() => undefined);
  if (original === undefined) return {};
  return { repeated: compareRepeat(original, reading, promisedKeys(context, spec)) };
}

/** The run's system samples and the runs before it; empty for evaluations and without a folder. */
async function samplesAndEarlierRuns(
  { earlierRuns }: Runs,
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

/** Draws the final plots of a run that was concluded. */
async function plotRun(
  { parts, lastTails }: Runs,
  { spec, folder, findings }: PlotRun,
  post: Post,
): Promise<void> {
  const { attempt } = spec;
  const tail = lastTails.get(attempt);
  lastTails.delete(attempt);
  let plots: readonly PlotRef[] = [];
  if (folder !== undefined) {
    const dir = runDir(spec.experiment, folder);
    const reading = tail?.reader.reading() ?? (await readRun(dir));
    // An evaluation adds nothing to the samples of the run itself.
    const system = spec.verb === "run" ? await readSystemFile(dir) : [];
    plots = await draw(parts, spec, folder, reading, findings, { system });
  }
  post({ kind: "run-plotted", attempt, plots });
}

/** Keys of the metrics that the journal promises, in its order. */
const promisedKeys = (context: RunContext, { experiment }: AttemptSpec): readonly string[] =>
  context.plan(experimentPath(experiment)).metrics.map(({ key }) => key);

/** Plots of a run from what its logs say now; a picture that fails is logged and left out. */
async function draw(
  { renderer, context }: RunHandlersParts,
  spec: AttemptSpec,
  folder: RunFolder,
  reading: RunReading,
  findings: readonly Finding[],
  more: Pick<PlotsInput, "scriptRuns" | "system" | "unwanted">,
): Promise<readonly PlotRef[]> {
  try {
    const { plots, failures } = await renewPlots({
      runDir: runDir(spec.experiment, folder),
      runTitle: folder,
      reading,
      findings,
      promised: promisedKeys(context, spec),
      renderer,
      ...more,
    });
    for (const failure of failures) context.warn("plot not drawn", { folder, failure });
    return plots;
  } catch (error) {
    context.warn("plots not drawn", { folder, error: String(error) });
    return [];
  }
}
