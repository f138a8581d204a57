// Gathers the facts for a run's record and keeps the record up to date: at its start, when its
// packages are known, and at its end. The format and the file are in run-record.ts.
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec, RunRecord, StartFacts } from "../../domain/run.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { argvOf } from "../environment/attempt-line.ts";
import type { GitFacts } from "../git/git-facts.ts";
import { gpuFacts, type GpuFacts } from "../gpu/gpu-facts.ts";
import { buildRunRecord, writeRunRecord, type RecordFacts } from "./run-record.ts";
import { fileDigest, scriptMetadata } from "../code/code-hash.ts";
import { interpreterOf, interpreterText } from "../environment/interpreter.ts";
import { gitOfAttempt } from "../code/recorded-git.ts";
import { keepResolved } from "../environment/resolved-environment.ts";
import { runDir } from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { pixiManifest } from "../environment/runner.ts";
import { defined } from "../../base/defined.ts";
import { readFile, stat } from "../os/lab-files.ts";
import { orTold } from "../os/unread.ts";

/** Gathers the facts of a start and writes run.json; errors are logged, and give undefined. */
export async function startRecord(
  context: RunContext,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts | undefined> {
  try {
    const first = await recordFacts(context, spec, start, folder, startedAtMs);
    await keepRecord(context, first);
    // Packages take longer to find: the record of a running run is useful without them.
    const known = await withPackages(first, folder);
    await keepRecord(context, known);
    return known;
  } catch (error) {
    context.warn("run.json not written", { folder, error: String(error) });
    return undefined;
  }
}

/** Adds the interpreter and its packages. */
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

/** Gathers the facts of a start, without the interpreter and its packages. */
export async function recordFacts(
  context: RunContext,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts> {
  const { experiment, script } = spec;
  const manifest = start.runner === "pixi" ? await pixiManifest(experiment, spec.lab) : undefined;
  const [git, gpus, environment, argv] = await Promise.all([
    gitOf(context, spec, start),
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
    ...defined({ changed: start.changed, queuedCodeHash: start.queuedCodeHash }),
    queuedAtMs: start.queuedAtMs,
    startedAtMs,
    timeZone: context.timeZone(spec.lab),
    nightlab: context.version,
    ...defined({ git, environment, because: start.because }),
  };
}

/** The GPUs of the run's slot; for a run without a slot, all of the machine's. */
async function gpusOf({ place }: AttemptSpec): Promise<readonly GpuFacts[]> {
  if (place?.kind === "cpu") return [];
  const all = await gpuFacts();
  if (place === undefined) return all;
  return place.gpus.map(
    ({ uuid }) => all.find((gpu) => gpu.uuid === uuid) ?? { uuid, name: "", driver: "" },
  );
}

/** The command line; if it can no longer be composed, the script and its arguments. */
async function argvAsRun(spec: AttemptSpec, folder: RunFolder): Promise<readonly string[]> {
  const of = spec.verb === "eval" ? { ...spec, onRun: folder } : spec;
  // Any failure, as of a runner that is gone by now.
  return argvOf(of).catch(() => [spec.script, ...spec.args]);
}

/** Drops a patch that belongs to code other than what the run started with. */
async function gitOf(
  { warn }: RunContext,
  spec: AttemptSpec,
  start: StartFacts,
): Promise<GitFacts | undefined> {
  const kept = await orWarned(warn, "git is not recorded", gitOfAttempt(spec));
  if (kept === undefined || kept.codeHash === start.codeHash) return kept;
  return { commit: kept.commit, dirty: true };
}

/** Writes the record with what is known so far; errors are logged. */
export async function keepRecord(
  context: RunContext,
  facts: RecordFacts,
  end?: Parameters<typeof buildRunRecord>[1],
): Promise<void> {
  const { spec, folder } = facts;
  try {
    const record = buildRunRecord(facts, end);
    const marks = join(attemptDir(spec.lab, spec.attempt), "record-marks");
    const written = await writeRunRecord(spec.experiment, record, facts.git?.patch, marks);
    if (written.kind === "refused") context.warn("run.json not written", { folder, ...written });
    else if (written.aside !== undefined) {
      context.warn("run.json was edited while its run went on; the edited one lies beside it", {
        folder,
        edited: written.aside,
      });
    }
  } catch (error) {
    context.warn("run.json not written", { folder, error: String(error) });
  }
}

/**
 * SHA-256 of what determines a script's environment: its metadata block and its lock file.
 * Undefined where it has neither.
 */
export async function environmentHashes(
  experiment: string,
  script: string,
  pixiManifestPath?: string,
): Promise<RunRecord["environment"]> {
  const path = join(experiment, script);
  const lock =
    pixiManifestPath === undefined ? `${path}.lock` : join(pixiManifestPath, "..", "pixi.lock");
  const lockHash = await digestOf(lock);
  const block = pixiManifestPath === undefined ? scriptMetadata(await readScript(path)) : undefined;
  const metadataHash =
    block === undefined ? undefined : createHash("sha256").update(block).digest("hex");
  if (lockHash === undefined && metadataHash === undefined) return undefined;
  return {
    ...defined({ metadataHash, lockHash }),
  };
}

async function digestOf(path: string): Promise<string | undefined> {
  const facts = await orTold(path, stat(path), "look");
  return facts?.isFile() === true ? fileDigest(path) : undefined;
}

async function readScript(path: string): Promise<string> {
  const facts = await orTold(path, stat(path), "look");
  if (facts?.isFile() !== true || facts.size > RECORD_BYTES) return "";
  return (await orTold(path, readFile(path, "utf8"))) ?? "";
}

/** What `look` resolves to. A record does without what cannot be looked up, which is logged. */
async function orWarned<T>(
  warn: RunContext["warn"],
  what: string,
  look: Promise<T>,
): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    warn(what, { error: String(error) });
    return undefined;
  }
}
