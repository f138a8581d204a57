// The environments that this daemon has built. Each is built by one caller at a time, and not again
// while nothing that it is made from has changed. How one is built is in environment.ts.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { AttemptSpec } from "../../domain/run.ts";
import { stampOf } from "../code/code-hash.ts";
import { prepareEnvironment } from "./environment.ts";
import { chooseRunner, pixiManifest, type FoundRunner } from "./runner.ts";
import { snapshotRoot } from "../code/snapshot-places.ts";
import { mkdir, readFile, rm } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

/** How often to check whether another caller has finished building the same environment. */
const BUILD_POLL_MS = 20;
/** A failed prefetch is repeated after this long: the network may be back by then. */
const PREFETCH_RETRY_MS = 60_000;

export interface PreparedEnvironments {
  /**
   * Builds what an attempt needs, or waits for whoever builds it; returns at once if it exists.
   * The answer is why it cannot be built, on one line, or undefined. `log` gets what the runner
   * prints.
   */
  prepare(spec: AttemptSpec, log: string, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The same for a waiting command. A failed build is not repeated for a minute, unless the script
   * has changed: until then the answer is that of the failed build.
   */
  prefetch(spec: AttemptSpec, log: string): Promise<string | undefined>;
}

/** Starts with nothing built. `env` is what runs inherit. */
export function preparedEnvironments(env: NodeJS.ProcessEnv): PreparedEnvironments {
  const state: State = { env, ready: new Map(), failed: new Map(), building: new Set() };
  return {
    prepare: (spec, log, signal) => prepare(state, spec, log, signal),
    prefetch: (spec, log) =>
      prepare(
        state,
        spec,
        log,
        undefined,
        ({ atMs }) => performance.now() - atMs < PREFETCH_RETRY_MS,
      ),
  };
}

/** Keyed by what identifies an environment: script, runner and variables. */
interface State {
  readonly env: NodeJS.ProcessEnv;
  readonly ready: Map<string, Ready>;
  readonly failed: Map<string, Failed>;
  /** Being built now, by one caller each. */
  readonly building: Set<string>;
}

interface Ready {
  /** What it was made from (`madeFrom`) when it was last found to be complete. */
  readonly from: string;
  /** Folder of the environment if the runner printed it: a cache may have been cleaned since. */
  readonly dir: string | undefined;
}

interface Failed {
  readonly from: string;
  readonly message: string;
  /** On the monotonic clock. */
  readonly atMs: number;
}

/** `isFresh` decides whether an earlier failure still counts as the answer. */
async function prepare(
  state: State,
  spec: AttemptSpec,
  log: string,
  signal?: AbortSignal,
  isFresh: (failure: Failed) => boolean = () => false,
): Promise<string | undefined> {
  const { experiment, script, codeDir } = spec;
  const runner = await chooseRunner(experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") return runner.message;
  const key = JSON.stringify([codeDir ?? experiment, script, runner.binary, spec.env]);
  while (state.building.has(key)) {
    if (signal?.aborted === true) return "it was stopped";
    await pause(BUILD_POLL_MS);
  }
  state.building.add(key);
  try {
    const from = await madeFrom(spec, runner);
    const ready = state.ready.get(key);
    if (ready?.from === from && (await stillExists(ready.dir))) return undefined;
    const failure = state.failed.get(key);
    if (failure?.from === from && isFresh(failure)) return failure.message;
    state.failed.delete(key);
    return await build(state, spec, { runner, key, from, log, signal });
  } finally {
    state.building.delete(key);
  }
}

/** Runs the build and remembers how it went. */
async function build(
  state: State,
  spec: AttemptSpec,
  what: {
    readonly runner: FoundRunner;
    readonly key: string;
    readonly from: string;
    readonly log: string;
    readonly signal: AbortSignal | undefined;
  },
): Promise<string | undefined> {
  const { experiment, script, codeDir } = spec;
  const { runner, key, from, log, signal } = what;
  await mkdir(dirname(log), { recursive: true });
  // Output of an earlier attempt would look like progress of this one.
  await rm(log, { force: true });
  const prepared = await prepareEnvironment({
    found: runner,
    experiment,
    script,
    log,
    env: { ...state.env, ...spec.env },
    ...defined({ codeDir }),
    ...(spec.pinned === undefined ? {} : { pinned: { ...spec.pinned, venv: venvOf(spec) } }),
    ...defined({ signal }),
  });
  switch (prepared.kind) {
    case "ok":
      state.ready.set(key, { from, dir: await environmentDir(log) });
      return undefined;
    case "failed":
    case "script-missing":
      state.ready.delete(key);
      state.failed.set(key, { from, message: prepared.message, atMs: performance.now() });
      return prepared.message;
    case "aborted":
      return "it was stopped";
  }
}

async function environmentDir(log: string): Promise<string | undefined> {
  // Any failure: the environment is made again, which costs time alone.
  const text = await readFile(log, "utf8").catch(() => "");
  return /^(?:Creating|Using) script environment at: (.+)$/m.exec(text)?.[1];
}

async function stillExists(dir: string | undefined): Promise<boolean> {
  if (dir === undefined) return true;
  return stat(dir).then(
    () => true,
    // Any failure: the environment is made again.
    () => false,
  );
}

/** Folder of the virtual environment of a repeated run whose packages were recorded. */
export const venvOf = ({ lab, command }: AttemptSpec): string =>
  join(snapshotRoot(lab, command), "venv");

/** Stamps of all files that determine the environment: differs when it may need a rebuild. */
async function madeFrom(spec: AttemptSpec, runner: FoundRunner): Promise<string> {
  const { experiment, lab, script, pinned } = spec;
  const path = join(spec.codeDir ?? experiment, script);
  const files = [runner.binary, path, `${path}.lock`];
  if (pinned?.requirements !== undefined) files.push(pinned.requirements);
  if (runner.runner === "pixi") {
    const manifest = await pixiManifest(experiment, lab);
    if (manifest !== undefined) files.push(manifest, join(dirname(manifest), "pixi.lock"));
  }
  const stamps = files.map(async (file) =>
    // Any failure: another stamp, and the environment is made again.
    stat(file, { bigint: true }).then(stampOf, () => "none"),
  );
  return (await Promise.all(stamps)).join("\n");
}
