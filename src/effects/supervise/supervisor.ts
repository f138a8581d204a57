// Starts attempts under their shim, tells of their ends, stops them and moves their limits.
// It keeps nothing that matters: all of it can be read from the attempt's folder again.
import { readlinkSync, watch, type FSWatcher } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AttemptId } from "../../base/ids.ts";
import { slotVariables } from "../../domain/slot.ts";
import type { AttemptSpec, ProcessIdentity } from "../../domain/run.ts";
import {
  attemptDir,
  createAttempt,
  processesOf,
  readAttempt,
  readProcesses,
  RUN_ID_VARIABLE,
  syncExit,
} from "./attempts.ts";
import type { AttemptState } from "./attempts.ts";
import { posixSpawn, type Program, type Started } from "./posix-spawn.ts";
import {
  groupLives,
  hostFacts,
  isAlive,
  signalGroup,
  signalProcess,
} from "../os/process-identity.ts";
import { makeFifo } from "../os/native.ts";
import { startService, type Supervision, START_DEADLINE_MS } from "./services.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** Between TERM and KILL, so that a script can save its checkpoint. */
export const GRACE_MS = 10_000;
/** Adopted runs have no parent here to tell of their end: looked at this often. */
export const ADOPTED_POLL_MS = 1_000;
/** A shim leaves within milliseconds of its last word; a machine in trouble shall not hold the queue. */
export const SHIM_LEAVES_MS = 2_000;
/** Between two looks at a starting shim: a twentieth of the delay that a person could notice. */
export const START_LOOK_MS = 2;
/** Between two looks at processes that were asked to end. */
export const STOP_LOOK_MS = 50;
/** Processes that left the group and start new ones as they die: swept this often at most. */
export const SWEEP_ROUNDS = 5;

/** How an attempt is over. */
export type AttemptEnd = Extract<AttemptState, { kind: "ended" | "lost" }>;

export interface SupervisorOptions {
  /** Between TERM and KILL; whole seconds, rounded up, for the limit's own ending. */
  readonly graceMs?: number;
  readonly pollMs?: number;
  /** What looks after runs here; default: plain groups of processes. */
  readonly supervision?: Supervision;
}

const SHIM = fileURLToPath(new URL("./shim.sh", import.meta.url));

export class Supervisor {
  readonly #graceMs: number;
  readonly #pollMs: number;
  readonly #supervision: Supervision;
  readonly #shims = new Map<AttemptId, Started>();
  readonly #watches = new Set<() => void>();

  constructor(options: SupervisorOptions = {}) {
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#pollMs = options.pollMs ?? ADOPTED_POLL_MS;
    this.#supervision = options.supervision ?? { kind: "group", why: "none was looked for" };
  }

  /** Why no run can be held to an amount of memory here; undefined where one can. */
  whyNoMemoryLimit(): string | undefined {
    if (this.#supervision.kind === "group") return this.#supervision.why;
    return this.#supervision.memory ? undefined : "systemd has no say over memory for you here";
  }

  /**
   * Starts `argv` for an attempt in the experiment's folder and returns the process that leads
   * its group. The run inherits `env`, its command's own variables, and its id and name;
   * `limitMs` counts from its start and rounds up to seconds;
   * `locks` are open files that the shim keeps open until it ends. An attempt that had been claimed is not started again: the answer is then the
   * process of that first start. Rejects where nothing was started, saying why.
   */
  async start(
    spec: AttemptSpec,
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    limitMs: number,
    locks: readonly number[] = [],
  ): Promise<ProcessIdentity> {
    await createAttempt(spec);
    const dir = attemptDir(spec.lab, spec.attempt);
    const before = await readAttempt(dir, hostFacts());
    if (before.kind === "never-started") {
      await writeFile(join(dir, "limit"), limitText(limitMs));
      // One program less for the shim to start; where this is refused it makes its own.
      makeFifo(join(dir, "alive"));
      await this.#spawnShim(spec, dir, argv, env, locks);
    }
    return this.#leader(spec, dir);
  }

  /**
   * Calls back once, when the attempt is over: at once when its shim is a child of this process,
   * else within a poll. Runs of another host are waited for until their exit is written. The
   * returned function ends the watch.
   */
  onExit(lab: string, attempt: AttemptId, callback: (end: AttemptEnd) => void): () => void {
    const dir = attemptDir(lab, attempt);
    const shim = this.#shims.get(attempt);
    let timer: NodeJS.Timeout | undefined;
    let watcher: FSWatcher | undefined;
    let over = false;
    const cancel = (): void => {
      over = true;
      clearTimeout(timer);
      watcher?.close();
      this.#watches.delete(cancel);
    };
    const look = async (): Promise<void> => {
      clearTimeout(timer);
      const state = await readAttempt(dir, hostFacts());
      if (over) return;
      if (state.kind === "ended" || state.kind === "lost") {
        cancel();
        if (state.kind === "ended") await syncExit(dir);
        // It holds its GPUs' locks until it has left.
        if (shim === undefined && state.kind === "ended") await shimLeft(dir);
        callback(state);
      } else {
        clearTimeout(timer);
        timer = setTimeout(lookAgain, this.#pollMs);
      }
    };
    const lookAgain = (): void => {
      if (!over) void look();
    };
    this.#watches.add(cancel);
    // Of a shim that is nobody's child here, the last word is a change in its folder.
    if (shim === undefined) watcher = watchFolder(dir, lookAgain);
    void shim?.ended.then(lookAgain);
    lookAgain();
    return cancel;
  }

  /**
   * Ends a run: TERM to its group and to those of its processes that left it, KILL to what is
   * left after the grace time. Returns when none of them lives. Before each signal the process
   * is checked to be the run's own. For an attempt that has ended it sweeps up what its script
   * left behind; one that never started, or runs on another host, is left alone.
   */
  async stop(lab: string, attempt: AttemptId): Promise<void> {
    const dir = attemptDir(lab, attempt);
    const state = await readAttempt(dir, hostFacts());
    if (state.kind === "never-started" || state.kind === "unknown") return;
    const { child } = await readProcesses(dir);
    // Of a leader that ended earlier the number may lead another group by now.
    const leader = child !== undefined && isAlive(child) ? child : undefined;
    const deadline = Date.now() + this.#graceMs;
    if (leader !== undefined) signalGroup(leader, "SIGTERM");
    for (const escaped of processesOf(dir)) {
      if (escaped.group !== leader?.pid) signalProcess(escaped, "SIGTERM");
    }
    while (Date.now() < deadline && anyLeft(dir, leader)) await wait(STOP_LOOK_MS);
    if (leader !== undefined && groupLives(leader)) signalGroup(leader, "SIGKILL");
    // A process that is killed may have started another in its last moment.
    for (let round = 0; round < SWEEP_ROUNDS; round += 1) {
      const left = processesOf(dir);
      if (left.length === 0) break;
      for (const escaped of left) signalProcess(escaped, "SIGKILL");
      const gone = Date.now() + this.#graceMs;
      while (Date.now() < gone && left.some(isAlive)) await wait(STOP_LOOK_MS);
    }
  }

  /** Sets the limit of an attempt that may be running; it counts from the run's start. */
  async extendLimit(lab: string, attempt: AttemptId, limitMs: number): Promise<void> {
    // A rename keeps the shim from seeing half a number.
    await atomicWrite(join(attemptDir(lab, attempt), "limit"), limitText(limitMs));
  }

  /** Ends all watches. Runs go on. */
  close(): void {
    for (const cancel of this.#watches) cancel();
    this.#shims.clear();
  }

  async #spawnShim(
    spec: AttemptSpec,
    dir: string,
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    locks: readonly number[],
  ): Promise<void> {
    const graceS = Math.max(1, Math.ceil(this.#graceMs / 1000));
    const environment = runEnvironment(spec, env);
    if (this.#supervision.kind === "service") {
      const paths = locks.map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
      const shim = ["/bin/sh", SHIM, dir, String(graceS), ...paths, "--", ...argv];
      const { memory } = spec;
      const wanted = this.#supervision.memory && memory !== undefined ? { memory } : {};
      await startService({ dir, cwd: spec.experiment, graceS, argv: shim, ...wanted }, environment);
      return;
    }
    const shim = await posixSpawn({
      file: "/bin/sh",
      args: [SHIM, dir, String(graceS), "--", ...argv],
      cwd: spec.experiment,
      env: environment,
      files: shimFiles(locks),
    }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Cannot start ${spec.name} in ${spec.experiment}: ${why}`);
    });
    this.#shims.set(spec.attempt, shim);
    void shim.ended.then(() => this.#shims.delete(spec.attempt));
  }

  /** Waits until the shim has written down whom it started. */
  async #leader(spec: AttemptSpec, dir: string): Promise<ProcessIdentity> {
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      // Asked first: what a shim that has left did not write will never be written.
      // Of a service's nothing is known but what it writes.
      const left = this.#supervision.kind === "group" && !this.#shims.has(spec.attempt);
      const { child } = await readProcesses(dir);
      if (child !== undefined) return child;
      // A shim that found the attempt claimed leaves; the one that claimed it is waited for.
      const state = left ? await readAttempt(dir, hostFacts()) : undefined;
      if (state?.kind === "running-unwatched") return state.process;
      if (state !== undefined && state.kind !== "running") {
        throw new Error(
          `Cannot start ${spec.name}: its shell ended at once; is the disk full, or is ${dir} ` +
            `on a file system without named pipes?`,
        );
      }
      if (Date.now() > deadline) {
        throw new Error(`Cannot start ${spec.name}: its shell said nothing for 15 s (${dir})`);
      }
      await wait(START_LOOK_MS);
    }
  }
}

/** Waits until a shim that has written its last word is gone, for a moment at most. */
async function shimLeft(dir: string): Promise<void> {
  const { shim } = await readProcesses(dir);
  const deadline = Date.now() + SHIM_LEAVES_MS;
  const leaves = (): boolean => shim !== undefined && isAlive(shim) && Date.now() < deadline;
  while (leaves()) await wait(START_LOOK_MS);
}

function watchFolder(dir: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(dir, (_, name) => {
      if (name === "exit") changed();
    }).on("error", () => undefined);
  } catch {
    // No watch to be had: the poll serves.
    return undefined;
  }
}

/** Locks that the shim holds on from 3 on; 9 is its own. */
function shimFiles(locks: readonly number[]): Program["files"] {
  const before = locks.slice(0, 6);
  const rest = locks.slice(6);
  const gap = rest.length === 0 ? [] : ["closed" as const];
  return ["null", "null", "null", ...before, ...gap, ...rest];
}

/** What a run inherits. Its shim adds the run's id: a sweep must not take the shim for the run. */
function runEnvironment(spec: AttemptSpec, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { [RUN_ID_VARIABLE]: _outer, ...outer } = base;
  const { [RUN_ID_VARIABLE]: _written, ...own } = spec.env;
  const place = slotVariables(spec.place);
  return { ...outer, PYTHONUNBUFFERED: "1", NIGHTLAB_RUN_NAME: spec.name, ...own, ...place };
}

function anyLeft(dir: string, leader: ProcessIdentity | undefined): boolean {
  if (leader !== undefined && groupLives(leader)) return true;
  return processesOf(dir).length > 0;
}

/** The shim reads whole seconds. */
const limitText = (limitMs: number): string => `${Math.max(1, Math.ceil(limitMs / 1000))}\n`;
