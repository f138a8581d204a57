// Which files of a run folder are logs: those in its logs/, and what frameworks write beside that.
// src/logs/ parses them; tail.ts tracks how far each has been read.
import { join } from "node:path";
import { lstat, readdir, stat } from "../os/lab-files.ts";
import { orTold } from "../os/unread.ts";

/** Most log files of one run: a folder with more holds something else. */
const LOGS_PER_RUN = 1_000;
/** Levels of a log folder that are searched: `lightning_logs/version_0/` is the deepest known. */
export const LOG_DEPTH = 4;

/** A log as its folder shows it now. */
export interface LogFile {
  /** Relative to the run folder: `logs/train.log`. */
  readonly name: string;
  readonly path: string;
  /** Device and inode: they differ when the file has been replaced by another of its name. */
  readonly identity: string;
  readonly size: number;
}

/** Names of logs below logs/. */
const IN_LOGS =
  /(?:\.(?:log|txt|out|err|csv|tsv|jsonl|ndjson)(?:\.gz)?|tfevents.*|^trainer_state\.json)$/;
/** ...except nightlab's own samples of the machine, and lists of packages. */
const NOT_IN_LOGS = /^(?:system\.jsonl|requirements.*\.txt|pip.*\.txt)$/;
/** Names of logs in the run folder itself: stricter, since other files lie there too. */
const IN_ROOT =
  /^(?:(?:metrics|results|progress|history|training|train|log|logs|training_log|scalars)\.(?:csv|tsv|jsonl|txt)(?:\.gz)?|.*\.(?:log|out)(?:\.gz)?|.*tfevents.*|trainer_state\.json)$/;
/** Folders in which frameworks put their records... */
const RECORD_FOLDERS = /^(?:lightning_logs|csv_logs|tb_logs|tb|tensorboard|events|checkpoint-\d+)$/;
/** ...and the only files there that count as logs. */
const RECORDS = /^(?:metrics\.csv|results\.csv|progress\.csv|.*tfevents.*)$/;
const CHECKPOINT = /^checkpoint-(\d{1,15})$/;

/** Whether a folder of a run may hold logs. */
export const mayHoldLogs = (folder: string): boolean =>
  folder === "logs" || RECORD_FOLDERS.test(folder);

/**
 * The logs of a run folder, by name, LOGS_PER_RUN at most. Links to files are followed within the
 * lab. Left out are other links, those to a log that is listed itself, loops, pipes, and files that
 * vanish meanwhile.
 */
export async function findLogFiles(runDir: string): Promise<readonly LogFile[]> {
  const names: string[] = [];
  await collect(
    runDir,
    "logs",
    LOG_DEPTH,
    (name) => IN_LOGS.test(name) && !NOT_IN_LOGS.test(name),
    names,
  );
  const root = (await orTold(runDir, readdir(runDir, { withFileTypes: true }))) ?? [];
  for (const entry of root) {
    if (!entry.isDirectory()) {
      if (IN_ROOT.test(entry.name)) names.push(entry.name);
    } else if (RECORD_FOLDERS.test(entry.name)) {
      await collect(runDir, entry.name, LOG_DEPTH, (name) => RECORDS.test(name), names);
    }
  }
  if (!names.includes("trainer_state.json"))
    names.push(...newestState(root.map(({ name }) => name)));
  return await factsOf(runDir, names.toSorted().slice(0, LOGS_PER_RUN));
}

/** Each checkpoint repeats what earlier ones logged, so the newest has everything. */
function newestState(folders: readonly string[]): readonly string[] {
  const newest = folders
    .filter((name) => CHECKPOINT.test(name))
    .toSorted((a, b) => Number(CHECKPOINT.exec(b)?.[1]) - Number(CHECKPOINT.exec(a)?.[1]))[0];
  return newest === undefined ? [] : [`${newest}/trainer_state.json`];
}

async function collect(
  runDir: string,
  folder: string,
  depth: number,
  wanted: (name: string) => boolean,
  into: string[],
): Promise<void> {
  const path = join(runDir, folder);
  const entries = (await orTold(path, readdir(path, { withFileTypes: true }))) ?? [];
  for (const entry of entries) {
    const name = `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (depth > 1) await collect(runDir, name, depth - 1, wanted, into);
    } else if (wanted(entry.name)) into.push(name);
  }
}

async function factsOf(runDir: string, names: readonly string[]): Promise<readonly LogFile[]> {
  const found: (LogFile & { readonly link: boolean })[] = [];
  for (const name of names) {
    const path = join(runDir, name);
    const own = await orTold(path, lstat(path), "look");
    const link = own?.isSymbolicLink() === true;
    const facts = link ? await orTold(path, stat(path), "look") : own;
    if (facts?.isFile() !== true) continue;
    found.push({ name, path, identity: `${facts.dev}:${facts.ino}`, size: facts.size, link });
  }
  const seen = new Set<string>();
  return found
    .toSorted((a, b) => Number(a.link) - Number(b.link))
    .filter(({ identity }) => !seen.has(identity) && seen.add(identity))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
