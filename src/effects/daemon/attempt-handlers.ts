// The hands that bring an attempt to its start and to its stop: examine, prepare, start, stop.
// What a running attempt does is followed in run-handlers.ts; decisions are step's.
import { statfs } from "node:fs/promises";
import { rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { AttemptId } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { GPU_ELSEWHERE_MS } from "../../scheduler/gpu-placement.ts";
import { argvOf, examineAttempt } from "../environment/attempt-line.ts";
import { takeNotes } from "../supervise/attempt-notes.ts";
import {
  attemptDir,
  createAttempt,
  readAttempt,
  syncExit,
  type AttemptState,
} from "../supervise/attempts.ts";
import { prefetchLog, environmentLog } from "../environment/environment-log.ts";
import type { GpuLocks } from "../gpu/gpu-locks.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
import { gitOfAttempt } from "../code/recorded-git.ts";
import { hostFacts } from "../os/process-identity.ts";
import { venvOf, type PreparedEnvironments } from "../environment/prepared-environments.ts";
import { linkWhatCame } from "../code/snapshots.ts";
import type { Supervisor } from "../supervise/supervisor.ts";
import { syncFolder } from "../os/atomic-write.ts";

type AttemptHandlers = Pick<
  EffectHandlers,
  | "examine-start"
  | "prepare-environment"
  | "prepare-ahead"
  | "start-attempt"
  | "stop-attempt"
  | "extend-limit"
  | "adopt-attempt"
>;

/**
 * Hands on a supervisor; `env` is what runs inherit, `locks` are those of the machine's
 * GPUs.
 */
export function attemptHandlers(
  supervisor: Supervisor,
  env: NodeJS.ProcessEnv,
  locks: GpuLocks,
  environments: PreparedEnvironments,
): AttemptHandlers {
  const preparing = new Map<AttemptId, AbortController>();
  return {
    async "examine-start"({ command, spec, joined, diskFloor }, post) {
      if ((await freeBytes(spec.experiment)) < diskFloor) {
        post({ kind: "start-examined", command, examination: { kind: "disk-low" } });
        return;
      }
      const examined = await examineAttempt(spec);
      const noMemoryLimit = spec.memory === undefined ? undefined : supervisor.whyNoMemoryLimit();
      const examination =
        examined.kind === "ready" && noMemoryLimit !== undefined
          ? { ...examined, noMemoryLimit }
          : examined;
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
      try {
        await createAttempt(spec);
      } catch (error) {
        // A full disk, say: the trouble of this run, not of the daemon.
        post({ kind: "attempt-not-started", attempt, message: messageOf(error) });
        return;
      }
      const abort = new AbortController();
      preparing.set(attempt, abort);
      // What cannot be linked, the script will miss and say.
      if (spec.codeDir !== undefined) {
        await linkWhatCame(spec.experiment, spec.codeDir).catch(() => undefined);
      }
      const log = environmentLog(spec.lab, attempt);
      const failure = await environments.prepare(spec, log, abort.signal).catch(messageOf);
      await rm(prefetchLog(spec.lab, spec.command), { force: true });
      preparing.delete(attempt);
      post({
        kind: "environment-prepared",
        attempt,
        ...(failure === undefined ? {} : { failure }),
      });
    },

    async "prepare-ahead"({ command, spec }, post) {
      const log = prefetchLog(spec.lab, command);
      // A full disk is the environment's trouble, not the daemon's.
      const failure = await environments.prefetch(spec, log).catch(String);
      // What went wrong stays to be read until it is tried again.
      if (failure === undefined) await rm(log, { force: true });
      post({
        kind: "environment-ahead",
        command,
        ...(failure === undefined ? {} : { failure }),
      });
    },

    async "start-attempt"({ spec }, post) {
      const { attempt } = spec;
      try {
        const waiting = new AbortController();
        preparing.set(attempt, waiting);
        await lockAgain(locks, spec, waiting.signal);
        preparing.delete(attempt);
        const noted = createAttempt(spec).then(() => takeNotes(spec));
        const [argv] = await Promise.all([argvOf(spec), noted]);
        const held = locks.descriptors(attempt);
        const process = await supervisor.start(
          spec,
          argv,
          inEnvironment(spec, env),
          spec.limitMs,
          held,
        );
        post({ kind: "attempt-started", attempt, process });
        // Its claim, and the place that its exit code has: nobody waits for them now.
        await syncFolder(attemptDir(spec.lab, attempt)).catch(() => undefined);
        // Asked while the code is still what the run has read.
        await gitOfAttempt(spec).catch(() => undefined);
      } catch (error) {
        const state = await stateOf(spec);
        // Once it was claimed its script may run, whatever went wrong after that: it has not failed.
        if (state.kind !== "never-started") return tell(spec, state, post);
        post({ kind: "attempt-not-started", attempt, message: messageOf(error) });
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
      const state = await stateOf(spec);
      // Its shim has them, or died: then they are held from here.
      if (state.kind !== "ended" && state.kind !== "lost") locks.take(attempt, gpusOf(spec));
      if (state.kind === "ended") await syncExit(attemptDir(spec.lab, attempt));
      tell(spec, state, post);
    },
  };
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const stateOf = async (spec: AttemptSpec): Promise<AttemptState> =>
  readAttempt(attemptDir(spec.lab, spec.attempt), hostFacts());

/** What became of an attempt, as an event. */
function tell({ attempt }: AttemptSpec, state: AttemptState, post: Post): void {
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
}

/** As uv does: what the script starts by name is that of its environment. */
function inEnvironment(spec: AttemptSpec, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (spec.pinned === undefined) return env;
  const venv = venvOf(spec);
  return { ...env, VIRTUAL_ENV: venv, PATH: [join(venv, "bin"), env["PATH"]].join(delimiter) };
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

/** Room for a person's files on a disk; where nobody tells, there is enough. */
async function freeBytes(path: string): Promise<number> {
  const facts = await statfs(path).catch(() => undefined);
  return facts === undefined ? Number.POSITIVE_INFINITY : facts.bavail * facts.bsize;
}
