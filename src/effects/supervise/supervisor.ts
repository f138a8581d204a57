// Starts attempts under their shim, reports their ends, stops them and changes their limits.
// Its own state is expendable: everything can be read again from the attempt's folder.
import { readFileSync, readlinkSync, statSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { AttemptId } from "../../base/ids.ts";
import { slotVariables } from "../../domain/slot.ts";
import type { AttemptSpec, ProcessIdentity } from "../../domain/run.ts";
import {
  attemptDir,
  ATTEMPT_VARIABLE,
  createAttempt,
  processesLeft,
  processesOf,
  readAttempt,
  readProcesses,
  RUN_ID_VARIABLE,
  syncExit,
} from "./attempts.ts";
import type { AttemptPlace, AttemptProcesses, AttemptState, MainEnd } from "./attempts.ts";
import { posixSpawn, type Program, type Started } from "./posix-spawn.ts";
import {
  ageMs,
  groupLives,
  hostFacts,
  isAlive,
  listsProcesses,
  signalGroup,
  signalProcess,
  GRACE_MS,
  type FoundProcess,
} from "../os/process-identity.ts";
import { orAbsent } from "../os/absent.ts";
import { makeFifo } from "../os/native.ts";
import { startService, type Supervision, START_DEADLINE_MS } from "./services.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { readFile, writeFile } from "../os/lab-files.ts";
/** Adopted runs are not children of this process, so their state is polled this often. */
export const ADOPTED_POLL_MS = 1_000;
/** A shim exits within milliseconds of writing the exit code; do not hold the queue for longer. */
export const SHIM_LEAVES_MS = 2_000;
/** Polling interval for a starting shim: a twentieth of a delay that a person would notice. */
export const START_LOOK_MS = 2;
/** Polling interval for processes that were told to end. */
export const STOP_LOOK_MS = 50;
/** Rounds of KILL at most, since processes outside the group may start others as they die. */
export const SWEEP_ROUNDS = 5;

/** The variable that tells the shim its attempt's token. */
const TOKEN_VARIABLE = "NIGHTLAB_TOKEN";

/** The state of an attempt whose folder can be read. */
export type ReadableState = Exclude<AttemptState, { kind: "unreadable" }>;
/** The state of an attempt that is over. */
export type AttemptEnd = Extract<AttemptState, { kind: "ended" | "lost" }>;

export interface SupervisorOptions {
  /** Time between TERM and KILL; where the shim enforces the limit, rounded up to whole seconds. */
  readonly graceMs?: number;
  readonly pollMs?: number;
  /** How runs are supervised here; default: as plain process groups. */
  readonly supervision?: Supervision;
  /** Told once that an attempt's folder cannot be read, and why; undefined: it can again. */
  readonly onUnreadable?: (place: AttemptPlace, why: string | undefined) => void;
}

const SHIM = fileURLToPath(new URL("./shim.sh", import.meta.url));

export class Supervisor {
  readonly #graceMs: number;
  readonly #pollMs: number;
  readonly #supervision: Supervision;
  readonly #shims = new Map<AttemptId, Started>();
  readonly #watches = new Set<() => void>();
  readonly #onUnreadable: NonNullable<SupervisorOptions["onUnreadable"]>;
  /** Attempts whose folder cannot be read, and why. */
  readonly #unreadable = new Map<AttemptId, string>();
  #closed = false;

  constructor(options: SupervisorOptions = {}) {
    this.#graceMs = options.graceMs ?? GRACE_MS;
    this.#pollMs = options.pollMs ?? ADOPTED_POLL_MS;
    this.#supervision = options.supervision ?? { kind: "group", why: "none was looked for" };
    this.#onUnreadable = options.onUnreadable ?? (() => undefined);
  }

  /**
   * The state of an attempt. While its folder cannot be read, that is told and this waits: neither a
   * start nor an end may follow from it. Rejects when `signal` aborts the wait; never settles once
   * the supervisor is closed.
   */
  async stateOf(place: AttemptPlace, signal?: AbortSignal): Promise<ReadableState> {
    for (;;) {
      const state = await this.#look(place);
      if (this.#closed) return await new Promise(() => {});
      if (state.kind !== "unreadable") return state;
      await wait(this.#pollMs, undefined, { ref: false, ...(signal && { signal }) });
    }
  }

  async #look(place: AttemptPlace): Promise<AttemptState> {
    const dir = attemptDir(place.lab, place.attempt);
    const state = await readAttempt(dir, hostFacts(), place.token);
    this.#tell(place, state.kind === "unreadable" ? state.why : undefined);
    return state;
  }

  #tell(place: AttemptPlace, why: string | undefined): void {
    const { attempt } = place;
    if (this.#unreadable.get(attempt) === why) return;
    if (why === undefined) this.#unreadable.delete(attempt);
    else this.#unreadable.set(attempt, why);
    this.#onUnreadable(place, why);
  }

  /** Why memory limits cannot be enforced here; undefined where they can. */
  whyNoMemoryLimit(): string | undefined {
    if (this.#supervision.kind === "group") return this.#supervision.why;
    return this.#supervision.memory ? undefined : "systemd has no say over memory for you here";
  }

  /**
   * Starts `argv` for an attempt in the experiment's folder and returns the process that leads its
   * group. The run inherits `env`, its command's own variables, and its id and name. `limitMs`
   * counts from its start and is rounded up to seconds. `locks` are open files that the shim keeps
   * open until it ends. A claimed attempt is not started again: the answer is then the process of
   * its first start. Rejects where nothing was started, saying why.
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
    const before = await this.stateOf(spec);
    if (before.kind === "never-started") {
      await writeFile(join(dir, "limit"), limitText(limitMs));
      // Saves the shim from starting mkfifo; if this fails, the shim does so.
      makeFifo(join(dir, "alive"));
      await this.#spawnShim(spec, dir, argv, env, locks);
    }
    return this.#leader(spec, dir);
  }

  /**
   * Calls back once, when the attempt is over: at once if its shim is a child of this process, else
   * within the polling interval. A run of another host is over when its exit code is written. Until
   * then `mainEnded` is called in each polling interval in which the run goes on without its main
   * process. The returned function cancels.
   */
  onExit(
    place: AttemptPlace,
    callback: (end: AttemptEnd) => void,
    mainEnded: (main: MainEnd) => Promise<void> = async () => {},
  ): () => void {
    const { lab, attempt, token } = place;
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
    const check = async (): Promise<void> => {
      clearTimeout(timer);
      const found = await this.#look(place);
      if (over) return;
      const state = found.kind === "never-started" && isRemoved(lab, dir) ? LOST : found;
      if (state.kind === "ended" || state.kind === "lost") {
        cancel();
        // The ledger makes the code durable too: the next run waits for one of the two, not for both.
        if (state.kind === "ended") void syncExit(dir);
        // An adopted shim holds the GPU locks until it exits.
        if (shim === undefined && state.kind === "ended") await shimExited(dir, token);
        callback(state);
      } else {
        if ("main" in state && state.main !== undefined) await mainEnded(state.main);
        if (state.kind === "running-unwatched" && (await isOverLimit(dir, token))) {
          await this.stop(place);
        }
        again();
      }
    };
    const again = (): void => {
      clearTimeout(timer);
      if (!over) timer = setTimeout(checkAgain, this.#pollMs);
    };
    const checkAgain = (): void => {
      if (over) return;
      void check().catch((error: unknown) => {
        this.#tell(place, String(error));
        again();
      });
    };
    this.#watches.add(cancel);
    // A shim adopted from an earlier daemon is not our child: no exit event comes, so watch its
    // folder.
    if (shim === undefined) watcher = watchFolder(dir, checkAgain);
    void shim?.ended.then(checkAgain);
    checkAgain();
    return cancel;
  }

  /**
   * Ends a run: TERM to its group and to those of its processes that left the group, KILL to what
   * is left after the grace time. Resolves when none of them lives. Each process is checked to be
   * the run's own before it is signalled. If the attempt has ended, this ends what its script left
   * behind; one that never started, or runs on another host, is left alone.
   */
  async stop(place: AttemptPlace): Promise<void> {
    const { lab, attempt, token } = place;
    const dir = attemptDir(lab, attempt);
    const state = await this.#look(place);
    if (state.kind === "never-started" || state.kind === "unknown") return;
    // Any failure: what lives and names the attempt is ended all the same.
    const { child } = await readProcesses(dir, token).catch((): Partial<AttemptProcesses> => ({}));
    const left = (): readonly FoundProcess[] =>
      "main" in state ? processesLeft(dir, child) : processesOf(dir);
    // If the leader has ended, its number may by now lead another group. Where nothing else can be
    // looked for, the shim, which still waits for the group, is trusted in that.
    const leads = (one: ProcessIdentity): boolean =>
      isAlive(one) || (state.kind === "running" && "main" in state && !listsProcesses());
    const leader = child !== undefined && leads(child) ? child : undefined;
    const deadline = Date.now() + this.#graceMs;
    if (leader !== undefined) signalGroup(leader, "SIGTERM");
    for (const escaped of left()) {
      if (escaped.group !== leader?.pid) signalProcess(escaped, "SIGTERM");
    }
    const anyLeft = (): boolean =>
      (leader !== undefined && groupLives(leader)) || left().length > 0;
    while (Date.now() < deadline && anyLeft()) await wait(STOP_LOOK_MS);
    if (leader !== undefined && groupLives(leader)) signalGroup(leader, "SIGKILL");
    // A process may start another in the moment before it is killed.
    for (let round = 0; round < SWEEP_ROUNDS; round += 1) {
      const alive = left();
      if (alive.length === 0) break;
      for (const escaped of alive) signalProcess(escaped, "SIGKILL");
      const gone = Date.now() + this.#graceMs;
      while (Date.now() < gone && alive.some(isAlive)) await wait(STOP_LOOK_MS);
    }
  }

  /** Sets the time limit of an attempt, which may be running; it counts from the run's start. */
  async extendLimit(lab: string, attempt: AttemptId, limitMs: number): Promise<void> {
    // Written by rename, so that the shim never reads half a number.
    await atomicWrite(join(attemptDir(lab, attempt), "limit"), limitText(limitMs));
  }

  /** Cancels all watches. Runs go on. */
  close(): void {
    for (const cancel of this.#watches) cancel();
    this.#shims.clear();
    this.#closed = true;
  }

  async #spawnShim(
    spec: AttemptSpec,
    dir: string,
    argv: readonly string[],
    env: NodeJS.ProcessEnv,
    locks: readonly number[],
  ): Promise<void> {
    const graceS = Math.max(1, Math.ceil(this.#graceMs / 1000));
    const environment = shimEnvironment(spec, env);
    if (this.#supervision.kind === "service") {
      const paths = locks.map((fd) => readlinkSync(`/proc/self/fd/${fd}`));
      const shim = ["/bin/sh", SHIM, dir, String(graceS), ...paths, "--", ...argv];
      const { memory } = spec;
      const wanted = this.#supervision.memory && memory !== undefined ? { memory } : {};
      const service = { dir, cwd: spec.experiment, graceS, umask: ownUmask(), argv: shim };
      await startService({ ...service, ...wanted }, environment);
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

  /** Waits until the shim has recorded its child. */
  async #leader(spec: AttemptSpec, dir: string): Promise<ProcessIdentity> {
    const deadline = Date.now() + START_DEADLINE_MS;
    for (;;) {
      // Checked before reading: a shim that has exited writes nothing more. Whether the shim of a
      // service has exited is not known here.
      const exited = this.#supervision.kind === "group" && !this.#shims.has(spec.attempt);
      const { child } = await readProcesses(dir, spec.token);
      if (child !== undefined) return child;
      // A shim that found the attempt claimed exits: wait for the shim that claimed it.
      const state = exited ? await this.stateOf(spec) : undefined;
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

/** Waits for a shim that has written the exit code to exit, SHIM_LEAVES_MS at most. */
async function shimExited(dir: string, token: string | undefined): Promise<void> {
  // Any failure: a GPU whose lock is still held is asked for again.
  const { shim } = await readProcesses(dir, token).catch((): Partial<AttemptProcesses> => ({}));
  const deadline = Date.now() + SHIM_LEAVES_MS;
  const isLeaving = (): boolean => shim !== undefined && isAlive(shim) && Date.now() < deadline;
  while (isLeaving()) await wait(START_LOOK_MS);
}

/** Whether a run has passed its limit, which its shim would enforce if it lived. */
async function isOverLimit(dir: string, token: string | undefined): Promise<boolean> {
  const { child } = await readProcesses(dir, token);
  const age = child === undefined ? undefined : ageMs(child);
  const limit = Number(await orAbsent(readFile(join(dir, "limit"), "utf8"), Number.NaN));
  return age !== undefined && limit > 0 && age > limit * 1000;
}

/**
 * Whether a started attempt's folder was removed and its processes are gone, in a lab that is still
 * there. Of a lab that was renamed nothing can be said.
 */
function isRemoved(lab: string, dir: string): boolean {
  try {
    return isThere(lab) && !isThere(dir) && processesOf(dir).length === 0;
  } catch {
    // Any failure: not being able to look removes nothing.
    return false;
  }
}

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;

const LOST: AttemptEnd = { kind: "lost", why: "lost" };

function watchFolder(dir: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(dir, (_, name) => {
      if (name === "exit") changed();
    }).on("error", () => undefined);
  } catch {
    // Any failure: polling is enough.
    return undefined;
  }
}

/** This process's umask in octal; asking Node for it would unset it for a moment. */
function ownUmask(): string {
  const status = readFileSync("/proc/self/status", "utf8");
  return /^Umask:\s*([0-7]+)$/m.exec(status)?.[1] ?? "0022";
}

/** The shim's descriptors: locks from 3 on, except 9, which the shim uses itself. */
function shimFiles(locks: readonly number[]): Program["files"] {
  const below9 = locks.slice(0, 6);
  const above9 = locks.slice(6);
  const gap = above9.length === 0 ? [] : ["closed" as const];
  return ["null", "null", "null", ...below9, ...gap, ...above9];
}

/** What only the shim may set. */
const OF_THE_SHIM = [RUN_ID_VARIABLE, ATTEMPT_VARIABLE, TOKEN_VARIABLE];

/**
 * The shim's environment: the run's, and its token. The shim itself must not count as the run, nor
 * as that of a nightlab around this one.
 */
function shimEnvironment(spec: AttemptSpec, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = { ...base, PYTHONUNBUFFERED: "1", NIGHTLAB_RUN_NAME: spec.name, ...spec.env };
  const own = Object.entries(given).filter(([name]) => !OF_THE_SHIM.includes(name));
  const token = spec.token === undefined ? {} : { [TOKEN_VARIABLE]: spec.token };
  return { ...Object.fromEntries(own), ...slotVariables(spec.place), ...token };
}

/** The shim reads the limit in whole seconds. */
const limitText = (limitMs: number): string => `${Math.max(1, Math.ceil(limitMs / 1000))}\n`;
