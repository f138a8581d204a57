// The environments that this daemon has built: each is built by one at a time, and not again while
// nothing that it is made from has changed. How one is built is environment.ts's.
import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { AttemptSpec } from "../../domain/run.ts";
import { stampOf } from "../code/code-hash.ts";
import { prepareEnvironment } from "./environment.ts";
import { chooseRunner, pixiManifest, type FoundRunner } from "./runner.ts";
import { snapshotRoot } from "../code/snapshot-places.ts";

/** An environment that somebody else builds is looked for this often. */
const PREPARE_LOOK_MS = 20;
/** ...and one that could not be built may be had by now: a network that is back. */
const AHEAD_RETRY_MS = 60_000;

export interface PreparedEnvironments {
  /**
   * Builds what an attempt needs, or waits for whoever builds it; at once where it is there.
   * The answer is why it cannot be built, on one line, or undefined. `log` gets what the runner
   * prints.
   */
  prepare(spec: AttemptSpec, log: string, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * The same for a command that waits. What could not be built is not tried again for a minute,
   * unless the script has changed: the answer is then that of before.
   */
  prefetch(spec: AttemptSpec, log: string): Promise<string | undefined>;
}

/** Nothing is built yet. `env` is what runs inherit. */
export function preparedEnvironments(env: NodeJS.ProcessEnv): PreparedEnvironments {
  /** What an environment was made from, when it was last found to be whole. */
  const ready = new Map<string, Ready>();
  const building = new Set<string>();

  const failed = new Map<string, Failed>();

  const build = async (
    spec: AttemptSpec,
    log: string,
    signal?: AbortSignal,
    isFresh: (failure: Failed) => boolean = () => false,
  ): Promise<string | undefined> => {
    const { experiment, script, codeDir } = spec;
    const runner = await chooseRunner(experiment, spec.lab, spec.runner);
    if (runner.kind === "missing") return runner.message;
    const key = JSON.stringify([codeDir ?? experiment, script, runner.binary, spec.env]);
    while (building.has(key)) {
      if (signal?.aborted === true) return "it was stopped";
      await pause(PREPARE_LOOK_MS);
    }
    building.add(key);
    try {
      const from = await madeFrom(spec, runner);
      const whole = ready.get(key);
      if (whole?.from === from && (await isThere(whole.place))) return undefined;
      const before = failed.get(key);
      if (before?.from === from && isFresh(before)) return before.message;
      failed.delete(key);
      await mkdir(dirname(log), { recursive: true });
      // What an earlier try has printed is no progress of this one.
      await rm(log, { force: true });
      const prepared = await prepareEnvironment({
        found: runner,
        experiment,
        script,
        log,
        env: { ...env, ...spec.env },
        ...(codeDir === undefined ? {} : { codeDir }),
        ...(spec.pinned === undefined ? {} : { pinned: { ...spec.pinned, venv: venvOf(spec) } }),
        ...(signal === undefined ? {} : { signal }),
      });
      switch (prepared.kind) {
        case "ok":
          ready.set(key, { from, place: await placeOf(log) });
          return undefined;
        case "failed":
        case "script-missing":
          ready.delete(key);
          failed.set(key, { from, message: prepared.message, atMs: performance.now() });
          return prepared.message;
        case "aborted":
          return "it was stopped";
      }
    } finally {
      building.delete(key);
    }
  };
  return {
    prepare: build,
    prefetch: (spec, log) =>
      build(spec, log, undefined, ({ atMs }) => performance.now() - atMs < AHEAD_RETRY_MS),
  };
}

interface Ready {
  readonly from: string;
  /** Folder of the environment, where the runner said it: a cache may be cleaned. */
  readonly place: string | undefined;
}

async function placeOf(log: string): Promise<string | undefined> {
  const text = await readFile(log, "utf8").catch(() => "");
  return /^(?:Creating|Using) script environment at: (.+)$/m.exec(text)?.[1];
}

async function isThere(place: string | undefined): Promise<boolean> {
  if (place === undefined) return true;
  return stat(place).then(
    () => true,
    () => false,
  );
}

interface Failed {
  readonly from: string;
  readonly message: string;
  /** On the clock that nobody sets. */
  readonly atMs: number;
}

/** The environment of a repeated run, where its packages were kept. */
export const venvOf = ({ lab, command }: AttemptSpec): string =>
  join(snapshotRoot(lab, command), "venv");

/** Changes whenever the environment may have to be another. */
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
    stat(file, { bigint: true }).then(stampOf, () => "none"),
  );
  return (await Promise.all(stamps)).join("\n");
}
