// Turns an earlier run's run.json into a command that can be queued again, with the same code,
// arguments and packages, and lists what differs. scheduler/ queues the command.
import { hostname } from "node:os";
import { join } from "node:path";
import { SHORT_RUN_MS } from "../../base/limits.ts";
import { listed } from "../../base/markdown.ts";
import type { CodeSeen, SnapshotNote } from "../../domain/code.ts";
import type { CommandSpec } from "../../domain/command.ts";
import { commandId, type CommandId, type RunFolder } from "../../base/ids.ts";
import type { PinnedEnvironment, Repeats } from "../../domain/repeat.ts";
import type { RunRecord } from "../../domain/run.ts";
import { recordTrouble } from "../../judge/record-shape.ts";
import { fileDigest } from "../code/code-hash.ts";
import { scriptTrouble } from "../environment/environment.ts";
import { INTERPRETER_MS } from "../environment/interpreter.ts";
import { privateFile } from "../environment/private-env.ts";
import { gpuFacts } from "../gpu/gpu-facts.ts";
import { restoreCode } from "./restore-code.ts";
import { findRunFolder, runDir } from "../supervise/run-folders.ts";
import { readRunRecord } from "../run-store/run-record.ts";
import { environmentHashes } from "../run-store/run-record-facts.ts";
import { chooseRunner, findRunner, pixiManifest } from "../environment/runner.ts";
import { removeSnapshot, snapshotRoot } from "../code/snapshot-places.ts";
import { askProgram } from "../os/ask-program.ts";
import { orAbsent } from "../os/absent.ts";
import { copyFile, stat } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

export interface RunAsked {
  readonly lab: string;
  readonly experiment: string;
  /** Name of the earlier run's folder. */
  readonly folder: string;
  /** Id of the new command. */
  readonly id: CommandId;
  /** Gives the new run's name from that of the earlier one. */
  readonly nameFor: (name: string) => string;
}

export type RunRestored =
  | {
      readonly kind: "restored";
      readonly spec: CommandSpec;
      /** The earlier run's command as it was written. */
      readonly source: string;
      readonly repeats: Repeats;
      readonly code: CodeSeen & { readonly snapshot: SnapshotNote };
      /** Origin of the code, in words. */
      readonly from: string;
    }
  | { readonly kind: "refused"; readonly why: string };

const refused = (why: string): RunRestored => ({ kind: "refused", why });

/**
 * Restores an earlier run as a command, and its code as that command's snapshot. Refuses if its
 * record or its code cannot be had.
 */
export async function restoreRun(asked: RunAsked): Promise<RunRestored> {
  const { lab, experiment, id } = asked;
  const folder = await findRunFolder(experiment, asked.folder);
  if (folder === undefined) return refused(`runs/${asked.folder} is no run's folder`);
  const dir = runDir(experiment, folder);
  const read = await readRunRecord(dir);
  if (read.kind === "none") return refused(`runs/${folder} has no run.json`);
  if (read.kind === "problem") return refused(read.message);
  const { record } = read;
  const problem = recordTrouble(record) ?? unrepeatable(record);
  if (problem !== undefined) return refused(`Cannot read ${folder}/run.json: ${problem}`);
  const { masked = [] } = record;
  if (masked.length > 0) return refused(maskedText(masked));
  const restored = await restoreCode({ lab, experiment, id, runDir: dir, record });
  if (restored.kind === "refused") return restored;
  const { code, dir: codeDir } = restored;
  const missing = await scriptTrouble(codeDir, record.script);
  if (missing !== undefined) {
    await removeSnapshot(lab, id);
    return refused(missing);
  }
  const packages = await packagesOf(asked, record, codeDir, dir);
  const differs = [...restored.differs, ...packages.differs, ...(await machineDiffers(record))];
  return {
    kind: "restored",
    spec: specOf(record, asked.nameFor(record.name)),
    source: record.said,
    repeats: repeatsOf(record, folder, differs, packages.pinned),
    code: { ...code, snapshot: { kind: "kept", dir: codeDir, left: [], leftCount: 0 } },
    from: restored.from,
  };
}

function repeatsOf(
  { id }: RunRecord,
  folder: RunFolder,
  differs: readonly string[],
  pinned: PinnedEnvironment | undefined,
): Repeats {
  const packages = pinned === undefined ? {} : { pinned };
  return { id: commandId(id), folder, differs, ...packages };
}

/** Why a run whose secrets its record only masks cannot be started again. */
function maskedText(masked: readonly string[]): string {
  const them = masked.length === 1 ? "it" : "them";
  return (
    `run.json has only a mask for ${listed(masked)}, since it looks like a secret: ` +
    `put ${them} into ${privateFile()}, and write the command anew with \`env=[NAME]\``
  );
}

/** Why a valid record cannot be started again; undefined if it can. */
function unrepeatable({
  verb,
  env,
  place,
  memory,
  limitMs,
  runner,
}: RunRecord): string | undefined {
  if (verb !== "run") return `it is of an \`${verb}:\`, and only runs are repeated`;
  const texts = Object.values(env ?? {}).every((value) => typeof value === "string");
  if (env !== undefined && !texts) return '"env" holds something else than texts';
  const counts = [place?.gpus ?? 0, place?.share ?? 1, memory ?? 1];
  if (!counts.every((count) => Number.isInteger(count) && count >= 0)) {
    return '"place" or "memory" cannot be understood';
  }
  if (!(limitMs > 0 && Number.isFinite(limitMs))) return '"limitMs" is no time';
  return runner === "uv" || runner === "pixi" ? undefined : `its runner was ${runner}`;
}

/** The command of the new run. The record's first argument is the old run's name: it is dropped. */
function specOf(record: RunRecord, target: string): CommandSpec {
  const { args, script, runner, limitMs, env, privateEnv, place, gpus, memory } = record;
  const count = place?.gpus ?? gpus.length;
  return {
    verb: "run",
    target,
    args: args.slice(1),
    go: true,
    timeoutMs: limitMs > 0 ? limitMs : SHORT_RUN_MS,
    script,
    runner: runner === "pixi" ? "pixi" : "uv",
    ...defined({ env, privateEnv }),
    ...(count === 1 ? {} : { gpus: count }),
    ...(place?.share === undefined ? {} : { share: place.share }),
    ...defined({ memory }),
  };
}

interface Packages {
  readonly pinned?: PinnedEnvironment;
  readonly differs: readonly string[];
}

/** The packages to run with: locked, pinned to what was resolved then, or as they are now. */
async function packagesOf(
  { lab, experiment, id }: RunAsked,
  { environment = {}, runner, script }: RunRecord,
  codeDir: string,
  dir: string,
): Promise<Packages> {
  const manifest = runner === "pixi" ? await pixiManifest(experiment, lab) : undefined;
  const now = (await environmentHashes(codeDir, script, manifest)) ?? {};
  if (runner === "pixi" || environment.lockHash !== undefined) {
    const lock = runner === "pixi" ? "pixi.lock" : `${script}.lock`;
    const same = now.lockHash === environment.lockHash;
    return { differs: same ? [] : [`${lock} is another than then`] };
  }
  if (environment.metadataHash === undefined) {
    return { differs: ["the script names no packages: it gets those that are there now"] };
  }
  const python = await pythonFor(lab, experiment, environment.python);
  const differs = [...python.differs];
  if (environment.resolved === undefined) {
    const { version } = python;
    return { differs, ...(version === undefined ? {} : { pinned: { python: version } }) };
  }
  const requirements = join(snapshotRoot(lab, id), "requirements.txt");
  const recorded = join(dir, "requirements.txt");
  if ((await orAbsent(stat(recorded)))?.isFile() !== true) {
    return { differs: [...differs, "its requirements.txt is gone: packages are resolved anew"] };
  }
  await copyFile(recorded, requirements);
  const { resolvedHash } = environment;
  const edited = resolvedHash !== undefined && (await fileDigest(requirements)) !== resolvedHash;
  if (edited) differs.push("its requirements.txt was edited since");
  const version = python.version === undefined ? {} : { python: python.version };
  return { differs, pinned: { requirements, ...version } };
}

/** The same Python if uv has it here, else another one of its minor version. */
async function pythonFor(
  lab: string,
  experiment: string,
  version: string | undefined,
): Promise<{ readonly version?: string; readonly differs: readonly string[] }> {
  if (version === undefined) return { differs: [] };
  const chosen = await chooseRunner(experiment, lab, "uv");
  const uv = chosen.kind === "found" ? chosen : await findRunner("uv");
  if (uv.kind === "missing") return { differs: [uv.message] };
  const args = ["python", "find", "--no-project", version];
  const options = { cwd: experiment, timeoutMs: INTERPRETER_MS };
  const found = await askProgram(uv.binary, args, options);
  if (found.kind === "said") return { version, differs: [] };
  const minor = version.split(".").slice(0, 2).join(".");
  return { version: minor, differs: [`Python ${version} is not here: another ${minor} is used`] };
}

const names = (of: readonly { readonly name: string }[]): string =>
  [...new Set(of.map(({ name }) => name))].join(" and ");

/** What differs in the machine, in words: its host, GPUs and GPU driver. */
async function machineDiffers({ host, gpus }: RunRecord): Promise<readonly string[]> {
  const differs = host === hostname() ? [] : [`on ${host} then, on ${hostname()} now`];
  if (gpus.length === 0) return differs;
  const here = await gpuFacts();
  const [was, is] = [names(gpus), names(here)];
  if (!gpus.every(({ name }) => here.some((gpu) => gpu.name === name))) {
    return [...differs, `on ${was} then; this machine has ${is === "" ? "no GPU" : is}`];
  }
  const drivers = new Set(here.map(({ driver }) => driver));
  const [driver = ""] = gpus.map((gpu) => gpu.driver);
  return drivers.has(driver) ? differs : [...differs, `another GPU driver than ${driver}`];
}
