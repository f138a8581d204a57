// Watches a lab's folders: which experiments there are, and which journals may have changed.
// journal-handlers.ts reads what changed; nothing below a run's folder is watched here.
import { existsSync, readdirSync, type Stats } from "node:fs";
import { access } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { watch } from "chokidar";
import { POLL_MS } from "../../base/limits.ts";
import { experimentPath, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import type { ExperimentSight } from "../../domain/event.ts";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { stat, statSync } from "../os/lab-files.ts";
import { leaves, linkedFolder } from "../os/lab-links.ts";
import { belongsElsewhere, EXPERIMENTS_PER_LAB, LAB_DEPTH } from "../run-store/lab-experiments.ts";

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
  /** Something was made, removed or renamed in a watched folder, be it of interest or not. */
  readonly folderTouched: () => void;
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
  /** The stat of each experiment's journal at its last poll, or before it was first read. */
  readonly experiments: Map<ExperimentPath, string>;
  /** When each folder was first seen without a journal, ms since 1970. */
  readonly empty: Map<string, number>;
  /** Links to folders by their paths; a watch where a link is trusted to lead out of the lab. */
  readonly links: Map<string, FolderWatch | undefined>;
}

/** The watch of a folder: the lab's own, or one that a trusted link leads to. */
interface FolderWatch {
  readonly folder: string;
  /** Resolves when everything that was there at the start has been reported. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
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
    links: new Map(),
  };
  const own = watchFolder(watching, lab, lab);
  const poll = pollJournals(watching);
  const allReady = async (): Promise<void> => {
    await own.ready;
    followLinks(watching);
    await Promise.all(linkedWatches(watching).map((one) => one.ready));
  };
  return {
    ready: allReady(),
    async close() {
      clearInterval(poll);
      await Promise.all([own, ...linkedWatches(watching)].map((one) => one.close()));
    },
  };
}

const linkedWatches = ({ links }: Watching): readonly FolderWatch[] =>
  [...links.values()].filter((one) => one !== undefined);

/** Watches a folder, which the lab knows by another path where a link leads to it. */
function watchFolder(watching: Watching, folder: string, path: string): FolderWatch {
  const { lab, handlers } = watching;
  const known = (real: string): string => path + real.slice(folder.length);
  const depth = path.slice(lab.length).split(sep).length - 1;
  let initial = true;
  const watcher = watch(folder, {
    ignored: (real, stats) => real !== folder && isIgnored(watching, known(real), stats),
    depth: Math.max(0, LAB_DEPTH - depth),
    followSymlinks: false,
    ignorePermissionErrors: true,
    // Atomic mode ignores swap files. Without it a save by renaming is an unlink and an add, which
    // serve as well.
    atomic: false,
  });
  watcher
    .on("add", (real) => fileTouched(watching, known(real), initial))
    .on("change", (real) => fileTouched(watching, known(real), initial))
    .on("unlink", (real) => fileGone(watching, known(real)))
    .on("addDir", (real) => {
      const added = known(real);
      if (basename(added) === RUNS) handlers.runsFound(experimentPath(dirname(added)));
      else if (!watching.experiments.has(experimentPath(added))) {
        watching.empty.set(added, Date.now());
      }
    })
    .on("unlinkDir", (real) => folderGone(watching, known(real)))
    .on("raw", (event) => {
      if (event === "rename") handlers.folderTouched();
    })
    .on("error", handlers.failed);
  const ready = new Promise<void>((resolve) => {
    watcher.once("ready", () => {
      initial = false;
      resolve();
    });
  });
  // Any failure to close it: nothing more is heard of it.
  return { folder, ready, close: () => watcher.close().catch(() => undefined) };
}

/**
 * Follows the links that are trusted to lead out of the lab, and lets go those that are not any
 * more. A folder within the lab is known by its own path, and one outside by its first link.
 */
function followLinks(watching: Watching): void {
  const { links } = watching;
  for (const [path, followed] of links) {
    const folder = linkedFolder(path);
    if (folder === followed?.folder) continue;
    if (followed !== undefined) {
      void followed.close();
      links.set(path, undefined);
      folderGone(watching, path);
    }
    const isTaken = [...links.values()].some((one) => one?.folder === folder);
    if (folder === undefined || isTaken || belongsElsewhere(path)) continue;
    links.set(path, watchFolder(watching, folder, path));
  }
}

/** A link may lead to an experiment outside; what else it leads to is its owner's business. */
function linkFound({ links }: Watching, path: string): void {
  if (links.has(path) || links.size >= EXPERIMENTS_PER_LAB) return;
  links.set(path, undefined);
  // Not synchronously: it may lead to a disk that hangs. Where it leads out, that is told.
  void access(join(path, JOURNAL)).then(
    () => void leaves(path),
    // Any failure: nothing there that would have to be told.
    () => undefined,
  );
}

/** A file was added or changed. */
function fileTouched(watching: Watching, path: string, initial: boolean): void {
  const { lab, handlers, experiments } = watching;
  const name = basename(path);
  const experiment = experimentPath(dirname(path));
  if (isSwapFile(name)) return;
  if (name === SETTINGS) handlers.settingsTouched();
  else if (name === JOURNAL && !experiments.has(experiment)) {
    if (experiments.size >= EXPERIMENTS_PER_LAB || isWithinAnother(lab, experiment)) return;
    // Before it is read: a save that the watcher misses, as of a link's target, shows at the poll.
    experiments.set(experiment, journalStamp(experiment));
    handlers.experimentFound(experiment, initial ? "stood" : sightOf(watching, experiment));
    watching.empty.delete(experiment);
    handlers.journalTouched(experiment);
  } else if (name === IGNORED) handlers.ignoredTouched(experiment);
  else if (experiments.has(experiment)) handlers.journalTouched(experiment);
}

/** How an experiment was found whose journal has just appeared. */
function sightOf({ empty }: Watching, experiment: ExperimentPath): "typed" | "arrived" {
  const sinceMs = empty.get(experiment) ?? Number.POSITIVE_INFINITY;
  const isOwn = !["runs", ".git"].some((name) => existsSync(join(experiment, name)));
  const mtimeMs = statSync(join(experiment, JOURNAL))?.mtimeMs ?? 0;
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
function pollJournals(watching: Watching): NodeJS.Timeout {
  const { experiments, handlers } = watching;
  const look = async (experiment: ExperimentPath, last: string): Promise<void> => {
    // Any failure: the journal is read, which tells what it is.
    const now = await stat(join(experiment, JOURNAL)).then(stampOf, () => ABSENT);
    if (now === last || !experiments.has(experiment)) return;
    experiments.set(experiment, now);
    handlers.journalTouched(experiment);
  };
  const timer = setInterval(() => {
    followLinks(watching);
    for (const [experiment, last] of experiments) void look(experiment, last);
  }, POLL_MS);
  return timer.unref();
}

const ABSENT = "absent";

const stampOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`;

/** The stat of a journal, or of the file that it links to, as it is compared at a poll. */
function journalStamp(experiment: ExperimentPath): string {
  const found = statSync(join(experiment, JOURNAL));
  return found === undefined ? ABSENT : stampOf(found);
}

/** Watches only folders that may hold experiments, and the three files that mean something. */
function isIgnored(watching: Watching, path: string, stats: Stats | undefined): boolean {
  const { lab } = watching;
  const name = basename(path);
  if (basename(dirname(path)) === RUNS && dirname(path) !== lab) return true;
  if (isSwapFile(name)) return false;
  if (isIgnoredFolder(name) && name !== RUNS) return true;
  if (stats === undefined) return false;
  // A journal may be a link to where a person keeps it; links to folders are looked at apart.
  if (stats.isSymbolicLink()) {
    if (name === RUNS) {
      if (!leaves(path)) watching.handlers.runsFound(experimentPath(dirname(path)));
    } else if (name !== JOURNAL && name !== IGNORED && name !== SETTINGS) linkFound(watching, path);
    return name !== JOURNAL;
  }
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
    // Any failure: then its text settles sooner, as with an editor that makes none.
    return false;
  }
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
