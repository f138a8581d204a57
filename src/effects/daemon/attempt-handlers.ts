// Effect handlers that take an attempt from examination to its start, and stop it: examine,
// prepare, start, stop, adopt. run-handlers.ts follows a running attempt; scheduler/ decides.
import { randomBytes } from "node:crypto";
import { statfs } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { AttemptId } from "../../base/ids.ts";
import type { StartExamination } from "../../domain/event.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { GPU_ELSEWHERE_MS } from "../../scheduler/gpu-placement.ts";
import { argvOf, examineAttempt } from "../environment/attempt-line.ts";
import { takeNotes } from "../supervise/attempt-notes.ts";
import { attemptDir, createAttempt, syncExit } from "../supervise/attempts.ts";
import { privateValues } from "../environment/private-env.ts";
import { forgottenAttempts } from "../supervise/forgotten-claims.ts";
import { prefetchLog, environmentLog } from "../environment/environment-log.ts";
import type { GpuLocks } from "../gpu/gpu-locks.ts";
import type { EffectHandlers, Post } from "./effect-handlers.ts";
import { gitOfAttempt } from "../code/recorded-git.ts";
import { hostFacts } from "../os/process-identity.ts";
import { venvOf, type PreparedEnvironments } from "../environment/prepared-environments.ts";
import { linkWhatCame } from "../code/snapshots.ts";
import type { ReadableState, Supervisor } from "../supervise/supervisor.ts";
import { syncFolder } from "../os/atomic-write.ts";
import { rm } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

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

interface Attempts {
  readonly supervisor: Supervisor;
  /** The environment variables that runs inherit. */
  readonly env: NodeJS.ProcessEnv;
  /** Locks on the machine's GPUs. */
  readonly locks: GpuLocks;
  readonly environments: PreparedEnvironments;
  /** Tells attempts that the ledger or the user knows from others on the lab's disk. */
  readonly known: (spec: AttemptSpec) => (attempt: AttemptId) => boolean;
  /** Attempts that are being prepared or wait for a GPU: a stop aborts that. */
  readonly preparing: Map<AttemptId, AbortController>;
}

type EffectOf<K extends keyof AttemptHandlers> = Parameters<AttemptHandlers[K]>[0];

/**
 * The effect handlers for attempts. `env` is what runs inherit; `locks` are those on the machine's
 * GPUs; `known` tells attempts of the ledger from others on the lab's disk.
 */
export function attemptHandlers(
  supervisor: Supervisor,
  env: NodeJS.ProcessEnv,
  locks: GpuLocks,
  environments: PreparedEnvironments,
  known: Attempts["known"],
): AttemptHandlers {
  const preparing = new Map<AttemptId, AbortController>();
  const attempts: Attempts = { supervisor, env, locks, environments, known, preparing };
  return {
    "examine-start": (effect, post) => examine(attempts, effect, post),
    "prepare-environment": (effect, post) => prepare(attempts, effect, post),
    "prepare-ahead": (effect, post) => prefetch(attempts, effect, post),
    "start-attempt": (effect, post) => start(attempts, effect, post),
    async "stop-attempt"(effect) {
      attempts.preparing.get(effect.attempt)?.abort();
      await supervisor.stop(effect);
    },
    async "extend-limit"({ attempt, lab, limitMs }) {
      await supervisor.extendLimit(lab, attempt, limitMs);
    },
    "adopt-attempt": (effect, post) => adopt(attempts, effect, post),
  };
}

async function examine(
  { supervisor, locks, env, known }: Attempts,
  { command, spec, joined, diskFloor }: EffectOf<"examine-start">,
  post: Post,
): Promise<void> {
  if ((await freeBytes(spec.experiment)) < diskFloor) {
    post({ kind: "start-examined", command, examination: { kind: "disk-low" } });
    return;
  }
  const before = await claimedBefore(spec, known(spec));
  if (before !== undefined) {
    post({ kind: "start-examined", command, examination: before });
    return;
  }
  const examined = await examineAttempt(spec, env).catch((error: unknown) => {
    return {
      kind: "target-missing",
      message: `it cannot be examined: ${messageOf(error)}`,
    } as const;
  });
  const noMemoryLimit = spec.memory === undefined ? undefined : supervisor.whyNoMemoryLimit();
  const examination =
    examined.kind === "ready"
      ? {
          ...examined,
          token: randomBytes(16).toString("hex"),
          ...defined({ noMemoryLimit }),
        }
      : examined;
  const gpus = examination.kind === "ready" ? locks.take(spec.attempt, gpusOf(spec), joined) : [];
  post({
    kind: "start-examined",
    command,
    examination: gpus.length > 0 ? { kind: "gpus-taken", gpus } : examination,
  });
}

/** What forbids the start of an attempt because of others on the lab's disk. */
async function claimedBefore(
  spec: AttemptSpec,
  isKnown: (attempt: AttemptId) => boolean,
): Promise<StartExamination | undefined> {
  try {
    const { last, claim } = await forgottenAttempts(spec, isKnown, hostFacts());
    if (claim !== undefined) return { kind: "claimed-before", last, claim };
    const number = Number(/\d+$/.exec(spec.attempt)?.[0]);
    return last < number ? undefined : { kind: "claimed-before", last };
  } catch (error) {
    const message = `the lab's earlier attempts cannot be read: ${messageOf(error)}`;
    return { kind: "target-missing", message };
  }
}

async function prepare(
  { environments, preparing }: Attempts,
  { spec }: EffectOf<"prepare-environment">,
  post: Post,
): Promise<void> {
  const { attempt } = spec;
  try {
    await createAttempt(spec);
  } catch (error) {
    // A full disk, for example: it fails this run, not the daemon.
    post({ kind: "attempt-not-started", attempt, message: messageOf(error) });
    return;
  }
  const abort = new AbortController();
  preparing.set(attempt, abort);
  // Any failure to link something: the script finds it missing and says so.
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
    ...defined({ failure }),
  });
}

/** Builds the environment of a command that is still waiting. */
async function prefetch(
  { environments }: Attempts,
  { command, spec }: EffectOf<"prepare-ahead">,
  post: Post,
): Promise<void> {
  const log = prefetchLog(spec.lab, command);
  // A full disk fails this environment, not the daemon.
  const failure = await environments.prefetch(spec, log).catch(String);
  // The log of a failure stays readable until the next attempt.
  if (failure === undefined) await rm(log, { force: true });
  post({
    kind: "environment-ahead",
    command,
    ...defined({ failure }),
  });
}

async function start(
  { supervisor, env, locks, preparing }: Attempts,
  { spec }: EffectOf<"start-attempt">,
  post: Post,
): Promise<void> {
  const { attempt } = spec;
  try {
    const waiting = new AbortController();
    preparing.set(attempt, waiting);
    await lockAgain(supervisor, locks, spec, waiting.signal);
    preparing.delete(attempt);
    const noted = createAttempt(spec).then(() => takeNotes(spec));
    const [argv, own] = await Promise.all([
      argvOf(spec),
      privateValues(spec.privateEnv ?? [], env),
      noted,
    ]);
    if (own.kind === "missing") throw new Error(own.message);
    const held = locks.descriptors(attempt);
    const process = await supervisor.start(
      spec,
      argv,
      inEnvironment(spec, { ...env, ...own.values }),
      spec.limitMs,
      held,
    );
    post({ kind: "attempt-started", attempt, process });
    // Make the folder entries of its claim and exit code durable, now that nothing waits.
    // Any failure: the run goes on, and a later boot that lacks the claim calls it lost.
    await syncFolder(attemptDir(spec.lab, attempt)).catch(() => undefined);
    // Ask git now, while the code is still what the run has read. Any failure: it is asked again
    // for run.json.
    await gitOfAttempt(spec).catch(() => undefined);
  } catch (error) {
    const state = await supervisor.stateOf(spec);
    // Once claimed, the script may run, whatever failed after that: this is not a failed start.
    if (state.kind !== "never-started") return report(spec, state, post);
    post({ kind: "attempt-not-started", attempt, message: messageOf(error) });
  }
}

/** Takes over an attempt of an earlier daemon, with the locks on its GPUs. */
async function adopt(
  { supervisor, locks }: Attempts,
  { spec }: EffectOf<"adopt-attempt">,
  post: Post,
): Promise<void> {
  const { attempt } = spec;
  const state = await supervisor.stateOf(spec);
  // Its shim still holds the locks, or has died: then this daemon holds them.
  if (state.kind !== "ended" && state.kind !== "lost") locks.take(attempt, gpusOf(spec));
  if (state.kind === "ended") await syncExit(attemptDir(spec.lab, attempt));
  report(spec, state, post);
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Posts what became of an attempt. */
function report({ attempt }: AttemptSpec, state: ReadableState, post: Post): void {
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

/** As uv does: programs that the script starts by name come from its environment. */
function inEnvironment(spec: AttemptSpec, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (spec.pinned === undefined) return env;
  const venv = venvOf(spec);
  return { ...env, VIRTUAL_ENV: venv, PATH: [join(venv, "bin"), env["PATH"]].join(delimiter) };
}

const gpusOf = ({ place }: AttemptSpec): readonly string[] =>
  place?.kind === "gpus" ? place.gpus.map(({ uuid }) => uuid) : [];

/**
 * Takes the locks of a run that had not started when the daemon restarted: another daemon may have
 * taken them since, so wait. Rejects when `signal` aborts the wait.
 */
async function lockAgain(
  supervisor: Supervisor,
  locks: GpuLocks,
  spec: AttemptSpec,
  signal: AbortSignal,
): Promise<void> {
  if (locks.granted(spec.attempt)) return;
  while ((await supervisor.stateOf(spec, signal)).kind === "never-started") {
    if (locks.take(spec.attempt, gpusOf(spec)).length === 0) return;
    await wait(GPU_ELSEWHERE_MS, undefined, { signal });
  }
}

/** Disk space free for ordinary users; infinite where the system does not say. */
async function freeBytes(path: string): Promise<number> {
  // Any failure: a run that finds no space says so itself.
  const facts = await statfs(path).catch(() => undefined);
  return facts === undefined ? Number.POSITIVE_INFINITY : facts.bavail * facts.bsize;
}
