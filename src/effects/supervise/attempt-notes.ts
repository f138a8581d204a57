// Facts from just before an attempt's script started, kept in its folder: the daemon that concludes
// the run may not be the one that started it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import { list, maybe, object, record, string, whole } from "../../base/stored-shape.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import type { FileSizes } from "../../logs/series/new-since.ts";
import { attemptDir, NOTES, type Begun } from "./attempts.ts";
import { hostFacts } from "../os/process-identity.ts";
import { listRunFolders, runDir } from "./run-folders.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { orAbsent } from "../os/absent.ts";
import { readdir, stat } from "../os/lab-files.ts";
import { readStored } from "../os/stored-file.ts";

/** Written before the start. Notes of earlier releases lack the boot and the host. */
export interface AttemptNotes extends Partial<Begun> {
  /** Run folders of the run's name that existed already. */
  readonly foldersBefore: readonly string[];
  /** For an evaluation: sizes of the run's logs. */
  readonly logSizes: FileSizes;
  /** How many processes the kernel had killed for lack of memory since boot. */
  readonly oomKills: number;
}

const NOTES_SHAPE = object<AttemptNotes>({
  bootId: maybe(string()),
  host: maybe(string()),
  foldersBefore: list(string()),
  logSizes: record(whole),
  oomKills: whole,
});

/** Writes the notes of an attempt, unless it has some already. Rejects with file system errors. */
export async function takeNotes(spec: AttemptSpec): Promise<void> {
  if ((await readNotes(spec)) !== undefined) return;
  const { bootId, host } = hostFacts();
  const notes: AttemptNotes = {
    bootId,
    host,
    foldersBefore: (await listRunFolders(spec.experiment)).filter(
      (folder) => RUN_FOLDER.exec(folder)?.[2] === spec.name,
    ),
    logSizes: spec.onRun === undefined ? {} : await logSizes(spec.experiment, spec.onRun),
    oomKills: oomKills(),
  };
  await atomicWrite(notesFile(spec), `${JSON.stringify(notes)}\n`);
}

/** The notes of an attempt; undefined where there are none. Rejects where they cannot be read. */
export async function readNotes(spec: AttemptSpec): Promise<AttemptNotes | undefined> {
  return await readStored(notesFile(spec), NOTES_SHAPE);
}

/** How many processes the kernel has killed for lack of memory; 0 where it does not say. */
export function oomKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1] ?? 0);
  } catch {
    // Any failure: a system without that counter.
    return 0;
  }
}

async function logSizes(experiment: string, folder: RunFolder): Promise<FileSizes> {
  const logs = join(runDir(experiment, folder), "logs");
  const sizes = new Map<string, number>();
  for (const name of await orAbsent(readdir(logs), [])) {
    const facts = await orAbsent(stat(join(logs, name)));
    if (facts !== undefined) sizes.set(`logs/${name}`, facts.size);
  }
  return Object.fromEntries(sizes);
}

const notesFile = (spec: AttemptSpec): string => join(attemptDir(spec.lab, spec.attempt), NOTES);
