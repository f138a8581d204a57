// The hands for a run that goes on or has ended: follow it, conclude it, draw its final plots.
// Starting and stopping are in attempt-hands.ts; what the logs mean is in observe/.
import { hostname } from "node:os";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { CONSOLE_BYTES } from "../limits.ts";
import type { ConclusionFacts } from "../model/effect.ts";
import type { Finding } from "../model/finding.ts";
import type { AttemptId, ExperimentPath, RunFolder } from "../model/ids.ts";
import type { Plan } from "../model/journal.ts";
import type { AttemptSpec, PlotRef, RunOutcome, StartFacts } from "../model/run.ts";
import type { RunReading } from "../model/sample.ts";
import { causeOfDeath, type Death } from "../observe/cause.ts";
import { findings } from "../observe/findings.ts";
import { newSince } from "../observe/new-since.ts";
import { createRunReader } from "../observe/run-reader.ts";
import { oomKills, readNotes } from "./attempt-notes.ts";
import { attemptDir } from "./attempts.ts";
import { gitFacts } from "./git-facts.ts";
import { gpuFacts } from "./gpu-facts.ts";
import type { Hands } from "./hands.ts";
import { renewPlots } from "./plots.ts";
import type { Renderer } from "./render.ts";
import { discoverRunFolder, makeRunFolder, moveConsole, runDir } from "./run-folders.ts";
import { followRun, type RunFollower } from "./run-follower.ts";
import {
  buildRunRecord,
  environmentHashes,
  writeRunRecord,
  type RecordFacts,
} from "./run-record.ts";
import { chooseRunner, commandLine, pixiManifest } from "./runner.ts";
import type { Supervisor } from "./supervisor.ts";
import { openTail, readRun } from "./tail.ts";

/** What the hands need to know of the world, as it is when they ask. */
export interface RunSurroundings {
  readonly plan: (experiment: ExperimentPath) => Plan;
  readonly timeZone: (lab: string) => string;
  /** Folders of the experiment's other runs. */
  readonly takenFolders: (spec: AttemptSpec) => ReadonlySet<string>;
  readonly reportTouched: (experiment: ExperimentPath) => void;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
  readonly now: () => number;
  readonly version: string;
}

type RunHands = Pick<Hands, "follow-attempt" | "conclude-run" | "plot-run">;

interface Parts {
  readonly supervisor: Supervisor;
  readonly renderer: Renderer;
  readonly around: RunSurroundings;
}

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
          await draw(parts, spec, found, reading, judge(around, given));
          around.reportTouched(spec.experiment as ExperimentPath);
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
    plan: around.plan(spec.experiment as ExperimentPath),
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
): Promise<readonly PlotRef[]> {
  try {
    const { plots, failures } = await renewPlots({
      runDir: runDir(spec.experiment, folder),
      runTitle: folder,
      reading,
      findings: found,
      promised: around.plan(spec.experiment as ExperimentPath).metrics.map(({ key }) => key),
      renderer,
    });
    for (const failure of failures) around.warn("plot not drawn", { folder, failure });
    return plots;
  } catch (error) {
    around.warn("plots not drawn", { folder, error: String(error) });
    return [];
  }
}

/** The run's folder: known, found now, or made for a script that made none. */
async function folderOf(
  around: RunSurroundings,
  spec: AttemptSpec,
  facts: ConclusionFacts,
  followed: RunFolder | undefined,
): Promise<RunFolder | undefined> {
  const known = facts.folder ?? followed ?? spec.onRun;
  const { experiment, attempt, name } = spec;
  let folder = known;
  if (folder === undefined && spec.verb === "run" && facts.startedAtMs !== undefined) {
    const before = new Set((await readNotes(spec))?.foldersBefore ?? []);
    const taken = around.takenFolders(spec);
    const search = await discoverRunFolder(experiment, attempt, name, before, taken);
    if (search.kind === "found") folder = search.folder;
    else {
      folder = await makeRunFolder(
        experiment,
        name,
        facts.startedAtMs,
        around.timeZone(spec.lab),
      ).catch((error: unknown) => {
        around.warn("no run folder could be made", { attempt, error: String(error) });
        return undefined;
      });
    }
  }
  if (folder !== undefined) {
    await moveConsole(attemptDir(spec.lab, attempt), attempt, experiment, folder);
  }
  return folder;
}

async function readingOf(
  spec: AttemptSpec,
  folder: RunFolder | undefined,
  followed: ReturnType<typeof openTail> | undefined,
): Promise<RunReading> {
  if (folder === undefined) return readConsole(spec);
  const tail = followed ?? openTail(runDir(spec.experiment, folder));
  while (await tail.poll());
  await tail.finish();
  const reading = tail.reader.reading();
  if (spec.verb !== "eval") return reading;
  return newSince(reading, (await readNotes(spec))?.logSizes ?? {});
}

/** The end of the console of an attempt without a run folder. */
async function readConsole(spec: AttemptSpec): Promise<RunReading> {
  const reader = createRunReader();
  try {
    const file = await open(join(attemptDir(spec.lab, spec.attempt), "console.log"));
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.min(size, CONSOLE_BYTES));
      await file.read(bytes, 0, bytes.length, Math.max(0, size - bytes.length));
      reader.feed("console.log", bytes);
    } finally {
      await file.close();
    }
  } catch {
    // It never started, or printed nothing that could be kept.
  }
  reader.finish();
  return reader.reading();
}

async function deathOf(
  spec: AttemptSpec,
  facts: ConclusionFacts,
  reading: RunReading,
): Promise<Death> {
  if (facts.known !== undefined && facts.known.ending !== "lost") return facts.known;
  const before = (await readNotes(spec))?.oomKills;
  const lost = facts.known?.cause.kind === "machine-restarted" ? "machine-restarted" : "lost";
  return causeOfDeath({
    reading,
    limitMs: facts.limitMs,
    verb: spec.verb,
    hostOomKill: before !== undefined && (await oomKills()) > before,
    ...(facts.exit === undefined ? { lost } : { exit: facts.exit }),
    ...(facts.stoppedBy === undefined ? {} : { stopRequested: { by: facts.stoppedBy } }),
  });
}

async function startRecord(
  around: RunSurroundings,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts | undefined> {
  try {
    const facts = await recordFacts(around, spec, start, folder, startedAtMs);
    await keepRecord(around, facts);
    return facts;
  } catch (error) {
    around.warn("run.json not written", { folder, error: String(error) });
    return undefined;
  }
}

async function recordFacts(
  around: RunSurroundings,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts> {
  const { experiment, script } = spec;
  const manifest = start.runner === "pixi" ? await pixiManifest(experiment, spec.lab) : undefined;
  const [git, gpus, environment, argv] = await Promise.all([
    gitFacts(experiment),
    gpuFacts(),
    environmentHashes(experiment, script, manifest),
    argvAsRun(spec, folder),
  ]);
  return {
    spec,
    folder,
    argv,
    runner: start.runner,
    host: hostname(),
    gpus,
    limitMs: spec.limitMs,
    long: start.long,
    said: start.said,
    criteria: start.criteria,
    codeHash: start.codeHash,
    queuedAtMs: start.queuedAtMs,
    startedAtMs,
    timeZone: around.timeZone(spec.lab),
    nightlab: around.version,
    ...(git === undefined ? {} : { git }),
    ...(environment === undefined ? {} : { environment }),
    ...(start.because === undefined ? {} : { because: start.because }),
  };
}

async function argvAsRun(spec: AttemptSpec, folder: RunFolder): Promise<readonly string[]> {
  const runner = await chooseRunner(spec.experiment, spec.lab, spec.runner);
  const args = spec.verb === "eval" ? [`runs/${folder}`, ...spec.args] : spec.args;
  if (runner.kind === "missing") return [spec.script, ...args];
  const line = await commandLine(runner, spec.script, args);
  return line.kind === "argv" ? line.argv : [spec.script, ...args];
}

async function keepRecord(
  around: RunSurroundings,
  facts: RecordFacts,
  end?: Parameters<typeof buildRunRecord>[1],
): Promise<void> {
  const { spec, folder } = facts;
  try {
    const record = buildRunRecord(facts, end);
    const written = await writeRunRecord(spec.experiment, record, facts.git?.patch);
    if (written.kind === "refused") around.warn("run.json not written", { folder, ...written });
  } catch (error) {
    around.warn("run.json not written", { folder, error: String(error) });
  }
}
