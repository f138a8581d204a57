// What is remembered of one journal while the daemon watches it, none of it lasting.
// Reading and writing it is journal-handlers.ts's.
import type { ExperimentPath, LabPath } from "../../base/ids.ts";
import { createJournalReader } from "../../journal/read/read.ts";
import { ConcurrentSaves } from "./concurrent-saves.ts";
import { MergeBases } from "./merge-bases.ts";
import { journalPath, keptFolder } from "./journal-paths.ts";
import { keepVersion } from "./version-store.ts";

export interface Watched {
  readonly lab: LabPath;
  readonly experiment: ExperimentPath;
  readonly path: string;
  readonly keptDir: string;
  readonly generations: MergeBases;
  readonly saves: ConcurrentSaves;
  timer: NodeJS.Timeout | undefined;
  /** When something last told that it may have changed, ms since 1970. */
  touchedAtMs: number | undefined;
  /** Reads and writes of one journal take turns, so that what is told last is newest. */
  turn: Promise<unknown>;
  /** The read that has not begun yet. */
  nextRead: Promise<void> | undefined;
  lastSize: number | undefined;
  absentSinceMs: number | undefined;
  /** Answers a write that a save stopped, once that save was read. */
  unanswered: (() => void) | undefined;
  /** What was last said of it, so that it is said once. */
  trouble: string | undefined;
  /** Why its last write failed, as it was told. */
  writeTrouble: string | undefined;
}

/** A journal of which nothing is known yet. */
export function watchedJournal(
  lab: LabPath,
  experiment: ExperimentPath,
  rendered: () => ReadonlySet<string>,
): Watched {
  const keptDir = keptFolder(lab, experiment);
  const generations = new MergeBases(keptDir, rendered);
  const reader = createJournalReader();
  const keep = (text: string): Promise<string> => keepVersion(keptDir, text, { told: true });
  return {
    lab,
    experiment,
    path: journalPath(experiment),
    keptDir,
    generations,
    saves: new ConcurrentSaves({ reader, mergeBases: generations, rendered, keep }),
    timer: undefined,
    touchedAtMs: undefined,
    turn: Promise.resolve(),
    nextRead: undefined,
    lastSize: undefined,
    absentSinceMs: undefined,
    unanswered: undefined,
    trouble: undefined,
    writeTrouble: undefined,
  };
}

/** Whether a write fails for another reason than the last one did; the reason is remembered. */
export function isNewWriteTrouble(entry: Watched, why: string): boolean {
  const isNew = entry.writeTrouble !== why;
  entry.writeTrouble = why;
  return isNew;
}

/** Does a piece of work once all that was asked of this journal before is done. */
export function inTurn<T>(entry: Watched, work: () => Promise<T>): Promise<T> {
  const done = entry.turn.then(work);
  entry.turn = done.catch(() => undefined);
  return done;
}
