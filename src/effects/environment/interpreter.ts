// Which Python a run uses: its path and version, from its processes, or from the runner if the run
// is over. Starts nothing that takes more than a moment.
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { AttemptSpec } from "../../domain/run.ts";
import { scriptFile } from "./attempt-line.ts";
import { attemptDir, readProcesses, type AttemptProcesses } from "../supervise/attempts.ts";
import { pythonOf } from "./environment.ts";
import { stampOf } from "../code/code-hash.ts";
import { venvOf } from "./prepared-environments.ts";
import { chooseRunner, pixiManifest } from "./runner.ts";
import { askProgram, textOf } from "../os/ask-program.ts";
import { readScriptFile } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

/** uv finds a script's Python in 15 ms; a record must not wait much longer. */
export const INTERPRETER_MS = 5_000;

export interface Interpreter {
  /** As it was started: in an environment it is a link. */
  readonly path: string;
  /** `3.12.4`, where it is known. */
  readonly version?: string;
  /** `CPython`, where it is known. */
  readonly implementation?: string;
}

/** The interpreter of an attempt that is running or has run; undefined where it is not known. */
export async function interpreterOf(spec: AttemptSpec): Promise<Interpreter | undefined> {
  const path =
    (await runningPython(spec)) ??
    (spec.pinned === undefined ? await runnersPython(spec) : pythonOf(venvOf(spec)));
  return path === undefined ? undefined : { path, ...(await versionOf(path)) };
}

/** `CPython 3.12.4 (/path/of/python)`. */
export function interpreterText({ path, version, implementation }: Interpreter): string {
  return version === undefined ? path : `${implementation ?? "Python"} ${version} (${path})`;
}

/** The first Python among the attempt's process and its descendants: uv and pixi start it. */
async function runningPython(spec: AttemptSpec): Promise<string | undefined> {
  // Any failure: the interpreter is asked of its runner.
  const { child } = await readProcesses(attemptDir(spec.lab, spec.attempt), spec.token).catch(
    (): Partial<AttemptProcesses> => ({}),
  );
  if (child === undefined) return undefined;
  let level = [child.pid];
  for (let depth = 0; depth < 4 && level.length > 0; depth += 1) {
    for (const pid of level) {
      const line = await readText(`/proc/${pid}/cmdline`);
      const environ = await readText(`/proc/${pid}/environ`);
      if (!environ.split("\0").includes(`NIGHTLAB_RUN_ID=${spec.attempt}`)) continue;
      const [program = ""] = line.split("\0");
      if (program.startsWith("/") && /^python[\d.]*$/.test(basename(program))) return program;
    }
    const below = await Promise.all(
      level.map((pid) => readText(`/proc/${pid}/task/${pid}/children`)),
    );
    level = below.flatMap((text) => text.split(" ").filter(Boolean).map(Number));
  }
  return undefined;
}

/** uv's answers, by program, script and the stamp of the script. */
const cached = new Map<string, string>();

async function runnersPython(spec: AttemptSpec): Promise<string | undefined> {
  const { experiment, lab } = spec;
  const runner = await chooseRunner(experiment, lab, spec.runner);
  if (runner.kind === "missing") return undefined;
  if (runner.runner === "pixi") {
    const manifest = await pixiManifest(experiment, lab);
    if (manifest === undefined) return undefined;
    return existing(join(dirname(manifest), ".pixi", "envs", "default", "bin", "python"));
  }
  const script = join(spec.codeDir ?? experiment, spec.script);
  // Any failure: it is asked of the runner again.
  const stamp = await stat(script, { bigint: true }).then(stampOf, () => undefined);
  const key = `${runner.binary}\n${script}\n${stamp}`;
  const known = stamp === undefined ? undefined : await existing(cached.get(key));
  if (known !== undefined) return known;
  const path = await scriptPython(runner.binary, scriptFile(spec), experiment);
  if (path !== undefined) {
    if (cached.size > 1_000) cached.clear();
    cached.set(key, path);
  }
  return path;
}

/** The Python that uv would run a script with; undefined where uv gives none. Never rejects. */
export async function scriptPython(
  uv: string,
  script: string,
  cwd: string,
): Promise<string | undefined> {
  const args = ["python", "find", "--script", script];
  const path = textOf(await askProgram(uv, args, { cwd, timeoutMs: INTERPRETER_MS }));
  return path === "" ? undefined : path;
}

async function existing(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return stat(path).then(
    () => path,
    // Any failure: it is not recorded.
    () => undefined,
  );
}

/** From the environment's own metadata, else from the path of the interpreter. */
async function versionOf(path: string): Promise<Omit<Interpreter, "path">> {
  const root = dirname(dirname(path));
  const settings = await readText(join(root, "pyvenv.cfg"));
  const field = (name: RegExp): string | undefined =>
    new RegExp(`^(?:${name.source})\\s*=\\s*(\\S+)`, "m").exec(settings)?.[1];
  const version = field(/version_info|version/) ?? (await condaVersion(root));
  // Any failure: a version that is not recorded; here and below.
  const found = version ?? /(\d+\.\d+\.\d+)/.exec(await realpath(path).catch(() => ""))?.[1];
  const implementation = field(/implementation/);
  return {
    ...(found === undefined ? {} : { version: /^\d+\.\d+\.\d+/.exec(found)?.[0] ?? found }),
    ...defined({ implementation }),
  };
}

async function condaVersion(root: string): Promise<string | undefined> {
  // Any failure.
  const names = await readdir(join(root, "conda-meta")).catch(() => []);
  return names.flatMap((name) => /^python-(\d+\.\d+\.\d+)-/.exec(name)?.[1] ?? [])[0];
}

// Any failure: nothing is recorded of it.
const readText = (path: string): Promise<string> => readScriptFile(path).catch(() => "");
