// Follows one run while it goes on: finds its folder, moves its console output there, and reads its
// logs as they grow. It stops when the run ends; run-ending.ts reads what remains.
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { readNotes } from "../supervise/attempt-notes.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { folderChanged } from "../os/wait-for-change.ts";
import {
  discoverRunFolder,
  moveConsole,
  runDir,
  type FolderSearch,
} from "../supervise/run-folders.ts";
import { openTail, type RunTail } from "./tail.ts";

/** Without change events from the kernel, a new run folder is looked for this often. */
const FOLDER_POLL_MS = 500;
/** Without change events from the kernel, a running run's logs are checked this often. */
const LOG_POLL_MS = 1_000;
/** Pause after a change, so that lines written together are read together. */
const LOG_PAUSE_MS = 50;

export interface FollowerHandlers {
  /** How long to rest after a renewal, in ms. */
  readonly restMs: () => number;
  /** Folders that belong to other runs. */
  readonly taken: () => ReadonlySet<string>;
  /** Called once, before anything is read from the folder. */
  readonly folderFound: (folder: RunFolder) => void;
  /** Its logs have grown; resolves when what is new has been shown. */
  readonly logsGrew: (folder: RunFolder, tail: RunTail) => Promise<void>;
  /** Its folder cannot be looked for now; called once for each reason in a row. */
  readonly unread: (why: string) => void;
}

export interface RunFollower {
  /** Where it looks. If the experiment is renamed, this path no longer exists. */
  readonly experiment: string;
  /** The run has ended: stops following and returns the folder and tail, where there are any. */
  end(): Promise<{ readonly folder: RunFolder | undefined; readonly tail: RunTail | undefined }>;
}

/** Starts following; `folder` is known for adopted runs and for evaluations. */
export function followRun(
  spec: AttemptSpec,
  folder: RunFolder | undefined,
  handlers: FollowerHandlers,
): RunFollower {
  return new Follower(spec, folder, handlers);
}

class Follower implements RunFollower {
  readonly #spec: AttemptSpec;
  readonly #handlers: FollowerHandlers;
  /** Aborted when the run has ended. */
  readonly #over = new AbortController();
  readonly #done: Promise<void>;
  #folder: RunFolder | undefined;
  #tail: RunTail | undefined;
  #consoleMoved = false;
  /** Run folders that stood there before its start. */
  #before: ReadonlySet<string> | undefined;
  /** Why its folder could not be looked for last time. */
  #unread: string | undefined;

  constructor(spec: AttemptSpec, folder: RunFolder | undefined, handlers: FollowerHandlers) {
    this.#spec = spec;
    this.#handlers = handlers;
    this.#folder = folder;
    this.#done = this.#findFolder().then(() => this.#read());
  }

  get experiment(): string {
    return this.#spec.experiment;
  }

  async end(): Promise<{
    readonly folder: RunFolder | undefined;
    readonly tail: RunTail | undefined;
  }> {
    this.#over.abort();
    await this.#done;
    return { folder: this.#folder, tail: this.#tail };
  }

  /** Waits until the folder exists or the run has ended; an evaluation never makes one. */
  async #findFolder(): Promise<void> {
    if (this.#folder === undefined && this.#spec.verb !== "run") return;
    this.#folder ??= await this.#discover();
    if (this.#folder !== undefined) this.#handlers.folderFound(this.#folder);
  }

  async #discover(): Promise<RunFolder | undefined> {
    const { experiment } = this.#spec;
    for (;;) {
      const found = await this.#search().catch((error: unknown) => this.#tellUnread(error));
      if (found?.kind === "found") return found.folder;
      if (this.#over.signal.aborted) return undefined;
      await folderChanged(join(experiment, "runs"), FOLDER_POLL_MS, this.#over.signal);
    }
  }

  #tellUnread(error: unknown): undefined {
    if (this.#unread !== String(error)) this.#handlers.unread(String(error));
    this.#unread = String(error);
  }

  async #search(): Promise<FolderSearch> {
    const { experiment, attempt, name } = this.#spec;
    this.#before ??= new Set((await readNotes(this.#spec))?.foldersBefore ?? []);
    return await discoverRunFolder(experiment, attempt, name, this.#before, this.#handlers.taken());
  }

  async #read(): Promise<void> {
    const { signal } = this.#over;
    const folder = this.#folder;
    if (folder === undefined || signal.aborted) return;
    const dir = runDir(this.#spec.experiment, folder);
    const tail = openTail(dir);
    this.#tail = tail;
    while (!signal.aborted) {
      let grew = false;
      await this.#moveConsole(folder);
      while (!signal.aborted && (await tail.poll())) grew = true;
      if (grew && !signal.aborted) {
        await this.#handlers.logsGrew(folder, tail);
        // Any failure is the abort; here and below.
        await pause(this.#handlers.restMs(), undefined, { signal }).catch(() => undefined);
      } else {
        await folderChanged(join(dir, "logs"), LOG_POLL_MS, signal);
        // Any failure, as above.
        await pause(LOG_PAUSE_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #moveConsole(folder: RunFolder): Promise<void> {
    if (this.#consoleMoved) return;
    const { lab, attempt, experiment } = this.#spec;
    const dir = attemptDir(lab, attempt);
    const result = await moveConsole(dir, attempt, experiment, folder, { scriptRuns: true });
    this.#consoleMoved = result.kind === "moved";
  }
}
