// Watches a lab's folders: which experiments there are, and which journals may have changed.
// journal-handlers.ts reads what changed; nothing below a run's folder is watched here.
import { existsSync, lstatSync, readdirSync, type Stats } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { POLL_MS } from "../../base/limits.ts";
import { experimentPath, type ExperimentPath, type LabPath } from "../../base/ids.ts";
import type { ExperimentSight } from "../../domain/event.ts";
import { isIgnoredFolder } from "../../base/ignored-folders.ts";
import { followFolders, type EntryKind, type Interest } from "../os/folder-tree.ts";
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
  readonly close: () => void;
}

const JOURNAL = "JOURNAL.md";
const IGNORED = "IGNORED_RUNS.md";
const SETTINGS = "nightlab.yaml";
const RUNS = "runs";

/** What the watch of one lab knows. */
interface Watching {
  readonly lab: LabPath;
  readonly handlers: LabWatchHandlers;
  readonly experiments: Map<ExperimentPath, Journal>;
  /** When each folder was first seen without a journal, ms since 1970. */
  readonly empty: Map<string, number>;
  /** Links to folders by their paths; a watch where a link is trusted to lead out of the lab. */
  readonly links: Map<string, FolderWatch | undefined>;
}

/** A journal, as polls know it. */
interface Journal {
  /** Its stat at the last poll, or before it was first read. */
  stamp: string;
  /** When it was last seen to change, ms since 1970; 0: not since the start. */
  changedAtMs: number;
}

/** The watch of a folder: the lab's own, or one that a trusted link leads to. */
interface FolderWatch {
  readonly folder: string;
  /** Resolves when everything that was there at the start has been reported. */
  readonly ready: Promise<void>;
  /** Takes it up again where it was away. */
  readonly look: () => void;
  readonly close: () => void;
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
  const poll = pollJournals(watching, own.look);
  const allReady = async (): Promise<void> => {
    await own.ready;
    followLinks(watching);
    await Promise.all(linkedWatches(watching).map((one) => one.ready));
  };
  return {
    ready: allReady(),
    close() {
      clearInterval(poll);
      for (const one of [own, ...linkedWatches(watching)]) one.close();
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
  const tree = followFolders({
    root: folder,
    depth: Math.max(0, LAB_DEPTH - depth),
    interestIn: (real, kind) => interestIn(lab, known(real), kind),
    // Another lab within this one, a linked worktree of git or a submodule.
    isPart: (real) => !belongsElsewhere(real),
    appeared: (real, kind) => appeared(watching, known(real), kind, initial),
    changed: (real) => fileTouched(watching, known(real), initial),
    gone(real, kind) {
      if (kind === "folder") folderGone(watching, known(real));
      else fileGone(watching, known(real));
    },
    renamed: handlers.folderTouched,
    failed: handlers.failed,
  });
  const allTold = async (): Promise<void> => {
    await tree.ready;
    initial = false;
  };
  return { folder, ready: allTold(), look: tree.look, close: tree.close };
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
      followed.close();
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
    if (experiments.size >= EXPERIMENTS_PER_LAB) return;
    if (!initial && isWithinAnother(lab, experiment)) return;
    // Before it is read: a save that the watcher misses, as of a link's target, shows at the poll.
    const changedAtMs = initial ? 0 : Date.now();
    experiments.set(experiment, { stamp: stampNow(experiment), changedAtMs });
    handlers.experimentFound(experiment, initial ? "stood" : sightOf(watching, experiment));
    watching.empty.delete(experiment);
    handlers.journalTouched(experiment);
  } else if (name === IGNORED) handlers.ignoredTouched(experiment);
  else if (name === JOURNAL) journalChanged(watching, experiment);
}

/** A journal that is known may have changed. */
function journalChanged({ handlers, experiments }: Watching, experiment: ExperimentPath): void {
  const journal = experiments.get(experiment);
  if (journal === undefined) return;
  journal.changedAtMs = Date.now();
  handlers.journalTouched(experiment);
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

function fileGone(watching: Watching, path: string): void {
  const { handlers, experiments } = watching;
  const name = basename(path);
  const experiment = experimentPath(dirname(path));
  if (isSwapFile(name)) {
    if (experiments.has(experiment) && !isOpen(experiment)) handlers.editorClosed(experiment);
  } else if (name === SETTINGS) handlers.settingsTouched();
  else if (name === IGNORED) handlers.ignoredTouched(experiment);
  else if (name === JOURNAL) journalChanged(watching, experiment);
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

/**
 * Watchers can lose an event, and some network disks have none, so stats of journals are compared as
 * well: of those that change each POLL_MS, and of all the others in turn, POLLED_PER_S each second
 * at most, which is each POLL_MS in a lab of 100.
 */
function pollJournals(watching: Watching, lookAtLab: () => void): NodeJS.Timeout {
  const { experiments } = watching;
  const look = async (experiment: ExperimentPath, journal: Journal): Promise<void> => {
    const now = await stampSoon(experiment);
    if (now === journal.stamp || experiments.get(experiment) !== journal) return;
    journal.stamp = now;
    journalChanged(watching, experiment);
  };
  let beat = 0;
  let next = 0;
  const timer = setInterval(() => {
    beat += 1;
    const isWhole = beat % BEATS_PER_POLL === 0;
    if (isWhole) {
      lookAtLab();
      followLinks(watching);
    }
    const all = [...experiments];
    const share = Math.min(Math.ceil(all.length / BEATS_PER_POLL), POLLED_PER_S);
    const recentMs = Date.now() - RECENT_MS;
    const due = new Map(isWhole ? all.filter(([, one]) => one.changedAtMs >= recentMs) : []);
    for (let i = 0; i < share; i += 1) {
      next = (next + 1) % all.length;
      const one = all[next];
      if (one !== undefined) due.set(...one);
    }
    for (const [experiment, journal] of due) void look(experiment, journal);
  }, BEAT_MS);
  return timer.unref();
}

/** Polls take turns: each does a part of them. */
const BEAT_MS = 1_000;
const BEATS_PER_POLL = POLL_MS / BEAT_MS;
/** 0.05 % of a core. */
const POLLED_PER_S = 20;
/** A journal that has changed is likely to change again. */
const RECENT_MS = 600_000;

const ABSENT = "absent";

const stampOf = ({ ino, size, mtimeMs }: Stats): string => `${ino} ${size} ${mtimeMs}`;

/** The stat of a journal, or of the file that it links to, as it is compared at a poll. */
function stampNow(experiment: ExperimentPath): string {
  const path = join(experiment, JOURNAL);
  const own = lstatSync(path, { throwIfNoEntry: false });
  const found = own?.isSymbolicLink() === true ? statSync(path) : own;
  return found === undefined ? ABSENT : stampOf(found);
}

/** The same without waiting for the disk. */
async function stampSoon(experiment: ExperimentPath): Promise<string> {
  const path = join(experiment, JOURNAL);
  try {
    const own = await lstat(path);
    return stampOf(own.isSymbolicLink() ? await stat(path) : own);
  } catch {
    // Any failure: the journal is read, which tells what it is.
    return ABSENT;
  }
}

/** Only folders that may hold experiments, and the files that mean something. */
function interestIn(lab: LabPath, path: string, kind: EntryKind): Interest {
  const name = basename(path);
  if (isSwapFile(name)) return "tell";
  if (name === RUNS) return kind === "folder" || kind === "link" ? "tell" : "none";
  if (isIgnoredFolder(name)) return "none";
  const means =
    name === JOURNAL || name === IGNORED || (name === SETTINGS && dirname(path) === lab);
  switch (kind) {
    case "file":
      return means ? "tell" : "none";
    case "folder":
      return "enter";
    case "link":
      return name === JOURNAL || !means ? "tell" : "none";
    case "other":
      return "none";
  }
}

/** An entry of a watched folder is there. */
function appeared(watching: Watching, path: string, kind: EntryKind, initial: boolean): void {
  const { handlers, experiments, empty } = watching;
  const name = basename(path);
  if (name === RUNS) {
    if (kind === "folder" || !leaves(path)) handlers.runsFound(experimentPath(dirname(path)));
  } else if (kind === "folder") {
    if (!experiments.has(experimentPath(path))) empty.set(path, Date.now());
  } else if (kind === "file" || name === JOURNAL) fileTouched(watching, path, initial);
  // A journal may be a link to where a person keeps it; links to folders are looked at apart.
  else linkFound(watching, path);
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
