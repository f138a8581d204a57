// Digests of an experiment's earlier runs, read from their records and logs, and cached in memory.
// What a digest holds is in rules/digest.ts.
import { join } from "node:path";
import type { RunDigest } from "../../domain/digest.ts";
import type { RunFolder } from "../../base/ids.ts";
import type { RunRecord } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import { digestOf, isEarlier } from "../../rules/digest.ts";
import { listRunFolders, runDir } from "../supervise/run-folders.ts";
import { readRunRecord } from "./run-record.ts";
import { readRun } from "./tail.ts";
import { readdir, stat, statSync } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";
import { orTold } from "../os/unread.ts";

/** How many earlier runs a run is compared with at most. */
const EARLIER_RUNS = 50;
/** A run with longer logs is left out: reading them would take too long. */
const EARLIER_LOG_BYTES = 16 * 2 ** 20;

/** The digest of a recorded run; undefined for an evaluation or where its logs are too long. */
export function recordDigest(
  folder: string,
  record: Pick<RunRecord, "verb" | "script" | "args"> & Partial<RunRecord>,
  reading: RunReading,
): RunDigest | undefined {
  const bytes = reading.files.reduce((sum, file) => sum + file.bytes, 0);
  if (record.verb !== "run" || bytes > EARLIER_LOG_BYTES) return undefined;
  const { verb, script, args, codeHash } = record;
  const startedAtMs = Date.parse(record.startedAt ?? "");
  const endedAtMs = Date.parse(record.endedAt ?? "");
  return digestOf(
    {
      folder,
      verb,
      script,
      args,
      done: record.ending === "done",
      startedAtMs: Number.isNaN(startedAtMs) ? 0 : startedAtMs,
      ...defined({ codeHash }),
      ...(Number.isNaN(endedAtMs) ? {} : { endedAtMs }),
    },
    reading,
  );
}

/** The newest EARLIER_RUNS runs that had ended when this one started, oldest first. */
export function earlierOf(own: RunDigest, all: readonly RunDigest[]): readonly RunDigest[] {
  return all
    .filter((one) => one.folder !== own.folder && isEarlier(one, own))
    .toSorted((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0) || (a.folder < b.folder ? -1 : 1))
    .slice(-EARLIER_RUNS);
}

export interface EarlierRuns {
  /** Digests of the experiment's newest runs that have ended. Never rejects. */
  of(experiment: string): Promise<readonly RunDigest[]>;
}

/** Caches digests by run folder; a run's logs are read again only when its record has changed. */
export function createEarlierRuns(): EarlierRuns {
  const known = new Map<string, { readonly print: string; readonly digest?: RunDigest }>();
  return {
    async of(experiment) {
      const runs = join(experiment, "runs");
      const all = (await orTold(runs, listRunFolders(experiment))) ?? [];
      const folders = all.slice(-2 * EARLIER_RUNS);
      const found: RunDigest[] = [];
      for (const folder of folders) {
        const dir = runDir(experiment, folder);
        // Synchronous, since a hundred of these calls cost less than one read.
        const facts = statSync(join(dir, "run.json"));
        if (facts === undefined) continue;
        const print = `${facts.ino} ${facts.size} ${facts.mtimeMs}`;
        let entry = known.get(dir);
        if (entry?.print !== print) {
          const digest = await digestIn(dir, folder);
          entry = { print, ...defined({ digest }) };
          known.set(dir, entry);
        }
        if (entry.digest !== undefined) found.push(entry.digest);
      }
      return found;
    },
  };
}

async function digestIn(dir: string, folder: RunFolder): Promise<RunDigest | undefined> {
  const read = await readRunRecord(dir);
  if (read.kind !== "record" || read.record.ending === undefined) return undefined;
  if ((await logBytes(dir)) > EARLIER_LOG_BYTES) return undefined;
  return recordDigest(folder, read.record, await readRun(dir));
}

async function logBytes(dir: string): Promise<number> {
  const logs = join(dir, "logs");
  let bytes = 0;
  for (const name of (await orTold(logs, readdir(logs))) ?? []) {
    const path = join(logs, name);
    bytes += (await orTold(path, stat(path), "look"))?.size ?? 0;
  }
  return bytes;
}
