// Follows one run while it goes on: finds its folder, moves its console there, reads what its
// logs gain and has its plots renewed. It ends with the run; what the ending means is read after.
import { setTimeout as pause } from "node:timers/promises";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import { readNotes } from "../supervise/attempt-notes.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { folderChanged } from "../os/wait-for-change.ts";
import { discoverRunFolder, moveConsole, runDir } from "../supervise/run-folders.ts";
import { openTail, type RunTail } from "./tail.ts";
import { join } from "node:path";

/** Where the kernel tells nothing, a new run folder is looked for this often. */
const FOLDER_LOOK_MS = 500;
/** Where the kernel tells nothing, a running run's logs are looked at this often. */
const LOG_LOOK_MS = 1_000;
/** Lines that come together are read together. */
const LOG_PAUSE_MS = 50;

export interface FollowerHandlers {
  /** The rest after a renewal, in ms. */
  readonly restMs: () => number;
  /** Folders that other runs have made. */
  readonly taken: () => ReadonlySet<string>;
  /** Called once, before anything is read from the folder. */
  readonly folderFound: (folder: RunFolder) => void;
  /** Its logs have more to say; resolves when that has been shown. */
  readonly logsGrew: (folder: RunFolder, tail: RunTail) => Promise<void>;
}

export interface RunFollower {
  /** Where it looks: a folder that was renamed since is not there any more. */
  readonly experiment: string;
  /** The run has ended: stops following, and gives what is known of it. */
  end(): Promise<{ readonly folder: RunFolder | undefined; readonly tail: RunTail | undefined }>;
}

/** Starts following; `folder` is known for a run taken up again, and for evaluations. */
export function followRun(
  spec: AttemptSpec,
  folder: RunFolder | undefined,
  handlers: FollowerHandlers,
): RunFollower {
  const over = new AbortController();
  let where = folder;
  let tail: RunTail | undefined;

  let moved = false;
  const settle = (its: RunFolder): void => {
    where = its;
    handlers.folderFound(its);
  };
  const move = async (to: RunFolder): Promise<void> => {
    if (moved) return;
    const { lab, attempt, experiment } = spec;
    const dir = attemptDir(lab, attempt);
    const result = await moveConsole(dir, attempt, experiment, to, { scriptRuns: true });
    moved = result.kind === "moved";
  };
  const search = async (): Promise<void> => {
    if (where !== undefined) return settle(where);
    if (spec.verb !== "run") return;
    const before = new Set((await readNotes(spec))?.foldersBefore ?? []);
    for (;;) {
      const { experiment, attempt, name } = spec;
      const found = await discoverRunFolder(experiment, attempt, name, before, handlers.taken());
      if (found.kind === "found") return settle(found.folder);
      if (over.signal.aborted) return;
      await folderChanged(join(experiment, "runs"), FOLDER_LOOK_MS, over.signal);
    }
  };
  const read = async (): Promise<void> => {
    if (where === undefined || over.signal.aborted) return;
    const dir = runDir(spec.experiment, where);
    tail = openTail(dir);
    while (!over.signal.aborted) {
      let news = false;
      await move(where);
      while (!over.signal.aborted && (await tail.poll())) news = true;
      if (news && !over.signal.aborted) {
        await handlers.logsGrew(where, tail);
        await pause(handlers.restMs(), undefined, { signal: over.signal }).catch(() => undefined);
      } else {
        await folderChanged(join(dir, "logs"), LOG_LOOK_MS, over.signal);
        await pause(LOG_PAUSE_MS, undefined, { signal: over.signal }).catch(() => undefined);
      }
    }
  };
  const done = search().then(read);
  return {
    experiment: spec.experiment,
    async end() {
      over.abort();
      await done;
      return { folder: where, tail };
    },
  };
}
