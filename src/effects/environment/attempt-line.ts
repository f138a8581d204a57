// What an attempt is started with: checks that everything exists, and composes the command line.
// effects/daemon/attempt-handlers.ts starts it.
import { join } from "node:path";
import type { StartExamination } from "../../domain/event.ts";
import { RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { codeSeen } from "../code/code-hash.ts";
import { scriptTrouble, pythonOf } from "./environment.ts";
import { privateValues } from "./private-env.ts";
import { venvOf } from "./prepared-environments.ts";
import { findRunFolder, listRunFolders } from "../supervise/run-folders.ts";
import { chooseRunner, commandLine } from "./runner.ts";

/**
 * Checks that script, evaluated run, runner and private variables exist, and hashes the code. `env`
 * says where the file of the private ones is.
 */
export async function examineAttempt(
  spec: AttemptSpec,
  env: NodeJS.ProcessEnv = process.env,
): Promise<StartExamination> {
  const { experiment, script, codeDir } = spec;
  if (spec.verb === "eval" && (await evaluatedRun(spec)) === undefined) {
    return { kind: "target-missing", message: `no run is called \`${spec.name}\`` };
  }
  const missing = await scriptTrouble(codeDir ?? experiment, script);
  if (missing !== undefined) return { kind: "script-missing", message: missing, script };
  const runner = await chooseRunner(experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") return { kind: "no-runner", message: runner.message };
  const own = await privateValues(spec.privateEnv ?? [], env);
  if (own.kind === "missing") return { kind: "variable-missing", message: own.message };
  const code = await codeSeen(experiment);
  const runs = codeDir === undefined ? code : await codeSeen(codeDir);
  return { kind: "ready", codeHash: runs.hash, code, runner: runner.runner };
}

/** The program and its arguments. Rejects where the attempt cannot be started, saying why. */
export async function argvOf(spec: AttemptSpec): Promise<readonly string[]> {
  const args = await argumentsOf(spec);
  const script = scriptFile(spec);
  if (spec.pinned !== undefined) return [pythonOf(venvOf(spec)), script, ...args];
  const runner = await chooseRunner(spec.experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") throw new Error(runner.message);
  const line = await commandLine(runner, script, args);
  if (line.kind === "refused") throw new Error(line.message);
  return line.argv;
}

/**
 * Path of the script: relative to the experiment, where it is started; absolute for copied code.
 */
export const scriptFile = ({ script, codeDir }: AttemptSpec): string =>
  codeDir === undefined ? script : join(codeDir, script);

async function argumentsOf(spec: AttemptSpec): Promise<readonly string[]> {
  if (spec.verb !== "eval") return spec.args;
  const onRun = await evaluatedRun(spec);
  return [`runs/${onRun ?? spec.name}`, ...spec.args];
}

/** The evaluated run: as resolved earlier, else the newest with this folder name or run name. */
async function evaluatedRun(spec: AttemptSpec): Promise<RunFolder | undefined> {
  if (spec.onRun !== undefined) return findRunFolder(spec.experiment, spec.onRun);
  const folders = await listRunFolders(spec.experiment);
  return folders.findLast(
    (folder) => folder === spec.name || RUN_FOLDER.exec(folder)?.[2] === spec.name,
  );
}
