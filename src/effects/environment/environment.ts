// Builds a script's environment before its run starts, so that a mistake in it is reported at once
// and a free GPU does not wait for a download. runner.ts chooses the runner.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { REASON_CHARS } from "../../base/limits.ts";
import { listed } from "../../base/markdown.ts";
import { nearest } from "../../base/nearest.ts";
import type { PinnedEnvironment } from "../../domain/repeat.ts";
import { scriptMetadata } from "../code/code-hash.ts";
import { GRACE_MS } from "../os/process-identity.ts";
import { orAbsent } from "../os/absent.ts";
import type { FoundRunner } from "./runner.ts";
import { open, readScriptFile } from "../os/lab-files.ts";

/** A build may download gigabytes, but fails if it prints nothing for this long. */
const IDLE_MS = 30 * 60_000;
/** How much of the end of a runner's output is searched for the reason of a failure. */
export const PREPARE_TAIL_BYTES = 64 * 2 ** 10;

export type Prepared =
  | { readonly kind: "ok" }
  /** The runner failed; `message` is its own reason, shortened. */
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "script-missing"; readonly message: string }
  | { readonly kind: "aborted" };

export interface Preparation {
  readonly found: FoundRunner;
  readonly experiment: string;
  /** Folder of the script, if it is run from a copy of the experiment's code. */
  readonly codeDir?: string;
  /** Relative to the experiment, or to `codeDir`. */
  readonly script: string;
  /** Packages to install instead of what the script asks for, and the folder to install into. */
  readonly pinned?: PinnedEnvironment & { readonly venv: string };
  /** File that gets everything the runner prints. */
  readonly log: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** Longest time without output, in ms. */
  readonly idleMs?: number;
}

/**
 * Resolves, downloads and installs what a script needs, without changing any file of the
 * experiment. A script without dependencies of its own needs nothing. Rejects only where the log
 * cannot be opened; everything else that goes wrong is in the answer.
 */
export async function prepareEnvironment(what: Preparation): Promise<Prepared> {
  if (what.signal?.aborted === true) return { kind: "aborted" };
  const missing = await scriptTrouble(what.codeDir ?? what.experiment, what.script);
  if (missing !== undefined) return { kind: "script-missing", message: missing };
  for (const args of await prepareArgs(what)) {
    const prepared = await runStep(what, args);
    if (prepared.kind !== "ok") return prepared;
  }
  return { kind: "ok" };
}

async function runStep(what: Preparation, args: readonly string[]): Promise<Prepared> {
  const log = await open(what.log, "a");
  try {
    const child = spawn(what.found.binary, args, {
      cwd: what.experiment,
      detached: true,
      env: what.env,
      stdio: ["ignore", log.fd, log.fd],
    });
    const end = await waitFor(child, what);
    if (end === "aborted") return { kind: "aborted" };
    if (end === 0) return { kind: "ok" };
    if (end === "idle") {
      const minutes = Math.round((what.idleMs ?? IDLE_MS) / 60_000);
      return {
        kind: "failed",
        message: `${what.found.runner} made no progress for ${minutes} min`,
      };
    }
    if (typeof end === "string") return { kind: "failed", message: end };
    const reason = runnerReason(await tailOf(what.log));
    const left = `${what.found.runner} left with ${end}`;
    return { kind: "failed", message: reason === "" ? left : reason };
  } finally {
    await log.close();
  }
}

/**
 * Why a script cannot be run, or undefined where it exists. A path that leads out of the
 * experiment's folder is refused. Rejects where that cannot be looked at.
 */
export async function scriptTrouble(
  experiment: string,
  script: string,
): Promise<string | undefined> {
  if (isAbsolute(script) || script.split("/").includes("..")) {
    return `${script} is not inside the experiment's folder`;
  }
  const facts = await orAbsent(stat(join(experiment, script)));
  if (facts?.isFile() === true) return undefined;
  if (facts !== undefined) return `${script} is a folder, not a script`;
  const scripts = (await orAbsent(readdir(experiment), [])).filter((name) => name.endsWith(".py"));
  if (scripts.length === 0) return `${script} is not there, and no other Python script either`;
  const near = nearest(script, scripts);
  return near === undefined
    ? `${script} is not there; the folder has ${listed(scripts.toSorted().slice(0, 5))}`
    : `${script} is not there; did you mean ${near}?`;
}

/** What went wrong according to a runner's output, on one line: the error and its causes. */
export function runnerReason(output: string): string {
  const lines = stripVTControlCharacters(output).split(/\r\n|\n|\r/);
  const first = lines.findLastIndex((line) => /^\s*(?:error\b|Error:|×)/i.test(line));
  const report = lines.slice(first < 0 ? -6 : first);
  const words = report
    .map((line) => line.replace(/[│├└╰─▶×╭╮╯•]/g, " ").trim())
    .filter((line) => line !== "" && !/^[|^\s]+$/.test(line));
  const text = words.join(" ").replace(/\s+/g, " ").trim();
  const network =
    /dns error|error sending request|failed to (?:fetch|download)|network is unreachable/i;
  const address = /https?:\/\/[^\s`)]+/.exec(text)?.[0];
  if (network.test(text)) {
    const last = words.at(-1)?.replace(/^cause:\s*/i, "") ?? "";
    const where = address === undefined ? "" : ` ${address.slice(0, 200)}`;
    return cut(`No answer from the network: cannot reach${where} (${last})`);
  }
  return cut(text.replace(/^error:\s*/i, "").replace(/ (?:cause|Caused by): /gi, ": "));
}

/** Arguments of each call of the runner that is needed, in order. */
async function prepareArgs(what: Preparation): Promise<readonly (readonly string[])[]> {
  const path = join(what.codeDir ?? what.experiment, what.script);
  const { pinned } = what;
  switch (what.found.runner) {
    case "pixi":
      return [["install"]];
    case "uv": {
      if (pinned !== undefined) return pinnedArgs(pinned);
      // Any failure: uv is started with the script all the same, and says what it is.
      const text = await readScriptFile(path).catch(() => "");
      if (scriptMetadata(text) === undefined) return [];
      // An outdated lock is for the person to fix; `uv run` will report it.
      const locked = (await orAbsent(stat(`${path}.lock`))) !== undefined;
      return [["sync", ...(locked ? ["--frozen"] : []), "--script", path]];
    }
  }
}

/** A virtual environment with exactly these packages, and the Python that they were used with. */
function pinnedArgs({
  venv,
  requirements,
  python,
}: NonNullable<Preparation["pinned"]>): readonly (readonly string[])[] {
  const version = python === undefined ? [] : ["--python", python];
  const made = ["venv", "--no-project", "--allow-existing", ...version, venv];
  if (requirements === undefined) return [made];
  return [made, ["pip", "sync", "--python", pythonOf(venv), requirements]];
}

/** Path of the interpreter in a virtual environment. */
export const pythonOf = (venv: string): string => join(venv, "bin", "python");

/** The exit code; otherwise `aborted`, `idle`, or in words why there is none. */
async function waitFor(child: ChildProcess, what: Preparation): Promise<number | string> {
  const idleMs = what.idleMs ?? IDLE_MS;
  let ended: "aborted" | "idle" | undefined;
  let killer: NodeJS.Timeout | undefined;
  const end = (why: "aborted" | "idle"): void => {
    if (ended !== undefined) return;
    ended = why;
    signal(child, "SIGTERM");
    killer = setTimeout(() => signal(child, "SIGKILL"), GRACE_MS);
  };
  let lastSize = -1;
  let grewAtMs = Date.now();
  const watchdog = setInterval(
    () => {
      void stat(what.log).then(
        ({ size }) => {
          if (size !== lastSize) grewAtMs = Date.now();
          lastSize = size;
          if (Date.now() - grewAtMs > idleMs) end("idle");
          return undefined;
        },
        // Any failure: it counts as not grown.
        () => undefined,
      );
    },
    Math.min(1_000, idleMs / 4),
  );
  const abort = (): void => end("aborted");
  what.signal?.addEventListener("abort", abort, { once: true });
  try {
    return await new Promise<number | string>((resolve) => {
      child.once("error", (error) => {
        resolve(`Cannot start ${what.found.binary}: ${error.message}`);
      });
      child.once("exit", (code, killedBy) => {
        resolve(ended ?? code ?? `${what.found.runner} was ended by ${killedBy ?? "a signal"}`);
      });
    });
  } finally {
    clearInterval(watchdog);
    clearTimeout(killer);
    what.signal?.removeEventListener("abort", abort);
  }
}

/** Signals the group of a child that has not been reaped: its pid cannot be another process's. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // Any failure: it has just ended.
  }
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - PREPARE_TAIL_BYTES);
    const bytes = Buffer.alloc(size - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes.toString("utf8");
  } finally {
    await file.close();
  }
}

function cut(text: string): string {
  return text.length <= REASON_CHARS ? text : `${text.slice(0, REASON_CHARS - 1).trimEnd()}…`;
}
