// The daemon's in-memory state of one watched journal; nothing of it is stored.
// journal-handlers.ts reads and writes the journal.
import type { ExperimentPath, LabPath } from "../../base/ids.ts";
import { createJournalReader, type JournalReader } from "../../journal/read/read.ts";
import { ConcurrentSaves } from "./concurrent-saves.ts";
import { MergeBases } from "./merge-bases.ts";
import { journalPath, keptFolder } from "./journal-paths.ts";
import { keepVersion } from "./version-store.ts";

/** A watched journal. */
export interface Watched {
  readonly lab: LabPath;
  readonly experiment: ExperimentPath;
  readonly path: string;
  readonly keptDir: string;
  readonly reader: JournalReader;
  readonly mergeBases: MergeBases;
  readonly saves: ConcurrentSaves;
  timer: NodeJS.Timeout | undefined;
  /** When a change was last reported, ms since 1970. */
  touchedAtMs: number | undefined;
  /** Settles after the last read or write: they run one by one, so the last event is the newest. */
  turn: Promise<unknown>;
  /** The read that has not started yet; it will include later changes. */
  nextRead: Promise<void> | undefined;
  /** Bytes of the last settled text. */
  lastSize: number | undefined;
  /** Since when the file has been missing, ms since 1970. */
  absentSinceMs: number | undefined;
  /** Answers a write that a save prevented, once that save was read. */
  unanswered: (() => void) | undefined;
  /** Why its last write failed, as last logged. */
  writeTrouble: string | undefined;
}

/** A journal that was not read yet. */
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
    reader,
    mergeBases: generations,
    saves: new ConcurrentSaves({ reader, mergeBases: generations, rendered, keep }),
    timer: undefined,
    touchedAtMs: undefined,
    turn: Promise.resolve(),
    nextRead: undefined,
    lastSize: undefined,
    absentSinceMs: undefined,
    unanswered: undefined,
    writeTrouble: undefined,
  };
}

/** Whether a write fails for another reason than the last one did; remembers the reason. */
export function isNewWriteTrouble(entry: Watched, why: string): boolean {
  const isNew = entry.writeTrouble !== why;
  entry.writeTrouble = why;
  return isNew;
}

/** Runs `work` once all earlier work on this journal is done; settles as `work` does. */
export function inTurn<T>(entry: Watched, work: () => Promise<T>): Promise<T> {
  const done = entry.turn.then(work);
  // Any failure is the caller's; the next in turn goes on.
  entry.turn = done.catch(() => undefined);
  return done;
}
