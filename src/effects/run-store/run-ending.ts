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
import { oomKills, readNotes } from "../supervise/attempt-notes.ts";
import { attemptDir } from "../supervise/attempts.ts";
import { discoverRunFolder, makeRunFolder, moveConsole, runDir } from "../supervise/run-folders.ts";
import type { RunContext } from "./run-context.ts";
import { openTail, type RunTail } from "./tail.ts";
import { open } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";

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
    const before = new Set((await readNotes(spec))?.foldersBefore ?? []);
    const taken = context.takenFolders(spec);
    const search = await discoverRunFolder(experiment, attempt, name, before, taken);
    if (search.kind === "found") folder = search.folder;
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

/** What the run's logs say; for an evaluation, only what it added to them. */
export async function readingOf(
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
  return newSince(reading, (await readNotes(spec))?.logSizes ?? {});
}

/** Reads the end of the console output of an attempt without a run folder. */
async function readConsole(spec: AttemptSpec): Promise<RunReading> {
  const reader = createRunReader();
  try {
    const file = await open(join(attemptDir(spec.lab, spec.attempt), "console.log"));
    try {
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.min(size, CONSOLE_BYTES));
      await file.read(bytes, 0, bytes.length, Math.max(0, size - bytes.length));
      reader.feed("console.log", bytes);
    } finally {
      await file.close();
    }
  } catch {
    // The attempt never started, or its output was not kept.
  }
  reader.finish();
  return reader.reading();
}

/** The run's ending and cause: as already known, else derived from its exit and its logs. */
export async function deathOf(
  spec: AttemptSpec,
  facts: ConclusionFacts,
  reading: RunReading,
): Promise<Death> {
  if (facts.known !== undefined && facts.known.ending !== "lost") return facts.known;
  const before = (await readNotes(spec))?.oomKills;
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
