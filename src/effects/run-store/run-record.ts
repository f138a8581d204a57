// run.json: everything needed to understand and repeat a run, readable without nightlab. This file
// builds, writes and reads it; run-record-facts.ts gathers what goes into it.
import { basename, join } from "node:path";
import { RECORD_BYTES } from "../../base/limits.ts";
import type { After } from "../../domain/command.ts";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec, Cause, Ending, RunRecord } from "../../domain/run.ts";
import { seedOf } from "../../base/seed-name.ts";
import { isoStamp } from "../../base/time.ts";
import type { GitFacts } from "../git/git-facts.ts";
import type { GpuFacts } from "../gpu/gpu-facts.ts";
import { isAbsent } from "../os/absent.ts";
import { backUpEditedFile } from "../os/back-up-edited-file.ts";
import { findRunFolder, runDir } from "../supervise/run-folders.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { maskRecord } from "./mask-record.ts";
import { open, stat } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

/** What is known once a run has started. Times in ms since 1970 (UTC). */
export interface RecordFacts {
  readonly spec: AttemptSpec;
  readonly folder: RunFolder;
  readonly argv: readonly string[];
  readonly runner: string;
  readonly interpreter?: string;
  readonly environment?: NonNullable<RunRecord["environment"]>;
  readonly codeHash?: string;
  readonly changed?: readonly string[];
  readonly queuedCodeHash?: string;
  readonly git?: GitFacts;
  readonly host: string;
  readonly gpus: readonly GpuFacts[];
  readonly limitMs: number;
  readonly long: boolean;
  readonly because?: string;
  readonly said: string;
  readonly criteria: RunRecord["criteria"];
  readonly after?: readonly After[];
  readonly queuedAtMs: number;
  readonly startedAtMs: number;
  readonly timeZone: string;
  /** Version of nightlab. */
  readonly nightlab: string;
}

/** What is known once it has ended. */
export interface RecordEnd {
  readonly endedAtMs: number;
  readonly exitCode?: number;
  readonly ending: Ending;
  readonly cause: Cause;
}

export type RecordRead =
  | { readonly kind: "record"; readonly record: RunRecord }
  | { readonly kind: "none" }
  | { readonly kind: "problem"; readonly message: string };

/** The record of a run, with its end once that is known. Secrets are masked in it. */
export function buildRunRecord(facts: RecordFacts, end?: RecordEnd): RunRecord {
  return maskRecord(wholeRecord(facts, end));
}

function wholeRecord(facts: RecordFacts, end: RecordEnd | undefined): RunRecord {
  const { spec, git } = facts;
  const stamp = (ms: number): string => isoStamp(ms, facts.timeZone);
  const seed = seedOf(spec.args);
  return {
    version: 1,
    id: spec.command,
    attempt: spec.attempt,
    verb: spec.verb,
    name: spec.name,
    folder: facts.folder,
    experiment: basename(spec.experiment),
    argv: facts.argv,
    script: spec.script,
    args: spec.args,
    ...given("sweep", spec.sweep),
    ...defined({ seed }),
    cwd: spec.experiment,
    runner: facts.runner,
    ...given("interpreter", facts.interpreter),
    ...given("environment", facts.environment),
    ...given("codeHash", facts.codeHash),
    ...given("changedSinceQueued", facts.changed),
    ...given("queuedCodeHash", facts.queuedCodeHash),
    ...(spec.codeDir === undefined ? {} : { snapshot: true }),
    ...given("repeats", spec.repeats),
    ...given("env", Object.keys(spec.env).length === 0 ? undefined : spec.env),
    ...given("privateEnv", spec.privateEnv),
    ...given("memory", spec.memory),
    ...recordedSlot(spec),
    ...given("git", git === undefined ? undefined : recordedGit(git, patchName(spec))),
    host: facts.host,
    gpus: facts.gpus,
    limitMs: facts.limitMs,
    long: facts.long,
    ...given("because", facts.because),
    said: facts.said,
    criteria: facts.criteria,
    ...given("after", facts.after),
    queuedAt: stamp(facts.queuedAtMs),
    startedAt: stamp(facts.startedAtMs),
    ...(end === undefined ? {} : endFields(facts, end)),
    nightlab: facts.nightlab,
  };
}

/**
 * Writes a record, and the patch of its git facts beside it, into its run's folder: `run.json`,
 * for an evaluation `eval-<id>.json`, for a later attempt at one `eval-<attempt>.json`. Refuses to
 * replace the record of another run or attempt, or to write where there is no run folder. Rejects
 * with file system errors. `marks` is a file of hashes of what was written before: a record that
 * somebody has edited since is renamed, so that it stays beside the new one.
 */
export async function writeRunRecord(
  experiment: string,
  record: RunRecord,
  patch?: Uint8Array | string,
  marks?: string,
): Promise<RecordWritten> {
  const folder = await findRunFolder(experiment, record.folder);
  if (folder === undefined) return { kind: "refused", why: `runs/${record.folder} is no folder` };
  const dir = runDir(experiment, folder);
  const file = recordFile(record);
  const before = await readRunRecord(dir, file);
  if (before.kind === "record" && before.record.attempt !== record.attempt) {
    const { id, attempt } = before.record;
    const owner = id === record.id ? `try ${attempt}` : `run ${id}`;
    const why = `runs/${folder}/${file} is the record of ${owner}`;
    return { kind: "refused", why };
  }
  if (patch !== undefined) await atomicWrite(join(dir, patchName(record)), patch);
  const text = `${JSON.stringify(record, undefined, 2)}\n`;
  const aside =
    marks === undefined ? undefined : await backUpEditedFile(join(dir, file), marks, text);
  await atomicWrite(join(dir, file), text);
  return { kind: "written", ...(aside === undefined ? {} : { aside: basename(aside) }) };
}

export type RecordWritten =
  /** `aside`: the new name of a version that somebody had edited. */
  | { readonly kind: "written"; readonly aside?: string }
  | { readonly kind: "refused"; readonly why: string };

/** Name of a record's file in its run's folder. */
function recordFile({ verb, id, attempt }: Pick<RunRecord, "verb" | "id" | "attempt">): string {
  if (verb !== "eval") return "run.json";
  return attempt === `${id}-1` ? `eval-${id}.json` : `eval-${attempt}.json`;
}

/**
 * Reads a record. One that was edited, is incomplete or was written by something else gives a
 * problem in plain words. Only the fields that `whatIsWrong` checks are validated. Secrets are
 * masked.
 */
export async function readRunRecord(dir: string, file = "run.json"): Promise<RecordRead> {
  const path = join(dir, file);
  const problem = (what: string): RecordRead => ({
    kind: "problem",
    message: `Cannot read ${join(basename(dir), file)}: ${what}`,
  });
  try {
    const facts = await stat(path);
    if (!facts.isFile()) return problem("it is no file");
    if (facts.size > RECORD_BYTES) return problem(`it is larger than ${RECORD_BYTES} bytes`);
  } catch (error) {
    return isAbsent(error) ? { kind: "none" } : problem(String(error));
  }
  try {
    const handle = await open(path, "r");
    try {
      const value: unknown = JSON.parse((await handle.readFile("utf8")).replace(/^\uFEFF/, ""));
      const wrong = whatIsWrong(value);
      if (wrong !== undefined) return problem(wrong);
      // Earlier releases wrote them without masks.
      return { kind: "record", record: maskRecord(value as RunRecord) };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return problem(error instanceof Error ? error.message : String(error));
  }
}

function endFields(facts: RecordFacts, end: RecordEnd): Partial<RunRecord> {
  const seconds = Math.max(0, end.endedAtMs - facts.startedAtMs) / 1000;
  return {
    endedAt: isoStamp(end.endedAtMs, facts.timeZone),
    seconds,
    ...given("exitCode", end.exitCode),
    ending: end.ending,
    cause: end.cause,
  };
}

function recordedGit(git: GitFacts, patch: string): NonNullable<RunRecord["git"]> {
  const { commit, dirty, left, secret } = git;
  return {
    commit,
    dirty,
    ...given("patch", git.patch === undefined ? undefined : patch),
    ...given("left", left),
    ...given("secret", secret),
  };
}

function recordedSlot({ place }: AttemptSpec): Pick<RunRecord, "place"> {
  if (place === undefined) return {};
  if (place.kind === "cpu") return { place: { gpus: 0 } };
  const { gpus, share } = place;
  return { place: { gpus: gpus.length, ...(share > 1 ? { share } : {}) } };
}

function patchName(of: { readonly verb: string; readonly attempt: string }): string {
  return of.verb === "eval" ? `eval-${of.attempt}.patch` : "run.patch";
}

/** `{ key: value }`, or `{}` where the value is undefined. */
function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V });
}

function whatIsWrong(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return "it holds no record";
  const fields = value as Record<string, unknown>;
  const { version } = fields;
  if (typeof version === "number" && version > 1) {
    return `it was written by a newer nightlab (version ${version} of run.json); use that one`;
  }
  if (version !== 1) return `its version is ${JSON.stringify(version)}, not 1`;
  for (const key of ["id", "attempt", "verb", "name", "folder", "script", "said", "startedAt"]) {
    if (typeof fields[key] !== "string") return `"${key}" is missing`;
  }
  for (const key of ["args", "argv", "gpus"]) {
    if (!Array.isArray(fields[key])) return `"${key}" is no list`;
  }
  if (typeof fields["criteria"] !== "object" || fields["criteria"] === null) {
    return `"criteria" is missing`;
  }
  return undefined;
}
