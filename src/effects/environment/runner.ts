// Which program (uv or pixi) runs an experiment's scripts, where it is on this machine, and its
// command line. environment.ts builds environments with it.
import { access, constants, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Runner } from "../../domain/command.ts";
import { askProgram } from "../os/ask-program.ts";
import { orAbsent } from "../os/absent.ts";
import { readScriptFile } from "../os/lab-files.ts";

/** A runner that is installed. */
export interface FoundRunner {
  readonly kind: "found";
  readonly runner: Runner;
  /** Absolute path of its program. */
  readonly binary: string;
}

export type RunnerChoice =
  FoundRunner | { readonly kind: "missing"; readonly runner: Runner; readonly message: string };

/** A command line, or why this runner cannot pass these arguments on. */
export type CommandLine =
  | { readonly kind: "argv"; readonly argv: readonly string[] }
  | { readonly kind: "refused"; readonly message: string };

/** What determines where programs are looked for. */
export interface RunnerContext {
  readonly env: NodeJS.ProcessEnv;
  readonly home: string;
  /** The folder of nightlab's own package.json. */
  readonly checkout: string;
}

const INSTALL_HINTS: Readonly<Record<Runner, string>> = {
  uv: "`curl -LsSf https://astral.sh/uv/install.sh | sh` or `pip install uv`",
  pixi: "`curl -fsSL https://pixi.sh/install.sh | sh`",
};

/** The context of this process. */
function ownContext(): RunnerContext {
  const checkout = fileURLToPath(new URL("../../../", import.meta.url));
  return { env: process.env, home: homedir(), checkout };
}

/**
 * The runner of an experiment: `written`, from its frontmatter, else pixi where its folder or one
 * above it, up to the lab, has a pixi manifest, else uv.
 */
export async function chooseRunner(
  experiment: string,
  lab: string,
  written: Runner | undefined,
  context: RunnerContext = ownContext(),
): Promise<RunnerChoice> {
  const runner = written ?? ((await pixiManifest(experiment, lab)) === undefined ? "uv" : "pixi");
  return findRunner(runner, context);
}

/**
 * Finds a runner's program: by its variable, on PATH, in this checkout, or in its usual folders.
 */
export async function findRunner(
  runner: Runner,
  context: RunnerContext = ownContext(),
): Promise<RunnerChoice> {
  const variable = runner === "uv" ? "NIGHTLAB_UV" : "NIGHTLAB_PIXI";
  const named = context.env[variable];
  if (named !== undefined && named !== "") {
    if (isAbsolute(named) && (await isProgram(named))) {
      return { kind: "found", runner, binary: named };
    }
    const message = `${variable} names ${named}, which is no program that can be started`;
    return { kind: "missing", runner, message };
  }
  const folders = [
    ...(context.env["PATH"] ?? "").split(delimiter).filter((folder) => isAbsolute(folder)),
    join(context.checkout, ".tools", runner, "bin"),
    join(context.home, ".local", "bin"),
    join(context.home, runner === "uv" ? ".cargo" : ".pixi", "bin"),
  ];
  for (const folder of folders) {
    const binary = join(folder, runner);
    if (await isProgram(binary)) return { kind: "found", runner, binary };
  }
  const message =
    `${runner} was not found on this machine; get it with ${INSTALL_HINTS[runner]}, ` +
    `or name its program in ${variable}`;
  return { kind: "missing", runner, message };
}

/**
 * The command line of a script, run in its experiment's folder: `uv run train.py de-risk` or
 * `pixi run python train.py de-risk`, every argument exactly as given.
 */
export async function commandLine(
  found: FoundRunner,
  script: string,
  args: readonly string[],
): Promise<CommandLine> {
  const path = scriptPath(script);
  switch (found.runner) {
    case "uv": {
      // Without --script, uv takes a name without the .py ending for a command.
      const flags = /\.pyw?$/i.test(path) ? [] : ["--script"];
      return { kind: "argv", argv: [found.binary, "run", ...flags, path, ...args] };
    }
    case "pixi": {
      const odd = [path, ...args].find((text) => CHANGED_BY_OLD_PIXI.test(text));
      if (odd !== undefined && !(await passesVerbatim(found.binary))) {
        const message =
          `this pixi would change the argument ${JSON.stringify(odd)} on its way to the script; ` +
          `pixi ${VERBATIM_SINCE.join(".")} and later do not: \`pixi self-update\``;
        return { kind: "refused", message };
      }
      return { kind: "argv", argv: [found.binary, "run", "python", path, ...args] };
    }
  }
}

/**
 * The pixi manifest of a folder: the first one found from it up to the lab. Rejects where one cannot
 * be read: another runner would run the script with other packages.
 */
export async function pixiManifest(folder: string, lab: string): Promise<string | undefined> {
  const inside = relative(lab, folder);
  if (isAbsolute(inside) || inside.startsWith("..")) return manifestIn(folder);
  for (let at = folder; ; at = dirname(at)) {
    const manifest = await manifestIn(at);
    if (manifest !== undefined) return manifest;
    if (relative(lab, at) === "" || at === dirname(at)) return undefined;
  }
}

async function manifestIn(folder: string): Promise<string | undefined> {
  const own = join(folder, "pixi.toml");
  if (await isFile(own)) return own;
  const shared = join(folder, "pyproject.toml");
  const text = await orAbsent(readScriptFile(shared), "");
  return /^[ \t]*\[[ \t]*"?tool"?[ \t]*\.[ \t]*"?pixi"?[ \t]*[.\]]/m.test(text)
    ? shared
    : undefined;
}

/** A script's path, so that no runner takes it for an option, for stdin (`-`) or for a URL. */
function scriptPath(script: string): string {
  return isAbsolute(script) || !/^-|:/.test(script) ? script : `./${script}`;
}

/**
 * pixi joins the command line for its own shell. Up to 0.52 it put plain single quotes around each
 * argument, then up to 0.60 it doubled backslashes; before 0.64 it also expanded templates.
 */
const CHANGED_BY_OLD_PIXI = /['\\\n\r]|\{[{%#]/;
const VERBATIM_SINCE = [0, 64, 0] as const;

async function passesVerbatim(pixi: string): Promise<boolean> {
  const answer = await askProgram(pixi, ["--version"], { timeoutMs: 5_000 });
  if (answer.kind !== "said") return false;
  const parts = /(\d+)\.(\d+)\.(\d+)/.exec(answer.text)?.slice(1).map(Number) ?? [];
  for (const [index, least] of VERBATIM_SINCE.entries()) {
    const part = parts[index] ?? -1;
    if (part !== least) return part > least;
  }
  return true;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return await isFile(path);
  } catch {
    // Any failure: it cannot be started, and the next folder is looked into.
    return false;
  }
}

const isFile = async (path: string): Promise<boolean> =>
  (await orAbsent(stat(path)))?.isFile() === true;
