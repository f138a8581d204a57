// Concludes a run that has ended: its folder, what its logs say, and why it ended.
// The facts are gathered here; rules/cause.ts decides what they mean.
import { join } from "node:path";
import type { ConclusionFacts } from "../../domain/effect.ts";
import type { RunFolder } from "../../base/ids.ts";
import type { AttemptSpec } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import { causeOfDeath, type Death } from "../../rules/cause.ts";
import { newSince } from "../../logs/series/new-since.ts";
import { createRunReader } from "../../logs/run-reader.ts";
import { oomKills, readNotes, type AttemptNotes } from "../supervise/attempt-notes.ts";
import { attemptDir } from "../supervise/attempts.ts";
import {
  discoverRunFolder,
  makeRunFolder,
  moveConsole,
  runDir,
  type FolderSearch,
} from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { openTail, type RunTail } from "./tail.ts";
import { open } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";
import { orTold } from "../os/unread.ts";

/** How much of the console is read for a run without a folder: the cause is at its end. */
const CONSOLE_BYTES = 8 * 2 ** 20;

/**
 * The run's folder: known already, discovered now, or made for a script that made none. Undefined
 * where there is none and none could be made. Moves the console output into it.
 */
export async function folderOf(
  context: RunContext,
  spec: AttemptSpec,
  facts: ConclusionFacts,
  followed: RunFolder | undefined,
): Promise<RunFolder | undefined> {
  const known = facts.folder ?? followed ?? spec.onRun;
  const { experiment, attempt, name } = spec;
  let folder = known;
  if (folder === undefined && spec.verb === "run" && facts.startedAtMs !== undefined) {
    const search = await searchFolder(context, spec);
    if (search?.kind === "found") folder = search.folder;
    else {
      folder = await makeRunFolder(
        experiment,
        name,
        facts.startedAtMs,
        context.timeZone(spec.lab),
      ).catch((error: unknown) => {
        context.warn("no run folder could be made", { attempt, error: String(error) });
        return undefined;
      });
    }
  }
  if (folder !== undefined) {
    await moveConsole(attemptDir(spec.lab, attempt), attempt, experiment, folder);
  }
  return folder;
}

/** The folder that it made, where what stood there before it is known. */
async function searchFolder(
  context: RunContext,
  spec: AttemptSpec,
): Promise<FolderSearch | undefined> {
  const { experiment, attempt, name } = spec;
  const notes = await notesOf(context, spec);
  if (notes === "unread") return undefined;
  const before = new Set(notes?.foldersBefore ?? []);
  try {
    return await discoverRunFolder(experiment, attempt, name, before, context.takenFolders(spec));
  } catch (error) {
    context.warn("the run's folder is not looked for", { attempt, error: String(error) });
    return undefined;
  }
}

/** What was noted at its start. What cannot be read is logged: the run ends all the same. */
async function notesOf(
  { warn }: RunContext,
  spec: AttemptSpec,
): Promise<AttemptNotes | "unread" | undefined> {
  try {
    return await readNotes(spec);
  } catch (error) {
    warn("what was noted at the run's start is not read", {
      attempt: spec.attempt,
      error: String(error),
    });
    return "unread";
  }
}

/** What the run's logs say; for an evaluation, only what it added to them. */
export async function readingOf(
  context: RunContext,
  spec: AttemptSpec,
  folder: RunFolder | undefined,
  followed: RunTail | undefined,
): Promise<RunReading> {
  if (folder === undefined) return readConsole(spec);
  const tail = followed ?? openTail(runDir(spec.experiment, folder));
  while (await tail.poll());
  await tail.finish();
  const reading = tail.reader.reading();
  if (spec.verb !== "eval") return reading;
  const notes = await notesOf(context, spec);
  // Without the sizes, lines of the evaluated run would count as the evaluation's.
  return notes === "unread"
    ? createRunReader().reading()
    : newSince(reading, notes?.logSizes ?? {});
}

/** Reads the end of the console output of an attempt without a run folder. */
async function readConsole(spec: AttemptSpec): Promise<RunReading> {
  const reader = createRunReader();
  const path = join(attemptDir(spec.lab, spec.attempt), "console.log");
  // Absent where the attempt never started, or its output was not kept.
  const bytes = await orTold(path, endOf(path));
  if (bytes !== undefined) reader.feed("console.log", bytes);
  reader.finish();
  return reader.reading();
}

async function endOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const bytes = new Uint8Array(Math.min(size, CONSOLE_BYTES));
    await file.read(bytes, 0, bytes.length, Math.max(0, size - bytes.length));
    return bytes;
  } finally {
    await file.close();
  }
}

/** The run's ending and cause: as already known, else derived from its exit and its logs. */
export async function deathOf(
  context: RunContext,
  spec: AttemptSpec,
  facts: ConclusionFacts,
  reading: RunReading,
): Promise<Death> {
  if (facts.known !== undefined && facts.known.ending !== "lost") return facts.known;
  const notes = await notesOf(context, spec);
  const before = notes === "unread" ? undefined : notes?.oomKills;
  const lost = facts.known?.cause.kind === "machine-restarted" ? "machine-restarted" : "lost";
  return causeOfDeath({
    reading,
    limitMs: facts.limitMs,
    verb: spec.verb,
    ...(facts.exit?.oomKill === true && spec.memory !== undefined ? { memory: spec.memory } : {}),
    hostOomKill: before !== undefined && oomKills() > before,
    ...(facts.exit === undefined ? { lost } : { exit: facts.exit }),
    ...(facts.stoppedBy === undefined
      ? {}
      : {
          stopRequested: {
            by: facts.stoppedBy,
            ...defined({ why: facts.stoppedWhy }),
          },
        }),
  });
}
