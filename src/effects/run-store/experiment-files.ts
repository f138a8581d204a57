// Gathers all files of one experiment for its report: journal, ignored runs, every run, and the
// baseline wherever in the lab it is. What is said of them is report/.
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { COMMAND_ID, RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import type { IgnoredRun, Plan } from "../../domain/journal.ts";
import { nameWithoutSeed } from "../../base/seed-name.ts";
import { createJournalReader, type JournalReader } from "../../journal/read/read.ts";
import { settingOf } from "../../judge/groups.ts";
import { meansRun, type Baseline, type ReportInput, type ReportRun } from "../../judge/input.ts";
import { readIgnoredRuns } from "../../settings/ignored.ts";
import { readLabSettings } from "../../settings/lab.ts";
import { withLabRules } from "../../settings/rule-values.ts";
import { JOURNAL_BYTES } from "../os/stable-read.ts";
import { withFigures } from "../render/compare-plots.ts";
import { experimentsOf } from "./lab-experiments.ts";
import { listRunFolders, runDir } from "../supervise/run-folders.ts";
import { readWithRetry } from "../os/read-with-retry.ts";
import { readRunRecord } from "./run-record.ts";
import { cacheKey, createReadingCache, forgetGone, type ReadingCache } from "./reading-cache.ts";
import { withRunComparisons, readRunFiles } from "./run-files.ts";

/** Runs of one experiment whose folders are looked at together; more only wait on the disk. */
const REPORT_READS = 8;

export { createReadingCache };

export interface ExperimentFiles {
  /** Absolute path. */
  readonly experimentDir: string;
  readonly journalText: string;
  readonly input: ReportInput;
}

export interface ExperimentFilesOptions {
  /** Kept by the caller so that a renewal reads only what is new. */
  readonly cache?: ReadingCache;
  /** Absolute path of the lab: `baseline:` may name a run of another experiment below it. */
  readonly labDir?: string;
}

/**
 * Everything that the report of an experiment is made from. Only a journal that cannot be read
 * rejects, with the reason in words; any other broken file is said in the report instead.
 */
export async function readExperimentFiles(
  experimentDir: string,
  options: ExperimentFilesOptions = {},
): Promise<ExperimentFiles> {
  const dir = resolve(experimentDir);
  const cache = options.cache ?? createReadingCache();
  const journalText = await readJournalText(join(dir, "JOURNAL.md"));
  const written = readerOf(cache, dir).read(journalText);
  const journal = { ...written, plan: await withRulesOfLab(written.plan, options.labDir) };
  const ignored = [...journal.ignored, ...(await ignoredFile(dir))];
  const runs = await runsHere(dir, journal.plan, cache);
  const input = { experiment: basename(dir), journal, ignored, runs };
  const baseline = await findBaseline(dir, input, { ...options, cache });
  const whole = baseline === undefined ? input : { ...input, baseline };
  return { experimentDir: dir, journalText, input: await withFigures(dir, whole) };
}

/** Readers by experiment, as long as their cache lives: a long journal is parsed once. */
const READERS = new WeakMap<ReadingCache, Map<string, JournalReader>>();

function readerOf(cache: ReadingCache, experimentDir: string): JournalReader {
  const readers = READERS.get(cache) ?? new Map<string, JournalReader>();
  READERS.set(cache, readers);
  const reader = readers.get(experimentDir) ?? createJournalReader();
  readers.set(experimentDir, reader);
  return reader;
}

/** Rejects where there is no journal, or none that can be read: an empty report would be wrong. */
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
  const there = new Set(folders.map((folder) => runDir(experimentDir, folder)));
  forgetGone(cache, join(experimentDir, "runs"), there);
  const runs: ReportRun[] = [];
  for (let i = 0; i < folders.length; i += REPORT_READS) {
    const some = folders.slice(i, i + REPORT_READS).map((folder) => {
      const place = { runDir: runDir(experimentDir, folder), folder, path: `runs/${folder}` };
      return readRunFiles({ ...place, plan, cache });
    });
    runs.push(...(await Promise.all(some)));
  }
  // Folders of one second are in the order of their start where it is recorded, runs of one sweep
  // in the order of the sweep.
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

/** What nightlab.yaml says of rules counts where the journal says nothing. */
async function withRulesOfLab(plan: Plan, labDir: string | undefined): Promise<Plan> {
  if (labDir === undefined) return plan;
  const text = await readFile(join(labDir, "nightlab.yaml"), "utf8").catch(() => "");
  return withLabRules(plan, readLabSettings(text, "UTC").value.rules);
}

async function ignoredFile(dir: string): Promise<readonly IgnoredRun[]> {
  const name = "IGNORED_RUNS.md";
  const path = join(dir, name);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || found.size > JOURNAL_BYTES) return [];
  const text = await readFile(path, "utf8").catch(() => "");
  return readIgnoredRuns(text, name);
}

/**
 * The run that `baseline:` names: one of this experiment, `<experiment>/<run>` of the lab, or a
 * run of any experiment of the lab by its bare name. Where several fit: the only one that is
 * done, or all that differ in nothing but their seed.
 */
async function findBaseline(
  dir: string,
  input: ReportInput,
  options: ExperimentFilesOptions & { readonly cache: ReadingCache },
): Promise<Baseline | undefined> {
  const target = input.journal.plan.baseline;
  if (target === undefined) return undefined;
  const free = input.runs.filter((run) => !input.ignored.some((one) => meansRun(one.target, run)));
  const exact = free.filter((run) => meansRun(target, run));
  const here =
    exact.length > 0 ? exact : free.filter((run) => nameWithoutSeed(run.name) === target);
  if (here.length > 0) return chosen(target, here);
  const elsewhere = await runsElsewhere(dir, target, input.journal.plan, options);
  return chosen(target, elsewhere);
}

function chosen(target: string, fitting: readonly ReportRun[]): Baseline {
  const done = fitting.filter((run) => run.record?.ending === "done");
  const [first, ...others] = fitting.length === 1 ? fitting : done;
  if (first !== undefined && others.length === 0) return { kind: "run", target, run: first };
  const settings = new Set(fitting.map(settingOf));
  if (first !== undefined && settings.size === 1) {
    return { kind: "run", target, run: first, group: fitting };
  }
  return { kind: "unknown", target, candidates: fitting.map((run) => run.path) };
}

/** Fitting runs of other experiments. A path may name one; nothing outside the lab is read. */
async function runsElsewhere(
  dir: string,
  target: string,
  plan: Plan,
  options: ExperimentFilesOptions & { readonly cache: ReadingCache },
): Promise<readonly ReportRun[]> {
  const { labDir, cache } = options;
  if (labDir === undefined) return [];
  const bare = target.replace(/\/+$/, "");
  const path = dirname(bare).replace(/(?:^|\/)runs$/, "");
  const named = path === "." || path === "" ? [] : [resolve(labDir, path), resolve(dir, path)];
  const all = named.length > 0 ? named : await experimentsOf(labDir);
  const experiments = [...new Set(all)].filter((one) => one !== dir && isInside(labDir, one));
  const found: ReportRun[] = [];
  for (const experiment of experiments) {
    for (const folder of await listRunFolders(experiment)) {
      const place = runDir(experiment, folder);
      if (!(await isCalled(basename(bare), place, folder))) continue;
      const way = relative(dir, place).split(sep).join("/");
      const usedBy = dir;
      found.push(await readRunFiles({ runDir: place, folder, path: way, plan, cache, usedBy }));
    }
  }
  return found;
}

/** Whether a run's folder, name or id is this one, told without reading its logs. */
async function isCalled(word: string, place: string, folder: RunFolder): Promise<boolean> {
  if (word === folder || word === RUN_FOLDER.exec(folder)?.[2]) return true;
  if (!COMMAND_ID.test(word)) return false;
  const read = await readRunRecord(place);
  return read.kind === "record" && [read.record.id, read.record.sweep?.id].includes(word);
}

function isInside(labDir: string, path: string): boolean {
  const way = relative(resolve(labDir), path);
  return way !== "" && !way.startsWith("..");
}
