// Gathers everything that an experiment's report is made from: journal, ignored runs, every run,
// and the baseline, wherever in the lab it is. What the report says of them is in report/.
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { COMMAND_ID, RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import type { IgnoredRun, Plan } from "../../domain/journal.ts";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { createJournalReader, type JournalReader } from "../../journal/read/read.ts";
import { settingOf } from "../../judge/groups.ts";
import { meansRun, type Baseline, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { readIgnoredRuns } from "../../settings/ignored.ts";
import { orAbsent } from "../os/absent.ts";
import { inTurns } from "../os/in-turns.ts";
import { JOURNAL_BYTES } from "../os/stable-read.ts";
import { withFigures } from "../render/compare-plots.ts";
import { experimentsOf } from "./lab-experiments.ts";
import { listRunFolders, runDir } from "../supervise/run-folders.ts";
import { readWithRetry } from "../os/read-with-retry.ts";
import { readRunRecord } from "./run-record.ts";
import { cacheKey, createReadingCache, forgetGone, type ReadingCache } from "./reading-cache.ts";
import { withRunComparisons } from "./rule-input.ts";
import { readRunFiles } from "./run-files.ts";
import { withRulesOf } from "./run-plan.ts";
import { readFile, stat } from "../os/lab-files.ts";

/** How many run folders are read concurrently; more would only wait for the disk. */
const REPORT_READS = 8;

export { createReadingCache };

export interface ExperimentFiles {
  /** Absolute path. */
  readonly experimentDir: string;
  readonly journalText: string;
  readonly input: ReportInput;
}

export interface ExperimentFilesOptions {
  /** Pass the same cache again to read only what is new. */
  readonly cache?: ReadingCache;
  /** Absolute path of the lab: `baseline:` may name a run of any experiment in it. */
  readonly labDir?: string;
}

/**
 * Reads everything that the report of an experiment is made from. Rejects where the journal, the list
 * of ignored runs or that of all runs cannot be read: a report without them would say what is not so.
 * The report itself mentions any other broken file.
 */
export async function readExperimentFiles(
  experimentDir: string,
  options: ExperimentFilesOptions = {},
): Promise<ExperimentFiles> {
  const dir = resolve(experimentDir);
  const cache = options.cache ?? createReadingCache();
  const journalText = await readJournalText(join(dir, "JOURNAL.md"));
  const written = await inTurns(readerOf(cache, dir).readInParts(journalText));
  const plan = await planInLab(written.plan, options.labDir);
  const journal = { ...written, plan };
  const ignored = [...journal.ignored, ...(await ignoredFile(dir))];
  const runs = await runsHere(dir, journal.plan, cache);
  const input = { experiment: basename(dir), journal, ignored, runs };
  const baseline = await findBaseline(dir, input, { ...options, cache });
  const whole = baseline === undefined ? input : { ...input, baseline };
  return { experimentDir: dir, journalText, input: await withFigures(dir, whole) };
}

/** Journal readers by experiment, one set per cache: an unchanged journal is not parsed again. */
const READERS = new WeakMap<ReadingCache, Map<string, JournalReader>>();

function readerOf(cache: ReadingCache, experimentDir: string): JournalReader {
  const readers = READERS.get(cache) ?? new Map<string, JournalReader>();
  READERS.set(cache, readers);
  const reader = readers.get(experimentDir) ?? createJournalReader();
  readers.set(experimentDir, reader);
  return reader;
}

/** Rejects where the journal is missing or unreadable: an empty report would be wrong. */
async function readJournalText(path: string): Promise<string> {
  const read = await readWithRetry(path);
  const why = read.kind === "refused" ? read.why : "there is no such file";
  if (read.kind === "refused" || read.text === undefined) {
    throw new Error(`Cannot read ${path}: ${why}`);
  }
  return read.text;
}

/** The runs of the experiment, oldest first. */
async function runsHere(
  experimentDir: string,
  plan: Plan,
  cache: ReadingCache,
): Promise<readonly ReportRun[]> {
  const folders = await listRunFolders(experimentDir);
  const present = new Set(folders.map((folder) => runDir(experimentDir, folder)));
  forgetGone(cache, join(experimentDir, "runs"), present);
  const runs: ReportRun[] = [];
  for (let i = 0; i < folders.length; i += REPORT_READS) {
    const batch = folders.slice(i, i + REPORT_READS).map((folder) => {
      const paths = { runDir: runDir(experimentDir, folder), folder, path: `runs/${folder}` };
      return readRunFiles({ ...paths, plan, cache });
    });
    runs.push(...(await Promise.all(batch)));
  }
  // Folder names resolve seconds only: within one second, order by the recorded start, and runs of
  // one sweep by their index in it.
  runs.sort((a, b) => {
    const [first, second] = [a.folder.slice(0, 19), b.folder.slice(0, 19)];
    if (first !== second) return first < second ? -1 : 1;
    const [from, to] = [
      Date.parse(a.record?.startedAt ?? ""),
      Date.parse(b.record?.startedAt ?? ""),
    ];
    return from - to || memberOrder(a, b);
  });
  return withRunComparisons(plan, runs, ({ folder }) => {
    const known = cache.get(cacheKey(runDir(experimentDir, folder as RunFolder)));
    return known?.digest;
  });
}

function memberOrder(a: ReportRun, b: ReportRun): number {
  const [sweep, member = ""] = a.record?.id.split(".") ?? [];
  const [other, ofOther = ""] = b.record?.id.split(".") ?? [];
  return sweep === other ? Number(member) - Number(ofOther) : 0;
}

/** The plan with the rules of the lab's nightlab.yaml, where there is a lab. */
async function planInLab(plan: Plan, labDir: string | undefined): Promise<Plan> {
  return labDir === undefined ? plan : withRulesOf(plan, labDir);
}

async function ignoredFile(dir: string): Promise<readonly IgnoredRun[]> {
  const name = "IGNORED_RUNS.md";
  const path = join(dir, name);
  const found = await orAbsent(stat(path));
  if (found?.isFile() !== true || found.size > JOURNAL_BYTES) return [];
  return readIgnoredRuns(await orAbsent(readFile(path, "utf8"), ""), name);
}

/**
 * The run that `baseline:` names: a run of this experiment, `<experiment>/<run>` of the lab, or the
 * bare name of a run of any experiment of the lab. If several match, it is the only one that is
 * done, or all of them if they differ only in their seed.
 */
async function findBaseline(
  dir: string,
  input: ReportInput,
  options: ExperimentFilesOptions & { readonly cache: ReadingCache },
): Promise<Baseline | undefined> {
  const target = input.journal.plan.baseline;
  if (target === undefined) return undefined;
  const counted = input.runs.filter(
    (run) => !input.ignored.some((one) => meansRun(one.target, run)),
  );
  const exact = counted.filter((run) => meansRun(target, run));
  const here =
    exact.length > 0 ? exact : counted.filter((run) => nameWithoutSeed(run.name) === target);
  if (here.length > 0) return choose(target, here);
  const elsewhere = await runsElsewhere(dir, target, input.journal.plan, options);
  return choose(target, elsewhere);
}

function choose(target: string, matching: readonly ReportRun[]): Baseline {
  const done = matching.filter((run) => run.record?.ending === "done");
  const [first, ...others] = matching.length === 1 ? matching : done;
  if (first !== undefined && others.length === 0) return { kind: "run", target, run: first };
  const settings = new Set(matching.map(settingOf));
  if (first !== undefined && settings.size === 1) {
    return { kind: "run", target, run: first, group: matching };
  }
  return { kind: "unknown", target, candidates: matching.map((run) => run.path) };
}

/** Matching runs of other experiments. Paths are allowed, but nothing outside the lab is read. */
async function runsElsewhere(
  dir: string,
  target: string,
  plan: Plan,
  options: ExperimentFilesOptions & { readonly cache: ReadingCache },
): Promise<readonly ReportRun[]> {
  const { labDir, cache } = options;
  if (labDir === undefined) return [];
  const bare = target.replace(/\/+$/, "");
  const parent = dirname(bare).replace(/(?:^|\/)runs$/, "");
  const isPath = parent !== "." && parent !== "";
  const named = isPath ? [resolve(labDir, parent), resolve(dir, parent)] : [];
  const all = named.length > 0 ? named : await experimentsOf(labDir);
  const experiments = [...new Set(all)].filter((one) => one !== dir && isInside(labDir, one));
  const found: ReportRun[] = [];
  for (const experiment of experiments) {
    for (const folder of await listRunFolders(experiment)) {
      const own = runDir(experiment, folder);
      if (!(await isCalled(basename(bare), own, folder))) continue;
      const path = relative(dir, own).split(sep).join("/");
      found.push(await readRunFiles({ runDir: own, folder, path, plan, cache, usedBy: dir }));
    }
  }
  return found;
}

/** Whether a run's folder, name or id is this word, without reading its logs. */
async function isCalled(word: string, dir: string, folder: RunFolder): Promise<boolean> {
  if (word === folder || word === RUN_FOLDER.exec(folder)?.[2]) return true;
  if (!COMMAND_ID.test(word)) return false;
  const read = await readRunRecord(dir);
  return read.kind === "record" && [read.record.id, read.record.sweep?.id].includes(word);
}

function isInside(labDir: string, path: string): boolean {
  const inLab = relative(resolve(labDir), path);
  return inLab !== "" && !inLab.startsWith("..");
}
