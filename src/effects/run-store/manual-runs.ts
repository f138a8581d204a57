// Runs that a person starts without a command: their folders appear, their logs grow, and plots and
// report follow them. They have no record and no receipt, and nightlab never stops them.
import { readdirSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { RUN_FOLDER, type ExperimentPath, type RunFolder } from "../../base/ids.ts";
import { findings } from "../../rules/findings.ts";
import { folderChanged } from "../os/wait-for-change.ts";
import { renewPlots, type PlotsInput } from "../render/run-plots.ts";
import type { Renderer } from "../render/render.ts";
import { listRunFolders, runDir } from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { openTail, type RunTail } from "./tail.ts";

/** A new folder counts as a manual run when no run of the daemon's has claimed it by then. */
const CLAIM_WAIT_MS = 2_000;
/** Without change events from the kernel, a manual run's logs are checked this often. */
const LOG_POLL_MS = 5_000;
/** A manual run whose logs have not grown for this long counts as over. */
const IDLE_END_MS = 3_600_000;

export interface ManualRuns {
  /** Call it once the experiment's `runs/` exists: folders that appear from now on are followed. */
  readonly watch: (experiment: ExperimentPath) => void;
  readonly unwatch: (experiment: ExperimentPath) => void;
  /** Stops watching and following, and waits until nothing is drawn any more. */
  readonly close: () => Promise<void>;
}

export interface ManualRunsParts {
  readonly renderer: Renderer;
  readonly context: RunContext;
  /** Whether the folder belongs to a command's run, or may still turn out to. */
  readonly isOurs: (experiment: ExperimentPath, folder: RunFolder, name: string) => boolean;
}

/** Watches `runs/` folders for runs that no command has started. */
export function manualRuns(parts: ManualRunsParts): ManualRuns {
  const state: State = {
    parts,
    watched: new Map(),
    closing: new AbortController(),
    following: new Set(),
  };
  return {
    watch: (experiment) => watchExperiment(state, experiment),
    unwatch(experiment) {
      state.watched.get(experiment)?.watcher?.close();
      state.watched.delete(experiment);
    },
    async close() {
      state.closing.abort();
      for (const { watcher } of state.watched.values()) watcher?.close();
      state.watched.clear();
      await Promise.all(state.following);
    },
  };
}

interface State {
  readonly parts: ManualRunsParts;
  readonly watched: Map<ExperimentPath, Watched>;
  /** Aborted by `close`. */
  readonly closing: AbortController;
  /** One promise per followed run, resolved when it is no longer followed. */
  readonly following: Set<Promise<void>>;
}

/** An experiment whose `runs/` is watched. */
interface Watched {
  watcher: FSWatcher | undefined;
  /** Folders that existed before the watch, or have been handled since. */
  readonly seen: Set<string>;
  /** The scan in progress: each change queues another one behind it. */
  scanning: Promise<void>;
}

function watchExperiment(state: State, experiment: ExperimentPath): void {
  if (state.watched.has(experiment) || state.closing.signal.aborted) return;
  const entry: Watched = { watcher: undefined, seen: new Set(), scanning: Promise.resolve() };
  state.watched.set(experiment, entry);
  startWatch(state, experiment, entry);
}

function startWatch(state: State, experiment: ExperimentPath, entry: Watched): void {
  const runs = join(experiment, "runs");
  const changed = (): void => {
    entry.scanning = entry.scanning
      .then(() => followNewFolders(state, experiment, entry))
      // Any failure: the next change scans again.
      .catch(() => undefined);
  };
  try {
    entry.watcher = watch(runs, changed);
    entry.watcher.on("error", () => entry.watcher?.close());
    // Names alone, at once: a daemon starts with a thousand of these folders.
    for (const name of readdirSync(runs)) if (RUN_FOLDER.test(name)) entry.seen.add(name);
  } catch (error) {
    state.parts.context.warn("runs/ not watched", { experiment, error: String(error) });
  }
}

async function followNewFolders(
  state: State,
  experiment: ExperimentPath,
  entry: Watched,
): Promise<void> {
  const { signal } = state.closing;
  // The daemon learns the folder of its own run a moment after it appears.
  await pause(CLAIM_WAIT_MS, undefined, { signal });
  for (const folder of await listRunFolders(experiment)) {
    if (entry.seen.has(folder) || signal.aborted) continue;
    const name = RUN_FOLDER.exec(folder)?.[2] ?? "";
    entry.seen.add(folder);
    if (state.parts.isOurs(experiment, folder, name)) continue;
    const followed = follow(state, experiment, folder).catch((error: unknown) => {
      if (signal.aborted) return;
      state.parts.context.warn("run not followed", { folder, error: String(error) });
    });
    state.following.add(followed);
    void followed.then(() => state.following.delete(followed));
  }
}

/** Renews a run's plots as its logs grow, until they have been idle for IDLE_END_MS. */
async function follow(
  { parts, closing: { signal } }: State,
  experiment: ExperimentPath,
  folder: RunFolder,
): Promise<void> {
  const dir = runDir(experiment, folder);
  const tail = openTail(dir);
  // Of this run alone: whose turn it is to be drawn is told by it.
  const unwanted = AbortSignal.any([signal]);
  for (let idleMs = 0; idleMs < IDLE_END_MS && !signal.aborted;) {
    let grew = false;
    while (!signal.aborted && (await tail.poll())) grew = true;
    if (grew) {
      const endTurn = await parts.renderer.turn(unwanted);
      while (!signal.aborted && (await tail.poll()));
      await draw(parts, experiment, folder, tail, { scriptRuns: true, unwanted });
      endTurn();
      idleMs = 0;
      await pause(parts.context.renewMs(experiment), undefined, { signal });
      continue;
    }
    const from = performance.now();
    await folderChanged(join(dir, "logs"), LOG_POLL_MS, signal);
    idleMs += performance.now() - from;
  }
  if (!signal.aborted) await draw(parts, experiment, folder, tail, {});
}

async function draw(
  { renderer, context: around }: ManualRunsParts,
  experiment: ExperimentPath,
  folder: RunFolder,
  tail: RunTail,
  more: Pick<PlotsInput, "scriptRuns" | "unwanted">,
): Promise<void> {
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
    renderer,
    ...more,
  });
  for (const failure of failures) around.warn("plot not drawn", { folder, failure });
  around.reportTouched(experiment);
}
