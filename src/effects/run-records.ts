// The record of a run, run.json, as it comes to be: facts gathered at the start, the end added.
// What stands in a record and how it is written is run-record.ts's.
import { hostname } from "node:os";
import type { RunFolder } from "../model/ids.ts";
import type { AttemptSpec, StartFacts } from "../model/run.ts";
import { gitFacts } from "./git-facts.ts";
import { gpuFacts, type GpuFacts } from "./gpu-facts.ts";
import {
  buildRunRecord,
  environmentHashes,
  writeRunRecord,
  type RecordFacts,
} from "./run-record.ts";
import { keepResolved } from "./resolved-environment.ts";
import { runDir } from "./run-folders.ts";
import type { RunSurroundings } from "./run-surroundings.ts";
import { chooseRunner, commandLine, pixiManifest } from "./runner.ts";

/** Gathers the facts of a start and writes them; what the disk refuses is told. */
export async function startRecord(
  around: RunSurroundings,
  spec: AttemptSpec,
  start: StartFacts,
  folder: RunFolder,
  startedAtMs: number,
): Promise<RecordFacts | undefined> {
  try {
    const facts = await recordFacts(around, spec, start, folder, startedAtMs);
    await keepRecord(around, facts);
    if (spec.verb !== "run") return facts;
    const resolved = await keepResolved(spec, runDir(spec.experiment, folder));
    if (resolved === undefined) return facts;
    const known = { ...facts, environment: { ...facts.environment, resolved } };
    await keepRecord(around, known);
    return known;
  } catch (error) {
    around.warn("run.json not written", { folder, error: String(error) });
    return undefined;
  }
}

/** The facts of a start, for a run whose record was not begun by this daemon. */
export async function recordFacts(
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
    gpusOf(spec),
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

/** Those that it was given; of a run without a place, all of the machine's. */
async function gpusOf({ place }: AttemptSpec): Promise<readonly GpuFacts[]> {
  if (place?.kind === "cpu") return [];
  const there = await gpuFacts();
  if (place === undefined) return there;
  return place.gpus.map(
    ({ uuid }) => there.find((gpu) => gpu.uuid === uuid) ?? { uuid, name: "", driver: "" },
  );
}

async function argvAsRun(spec: AttemptSpec, folder: RunFolder): Promise<readonly string[]> {
  const runner = await chooseRunner(spec.experiment, spec.lab, spec.runner);
  const args = spec.verb === "eval" ? [`runs/${folder}`, ...spec.args] : spec.args;
  if (runner.kind === "missing") return [spec.script, ...args];
  const line = await commandLine(runner, spec.script, args);
  return line.kind === "argv" ? line.argv : [spec.script, ...args];
}

/** Writes the record as it stands now; what the disk refuses is told. */
export async function keepRecord(
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
