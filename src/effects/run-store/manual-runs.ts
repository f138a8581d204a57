// Runs that a person starts by hand: their folders appear, their logs grow, and plots and report
// follow them. They have no command, no record and no receipt; nothing is ever stopped here.
import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RUN_FOLDER, type ExperimentPath, type RunFolder } from "../../base/ids.ts";
import { findings } from "../../rules/findings.ts";
import { folderChanged } from "../os/wait-for-change.ts";
import { renewPlots } from "../render/run-plots.ts";
import type { Renderer } from "../render/render.ts";
import { listRunFolders, runDir } from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { openTail, type RunTail } from "./tail.ts";

/** A new run folder is a person's own when no run of the daemon's has claimed it by then. */
const HAND_RUN_PATIENCE_MS = 2_000;
/** Where the kernel tells nothing, the logs of a run started by hand are looked at this often. */
const HAND_RUN_LOOK_MS = 5_000;
/** Its logs have not grown for this long: it is over, or as good as over. */
const HAND_RUN_REST_MS = 3_600_000;

export interface ManualRuns {
  /** The experiment's `runs/` is there: what appears in it from now on is looked at. */
  readonly watch: (experiment: ExperimentPath) => void;
  readonly unwatch: (experiment: ExperimentPath) => void;
  readonly close: () => Promise<void>;
}

export interface ManualRunsParts {
  readonly renderer: Renderer;
  readonly around: RunContext;
  /** The folder is that of a command's run, or may turn out to be. */
  readonly isOurs: (experiment: ExperimentPath, folder: RunFolder, name: string) => boolean;
}

interface Watched {
  watcher: FSWatcher | undefined;
  /** Folders that were there before, or have been dealt with. */
  readonly seen: Set<string>;
}

/** Watches `runs/` folders for runs that no command has started. */
export function manualRuns(parts: ManualRunsParts): ManualRuns {
  const { around } = parts;
  const watched = new Map<ExperimentPath, Watched>();
  const over = new AbortController();
  const following = new Set<Promise<void>>();

  const look = async (experiment: ExperimentPath, entry: Watched): Promise<void> => {
    // A run of the daemon's own is known by its folder a moment after that appeared.
    await pause(HAND_RUN_PATIENCE_MS, undefined, { signal: over.signal });
    for (const folder of await listRunFolders(experiment)) {
      if (entry.seen.has(folder) || over.signal.aborted) continue;
      const name = RUN_FOLDER.exec(folder)?.[2] ?? "";
      entry.seen.add(folder);
      if (parts.isOurs(experiment, folder, name)) continue;
      const followed = follow(experiment, folder).catch((error: unknown) => {
        if (!over.signal.aborted) around.warn("run not followed", { folder, error: String(error) });
      });
      following.add(followed);
      void followed.then(() => following.delete(followed));
    }
  };

  const follow = async (experiment: ExperimentPath, folder: RunFolder): Promise<void> => {
    const tail = openTail(runDir(experiment, folder));
    for (let restedMs = 0; restedMs < HAND_RUN_REST_MS && !over.signal.aborted;) {
      let news = false;
      while (!over.signal.aborted && (await tail.poll())) news = true;
      if (news) {
        await draw(experiment, folder, tail, true);
        restedMs = 0;
        await pause(around.renewMs(experiment), undefined, { signal: over.signal });
        continue;
      }
      const from = performance.now();
      await folderChanged(join(runDir(experiment, folder), "logs"), HAND_RUN_LOOK_MS, over.signal);
      restedMs += performance.now() - from;
    }
    if (!over.signal.aborted) await draw(experiment, folder, tail, false);
  };

  const draw = async (
    experiment: ExperimentPath,
    folder: RunFolder,
    tail: RunTail,
    scriptRuns: boolean,
  ): Promise<void> => {
    const reading = tail.reader.reading();
    const plan = around.plan(experiment);
    const nowMs = around.now();
    const { failures } = await renewPlots({
      runDir: runDir(experiment, folder),
      runTitle: folder,
      reading,
      findings: findings({
        reading,
        plan,
        startedAtMs: nowMs,
        limitMs: Number.MAX_SAFE_INTEGER,
        long: true,
        nowMs,
        verb: "run",
      }),
      promised: plan.metrics.map(({ key }) => key),
      renderer: parts.renderer,
      scriptRuns,
    });
    for (const failure of failures) around.warn("plot not drawn", { folder, failure });
    around.reportTouched(experiment);
  };

  const begin = async (
    experiment: ExperimentPath,
    entry: Watched,
    changed: () => void,
  ): Promise<void> => {
    for (const folder of await listRunFolders(experiment)) entry.seen.add(folder);
    if (!watched.has(experiment)) return;
    try {
      entry.watcher = watch(join(experiment, "runs"), changed);
      entry.watcher.on("error", () => entry.watcher?.close());
    } catch (error) {
      around.warn("runs/ not watched", { experiment, error: String(error) });
    }
  };

  return {
    watch(experiment) {
      if (watched.has(experiment) || over.signal.aborted) return;
      const entry: Watched = { watcher: undefined, seen: new Set() };
      watched.set(experiment, entry);
      let looking: Promise<void> = Promise.resolve();
      const changed = (): void => {
        looking = looking.then(() => look(experiment, entry)).catch(() => undefined);
      };
      void begin(experiment, entry, changed);
    },
    unwatch(experiment) {
      watched.get(experiment)?.watcher?.close();
      watched.delete(experiment);
    },
    async close() {
      over.abort();
      for (const { watcher } of watched.values()) watcher?.close();
      watched.clear();
      await Promise.all(following);
    },
  };
}
