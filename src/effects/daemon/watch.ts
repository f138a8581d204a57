// Eyes on the labs: which experiments there are, and that a journal may have changed.
// What a change means is found by reading; nothing below a run's folder is watched here.
import { existsSync, readdirSync, statSync, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { watch, type FSWatcher } from "chokidar";
import { POLL_MS } from "../../base/limits.ts";
import { experimentPath, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { EXPERIMENTS_PER_LAB, LAB_DEPTH } from "../run-store/lab-experiments.ts";

export interface LabWatchHandlers {
  /** `initial`: it was there when the watch began. */
  readonly experimentFound: (experiment: ExperimentPath, initial: boolean) => void;
  readonly experimentGone: (experiment: ExperimentPath) => void;
  readonly journalTouched: (experiment: ExperimentPath) => void;
  /** The last editor that shows when it has the journal open has closed it. */
  readonly editorClosed: (experiment: ExperimentPath) => void;
  /** The list of ignored runs beside the journal may have changed. */
  readonly ignoredTouched: (experiment: ExperimentPath) => void;
  /** The experiment has a `runs/` folder. What is in it is not watched here. */
  readonly runsFound: (experiment: ExperimentPath) => void;
  readonly settingsTouched: () => void;
  readonly failed: (error: unknown) => void;
}

export interface LabWatch {
  /** Resolves when everything that was there has been told. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

const JOURNAL = "JOURNAL.md";
const IGNORED = "IGNORED_RUNS.md";
const SETTINGS = "nightlab.yaml";
const RUNS = "runs";

/** Watches one lab: its settings, its folders, and the journals in them. */
export function watchLab(lab: LabPath, handlers: LabWatchHandlers): LabWatch {
  const experiments = new Map<ExperimentPath, string>();
  let initial = true;
  const watcher = watch(lab, {
    ignored: (path, stats) => isIgnored(lab, path, stats),
    depth: LAB_DEPTH,
    followSymlinks: false,
    ignorePermissionErrors: true,
    // It would pass swap files by; a save by renaming is told as gone and there, which is as good.
    atomic: false,
  });
  const touched = (path: string): void => {
    const name = basename(path);
    const experiment = experimentPath(dirname(path));
    if (isSwapFile(name)) return;
    if (name === SETTINGS) handlers.settingsTouched();
    else if (name === JOURNAL && !experiments.has(experiment)) {
      if (experiments.size >= EXPERIMENTS_PER_LAB || isWithinAnother(lab, experiment)) return;
      experiments.set(experiment, "");
      handlers.experimentFound(experiment, initial);
      handlers.journalTouched(experiment);
    } else if (name === IGNORED) handlers.ignoredTouched(experiment);
    else if (experiments.has(experiment)) handlers.journalTouched(experiment);
  };
  const ready = new Promise<void>((resolve) => {
    watcher.once("ready", () => {
      initial = false;
      resolve();
    });
  });
  watcher
    .on("add", touched)
    .on("change", touched)
    .on("unlink", (path) => {
      const experiment = experimentPath(dirname(path));
      if (isSwapFile(basename(path))) {
        if (experiments.has(experiment) && !isOpen(experiment)) handlers.editorClosed(experiment);
      } else if (basename(path) === SETTINGS) handlers.settingsTouched();
      else if (basename(path) === IGNORED) handlers.ignoredTouched(experiment);
      else if (experiments.has(experiment)) handlers.journalTouched(experiment);
    })
    .on("addDir", (path) => {
      if (basename(path) === RUNS) handlers.runsFound(experimentPath(dirname(path)));
    })
    .on("unlinkDir", (path) => {
      for (const experiment of experiments.keys()) {
        if (experiment !== path && !experiment.startsWith(path + sep)) continue;
        experiments.delete(experiment);
        handlers.experimentGone(experiment);
      }
    })
    .on("error", handlers.failed);
  const poll = pollJournals(experiments, handlers);
  return {
    ready,
    async close() {
      clearInterval(poll);
      await closeQuietly(watcher);
    },
  };
}

/** Watchers can lose an event: every journal's stat is compared now and then as well. */
function pollJournals(
  experiments: Map<ExperimentPath, string>,
  handlers: LabWatchHandlers,
): NodeJS.Timeout {
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

/** Only folders that may hold experiments, and the three files that steer anything. */
function isIgnored(lab: LabPath, path: string, stats: Stats | undefined): boolean {
  if (path === lab) return false;
  const name = basename(path);
  if (basename(dirname(path)) === RUNS && dirname(path) !== lab) return true;
  if (isSwapFile(name)) return false;
  if (isIgnoredFolder(name) && name !== RUNS) return true;
  if (stats === undefined) return false;
  // A journal may be a link to where a person keeps it; folders are not followed.
  if (stats.isSymbolicLink()) return name !== JOURNAL;
  if (stats.isFile()) {
    return name !== JOURNAL && name !== IGNORED && !(name === SETTINGS && dirname(path) === lab);
  }
  return !stats.isDirectory() || belongsElsewhere(path);
}

/**
 * Vim, nano and others keep one beside the journal for as long as they have it open. An Emacs lock
 * is no such sign: it is there while a buffer has unsaved changes, and goes at each save.
 */
const isSwapFile = (name: string): boolean => /^\.JOURNAL\.md\.sw[a-p]$/.test(name);

function isOpen(experiment: ExperimentPath): boolean {
  try {
    return readdirSync(experiment).some(isSwapFile);
  } catch {
    return false;
  }
}

/** A lab within a lab, or a linked worktree, is somebody else's. */
function belongsElsewhere(folder: string): boolean {
  if (existsSync(join(folder, SETTINGS))) return true;
  return statSync(join(folder, ".git"), { throwIfNoEntry: false })?.isFile() === true;
}

/** A folder is seen as soon as it is made, and what it is may stand in it a moment later. */
function isWithinAnother(lab: LabPath, experiment: ExperimentPath): boolean {
  for (let at: string = experiment; at.startsWith(lab + sep); at = dirname(at)) {
    if (belongsElsewhere(at)) return true;
  }
  return false;
}

async function closeQuietly(watcher: FSWatcher): Promise<void> {
  await watcher.close().catch(() => undefined);
}
