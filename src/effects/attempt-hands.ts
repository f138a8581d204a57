// The hands that bring an attempt to its start and to its stop: examine, prepare, start, stop.
// What a running attempt does is followed in run-hands.ts; decisions are step's.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { GPU_ELSEWHERE_MS } from "../limits.ts";
import type { StartExamination } from "../model/event.ts";
import type { AttemptId } from "../model/ids.ts";
import type { AttemptSpec } from "../model/run.ts";
import { takeNotes } from "./attempt-notes.ts";
import { attemptDir, createAttempt, readAttempt } from "./attempts.ts";
import { codeHash } from "./code-hash.ts";
import { missingScript, prepareEnvironment } from "./environment.ts";
import type { GpuLocks } from "./gpu-locks.ts";
import type { Hands } from "./hands.ts";
import { hostFacts } from "./process-identity.ts";
import { findRunFolder, listRunFolders } from "./run-folders.ts";
import { chooseRunner, commandLine } from "./runner.ts";
import type { Supervisor } from "./supervisor.ts";
import { RUN_FOLDER, type RunFolder } from "../model/ids.ts";

type AttemptHands = Pick<
  Hands,
  | "examine-start"
  | "prepare-environment"
  | "start-attempt"
  | "stop-attempt"
  | "extend-limit"
  | "adopt-attempt"
>;

/** Hands on a supervisor; `env` is what runs inherit, `locks` are those of the machine's GPUs. */
export function attemptHands(
  supervisor: Supervisor,
  env: NodeJS.ProcessEnv,
  locks: GpuLocks,
): AttemptHands {
  const preparing = new Map<AttemptId, AbortController>();
  return {
    async "examine-start"({ command, spec, joined }, post) {
      const examination = await examine(spec);
      const taken =
        examination.kind === "ready" ? locks.take(spec.attempt, gpusOf(spec), joined) : [];
      post({
        kind: "start-examined",
        command,
        examination: taken.length > 0 ? { kind: "gpus-taken", uuids: taken } : examination,
      });
    },

    async "prepare-environment"({ spec }, post) {
      const { attempt } = spec;
      const abort = new AbortController();
      preparing.set(attempt, abort);
      const failure = await prepare(spec, env, abort.signal);
      preparing.delete(attempt);
      post({
        kind: "environment-prepared",
        attempt,
        ...(failure === undefined ? {} : { failure }),
      });
    },

    async "start-attempt"({ spec }, post) {
      const { attempt } = spec;
      try {
        const argv = await argvOf(spec);
        await createAttempt(spec);
        await takeNotes(spec);
        const waiting = new AbortController();
        preparing.set(attempt, waiting);
        await lockAgain(locks, spec, waiting.signal);
        preparing.delete(attempt);
        const held = locks.descriptors(attempt);
        const process = await supervisor.start(spec, argv, env, spec.limitMs, held);
        post({ kind: "attempt-started", attempt, process });
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        post({ kind: "attempt-not-started", attempt, message });
      }
    },

    async "stop-attempt"({ attempt, lab }) {
      preparing.get(attempt)?.abort();
      await supervisor.stop(lab, attempt);
    },

    async "extend-limit"({ attempt, lab, limitMs }) {
      await supervisor.extendLimit(lab, attempt, limitMs);
    },

    async "adopt-attempt"({ spec }, post) {
      const { attempt } = spec;
      const state = await readAttempt(attemptDir(spec.lab, attempt), hostFacts());
      // Its shim has them, or died: then they are held from here.
      if (state.kind !== "ended" && state.kind !== "lost") locks.take(attempt, gpusOf(spec));
      switch (state.kind) {
        case "never-started":
          post({ kind: "attempt-adopted", attempt, state: "never-started" });
          return;
        case "running":
        case "running-unwatched":
        case "unknown":
          post({
            kind: "attempt-adopted",
            attempt,
            state: "running",
            ...("process" in state ? { process: state.process } : {}),
          });
          return;
        case "ended":
          post({ kind: "attempt-exited", attempt, exit: state.exit });
          return;
        case "lost":
          post({ kind: "attempt-lost", attempt, why: state.why });
      }
    },
  };
}

const gpusOf = ({ place }: AttemptSpec): readonly string[] =>
  place?.kind === "gpus" ? place.gpus.map(({ uuid }) => uuid) : [];

/** After a restart somebody else may have locked a GPU of a run that had not started yet. */
async function lockAgain(locks: GpuLocks, spec: AttemptSpec, signal: AbortSignal): Promise<void> {
  if (locks.granted(spec.attempt)) return;
  const dir = attemptDir(spec.lab, spec.attempt);
  while ((await readAttempt(dir, hostFacts())).kind === "never-started") {
    if (locks.take(spec.attempt, gpusOf(spec)).length === 0) return;
    await wait(GPU_ELSEWHERE_MS, undefined, { signal });
  }
}

async function examine(spec: AttemptSpec): Promise<StartExamination> {
  const { experiment, script } = spec;
  if (spec.verb === "eval") {
    const onRun = await evaluatedRun(spec);
    if (onRun === undefined) {
      return { kind: "target-missing", message: `no run is called \`${spec.name}\`` };
    }
  }
  const missing = await missingScript(experiment, script);
  if (missing !== undefined) return { kind: "script-missing", message: missing, script };
  const runner = await chooseRunner(experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") return { kind: "no-runner", message: runner.message };
  return { kind: "ready", codeHash: await codeHash(experiment), runner: runner.runner };
}

/** The run that an evaluation is of: as resolved, a folder by its name, or the newest so named. */
async function evaluatedRun(spec: AttemptSpec): Promise<RunFolder | undefined> {
  if (spec.onRun !== undefined) return findRunFolder(spec.experiment, spec.onRun);
  const there = await listRunFolders(spec.experiment);
  return there.findLast(
    (folder) => folder === spec.name || RUN_FOLDER.exec(folder)?.[2] === spec.name,
  );
}

/** Why the environment could not be built, or undefined when it is ready. */
async function prepare(
  spec: AttemptSpec,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  const runner = await chooseRunner(spec.experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") return runner.message;
  const dir = attemptDir(spec.lab, spec.attempt);
  await createAttempt(spec);
  await mkdir(dir, { recursive: true });
  const prepared = await prepareEnvironment({
    found: runner,
    experiment: spec.experiment,
    script: spec.script,
    log: join(dir, "prepare.log"),
    env: { ...env, ...spec.env },
    signal,
  });
  switch (prepared.kind) {
    case "ok":
      return undefined;
    case "failed":
    case "script-missing":
      return prepared.message;
    case "aborted":
      return "it was stopped";
  }
}

async function argvOf(spec: AttemptSpec): Promise<readonly string[]> {
  const runner = await chooseRunner(spec.experiment, spec.lab, spec.runner);
  if (runner.kind === "missing") throw new Error(runner.message);
  const line = await commandLine(runner, spec.script, await argumentsOf(spec));
  if (line.kind === "refused") throw new Error(line.message);
  return line.argv;
}

async function argumentsOf(spec: AttemptSpec): Promise<readonly string[]> {
  if (spec.verb !== "eval") return spec.args;
  const onRun = await evaluatedRun(spec);
  return [`runs/${onRun ?? spec.name}`, ...spec.args];
}
