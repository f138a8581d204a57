// The record of a run, run.json, as it comes to be: facts gathered at the start, the end added.
// What stands in a record and how it is written is run-record.ts's.
import { hostname } from "node:os";
import { join } from "node:path";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec, StartFacts } from "../../domain/run.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { argvOf } from "../environment/attempt-line.ts";
import type { GitFacts } from "../git/git-facts.ts";
import { gpuFacts, type GpuFacts } from "../gpu/gpu-facts.ts";
import {
  buildRunRecord,
  environmentHashes,
  writeRunRecord,
  type RecordFacts,
} from "./run-record.ts";
import { interpreterOf, interpreterText } from "../environment/interpreter.ts";
import { gitOfAttempt } from "../code/recorded-git.ts";
import { keepResolved } from "../environment/resolved-environment.ts";
import { runDir } from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { pixiManifest } from "../environment/runner.ts";

/** Gathers the facts of a start and writes them; what the disk refuses is told. */
export async function startRecord(
  around: RunContext,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts | undefined> {
  try {
    const first = await recordFacts(around, spec, start, folder, startedAtMs);
    await keepRecord(around, first);
    // Only now: who reads the record of a run that goes on wants most of it at once.
    const known = await withPackages(first, folder);
    await keepRecord(around, known);
    return known;
  } catch (error) {
    around.warn("run.json not written", { folder, error: String(error) });
    return undefined;
  }
}

/** With the interpreter that runs and the packages that it has. */
async function withPackages(facts: RecordFacts, folder: RunFolder): Promise<RecordFacts> {
  const { spec } = facts;
  const interpreter = await interpreterOf(spec);
  const resolved =
    spec.verb === "run"
      ? await keepResolved(spec, runDir(spec.experiment, folder), interpreter)
      : undefined;
  const found = {
    ...facts.environment,
    ...(interpreter?.version === undefined ? {} : { python: interpreter.version }),
    ...(resolved === undefined ? {} : { resolved: resolved.file, resolvedHash: resolved.hash }),
  };
  return {
    ...facts,
    ...(interpreter === undefined ? {} : { interpreter: interpreterText(interpreter) }),
    ...(Object.keys(found).length === 0 ? {} : { environment: found }),
  };
}

/** The facts of a start, for a run whose record was not begun by this daemon. */
export async function recordFacts(
  around: RunContext,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts> {
  const { experiment, script } = spec;
  const manifest = start.runner === "pixi" ? await pixiManifest(experiment, spec.lab) : undefined;
  const [git, gpus, environment, argv] = await Promise.all([
    gitOf(spec, start),
    gpusOf(spec),
    environmentHashes(spec.codeDir ?? experiment, script, manifest),
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
    ...(start.changed === undefined ? {} : { changed: start.changed }),
    ...(start.queuedCodeHash === undefined ? {} : { queuedCodeHash: start.queuedCodeHash }),
    queuedAtMs: start.queuedAtMs,
    startedAtMs,
    timeZone: around.timeZone(spec.lab),
    nightlab: around.version,
    ...(git === undefined ? {} : { git }),
    ...(environment === undefined ? {} : { environment }),
    ...(start.because === undefined ? {} : { because: start.because }),
  };
}

/** Those that it was given; of a run without a place, all of the machine's. */
async function gpusOf({ place }: AttemptSpec): Promise<readonly GpuFacts[]> {
  if (place?.kind === "cpu") return [];
  const there = await gpuFacts();
  if (place === undefined) return there;
  return place.gpus.map(
    ({ uuid }) => there.find((gpu) => gpu.uuid === uuid) ?? { uuid, name: "", driver: "" },
  );
}

/** The command line as it was; where that cannot be put together any more, script and arguments. */
async function argvAsRun(spec: AttemptSpec, folder: RunFolder): Promise<readonly string[]> {
  const of = spec.verb === "eval" ? { ...spec, onRun: folder } : spec;
  return argvOf(of).catch(() => [spec.script, ...spec.args]);
}

/** A difference that is not the code's as it started says nothing of this run. */
async function gitOf(spec: AttemptSpec, start: StartFacts): Promise<GitFacts | undefined> {
  const kept = await gitOfAttempt(spec);
  if (kept === undefined || kept.codeHash === start.codeHash) return kept;
  return { commit: kept.commit, dirty: true };
}

/** Writes the record as it stands now; what the disk refuses is told. */
export async function keepRecord(
  around: RunContext,
  facts: RecordFacts,
  end?: Parameters<typeof buildRunRecord>[1],
): Promise<void> {
  const { spec, folder } = facts;
  try {
    const record = buildRunRecord(facts, end);
    const marks = join(attemptDir(spec.lab, spec.attempt), "record-marks");
    const written = await writeRunRecord(spec.experiment, record, facts.git?.patch, marks);
    if (written.kind === "refused") around.warn("run.json not written", { folder, ...written });
    else if (written.aside !== undefined) {
      around.warn("run.json was edited while its run went on; the edited one lies beside it", {
        folder,
        edited: written.aside,
      });
    }
  } catch (error) {
    around.warn("run.json not written", { folder, error: String(error) });
  }
}
