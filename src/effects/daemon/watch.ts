// Watches a lab's folders: which experiments there are, and which journals may have changed.
// journal-handlers.ts reads what changed; nothing below a run's folder is watched here.
import { existsSync, readdirSync, statSync, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { watch, type FSWatcher } from "chokidar";
import { POLL_MS } from "../../base/limits.ts";
import { experimentPath, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import type { ExperimentSight } from "../../domain/event.ts";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { EXPERIMENTS_PER_LAB, LAB_DEPTH } from "../run-store/lab-experiments.ts";

export interface LabWatchHandlers {
  readonly experimentFound: (
    experiment: ExperimentPath,
    sight: Exclude<ExperimentSight, "made">,
  ) => void;
  readonly experimentGone: (experiment: ExperimentPath) => void;
  readonly journalTouched: (experiment: ExperimentPath) => void;
  /** The journal's last swap file is gone: no editor that makes one has it open any more. */
  readonly editorClosed: (experiment: ExperimentPath) => void;
  /** The list of ignored runs beside the journal may have changed. */
  readonly ignoredTouched: (experiment: ExperimentPath) => void;
  /** The experiment has a `runs/` folder. What is in it is not watched here. */
  readonly runsFound: (experiment: ExperimentPath) => void;
  /** nightlab.yaml may have changed. */
  readonly settingsTouched: () => void;
  readonly failed: (error: unknown) => void;
}

export interface LabWatch {
  /** Resolves when everything that was there at the start has been reported. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const JOURNAL = "JOURNAL.md";
const IGNORED = "IGNORED_RUNS.md";
const SETTINGS = "nightlab.yaml";
const RUNS = "runs";

/** What the watch of one lab knows. */
interface Watching {
  readonly lab: LabPath;
  readonly handlers: LabWatchHandlers;
  /** The stat of each experiment's journal at its last poll; empty before the first one. */
  readonly experiments: Map<ExperimentPath, string>;
  /** When each folder was first seen without a journal, ms since 1970. */
  readonly empty: Map<string, number>;
  /** Until everything that was there at the start has been reported. */
  initial: boolean;
}

/**
 * A clone, an archive or a copy brings a journal with its folder; what a person makes stands longer
 * without one.
 */
export const TYPED_AFTER_MS = 2_000;

/** Watches one lab: its settings, its folders, and the journals in them. */
export function watchLab(lab: LabPath, handlers: LabWatchHandlers): LabWatch {
  const watching: Watching = {
    lab,
    handlers,
    experiments: new Map(),
    empty: new Map(),
    initial: true,
  };
  const watcher = watch(lab, {
    ignored: (path, stats) => isIgnored(lab, path, stats),
    depth: LAB_DEPTH,
    followSymlinks: false,
    ignorePermissionErrors: true,
    // Atomic mode ignores swap files. Without it a save by renaming is an unlink and an add, which
    // serve as well.
    atomic: false,
  });
  const ready = new Promise<void>((resolve) => {
    watcher.once("ready", () => {
      watching.initial = false;
      resolve();
    });
  });
  watcher
    .on("add", (path) => fileTouched(watching, path))
    .on("change", (path) => fileTouched(watching, path))
    .on("unlink", (path) => fileGone(watching, path))
    .on("addDir", (path) => {
      if (basename(path) === RUNS) handlers.runsFound(experimentPath(dirname(path)));
      else if (!watching.experiments.has(experimentPath(path))) {
        watching.empty.set(path, Date.now());
      }
    })
    .on("unlinkDir", (path) => folderGone(watching, path))
    .on("error", handlers.failed);
  const poll = pollJournals(watching);
  return {
    ready,
    async close() {
      clearInterval(poll);
      await closeQuietly(watcher);
    },
  };
}

/** A file was added or changed. */
function fileTouched(watching: Watching, path: string): void {
  const { lab, handlers, experiments } = watching;
  const name = basename(path);
  const experiment = experimentPath(dirname(path));
  if (isSwapFile(name)) return;
  if (name === SETTINGS) handlers.settingsTouched();
  else if (name === JOURNAL && !experiments.has(experiment)) {
    if (experiments.size >= EXPERIMENTS_PER_LAB || isWithinAnother(lab, experiment)) return;
    experiments.set(experiment, "");
    handlers.experimentFound(experiment, sightOf(watching, experiment));
    watching.empty.delete(experiment);
    handlers.journalTouched(experiment);
  } else if (name === IGNORED) handlers.ignoredTouched(experiment);
  else if (experiments.has(experiment)) handlers.journalTouched(experiment);
}

/** How an experiment was found whose journal has just appeared. */
function sightOf(
  { initial, empty }: Watching,
  experiment: ExperimentPath,
): "stood" | "typed" | "arrived" {
  if (initial) return "stood";
  const sinceMs = empty.get(experiment) ?? Number.POSITIVE_INFINITY;
  const isOwn = !["runs", ".git"].some((name) => existsSync(join(experiment, name)));
  const mtimeMs = statSync(join(experiment, JOURNAL), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // A file that was moved or unpacked here is older than its folder.
  return isOwn && Date.now() - sinceMs >= TYPED_AFTER_MS && mtimeMs >= sinceMs
    ? "typed"
    : "arrived";
}

function fileGone({ handlers, experiments }: Watching, path: string): void {
  const name = basename(path);
  const experiment = experimentPath(dirname(path));
  if (isSwapFile(name)) {
    if (experiments.has(experiment) && !isOpen(experiment)) handlers.editorClosed(experiment);
  } else if (name === SETTINGS) handlers.settingsTouched();
  else if (name === IGNORED) handlers.ignoredTouched(experiment);
  else if (experiments.has(experiment)) handlers.journalTouched(experiment);
}

/** A folder is gone, and every experiment in it. */
function folderGone({ handlers, experiments, empty }: Watching, path: string): void {
  for (const folder of empty.keys()) {
    if (folder === path || folder.startsWith(path + sep)) empty.delete(folder);
  }
  for (const experiment of experiments.keys()) {
    if (experiment !== path && !experiment.startsWith(path + sep)) continue;
    experiments.delete(experiment);
    handlers.experimentGone(experiment);
  }
}

/** Watchers can lose an event, so every journal's stat is compared every POLL_MS as well. */
function pollJournals({ experiments, handlers }: Watching): NodeJS.Timeout {
  const look = async (experiment: ExperimentPath, last: string): Promise<void> => {
    const now = await stat(join(experiment, JOURNAL)).then(
      ({ ino, size, mtimeMs }) => `${ino} ${size} ${mtimeMs}`,
      () => "absent",
    );
    if (now === last || !experiments.has(experiment)) return;
    experiments.set(experiment, now);
    if (last !== "") handlers.journalTouched(experiment);
  };
  const timer = setInterval(() => {
    for (const [experiment, last] of experiments) void look(experiment, last);
  }, POLL_MS);
  return timer.unref();
}

/** Watches only folders that may hold experiments, and the three files that mean something. */
function isIgnored(lab: LabPath, path: string, stats: Stats | undefined): boolean {
  if (path === lab) return false;
  const name = basename(path);
  if (basename(dirname(path)) === RUNS && dirname(path) !== lab) return true;
  if (isSwapFile(name)) return false;
  if (isIgnoredFolder(name) && name !== RUNS) return true;
  if (stats === undefined) return false;
  // A journal may be a link to where a person keeps it; links to folders are not followed.
  if (stats.isSymbolicLink()) return name !== JOURNAL;
  if (stats.isFile()) {
    return name !== JOURNAL && name !== IGNORED && !(name === SETTINGS && dirname(path) === lab);
  }
  return !stats.isDirectory() || belongsElsewhere(path);
}

/**
 * Vim, nano and others keep a swap file beside the journal while they have it open. An Emacs lock
 * does not show that: it exists only while a buffer has unsaved changes, and goes at each save.
 */
const isSwapFile = (name: string): boolean => /^\.JOURNAL\.md\.sw[a-p]$/.test(name);

/** Whether an editor that makes swap files has the journal open. */
function isOpen(experiment: ExperimentPath): boolean {
  try {
    return readdirSync(experiment).some(isSwapFile);
  } catch {
    return false;
  }
}

/** Whether a folder is a lab of its own within this one, or a linked git worktree. */
function belongsElsewhere(folder: string): boolean {
  if (existsSync(join(folder, SETTINGS))) return true;
  return statSync(join(folder, ".git"), { throwIfNoEntry: false })?.isFile() === true;
}

/**
 * Checked again when a journal appears: a new folder is seen at once, and the file that makes it
 * another lab or worktree may come a moment later.
 */
function isWithinAnother(lab: LabPath, experiment: ExperimentPath): boolean {
  for (let at: string = experiment; at.startsWith(lab + sep); at = dirname(at)) {
    if (belongsElsewhere(at)) return true;
  }
  return false;
}

async function closeQuietly(watcher: FSWatcher): Promise<void> {
  await watcher.close().catch(() => undefined);
}
