// Reads one run folder for the report: its record, its logs and its plots.
// Which runs count is decided in judge/, and what the report says of them in report/.
import { join } from "node:path";
import type { Plan } from "../../domain/journal.ts";
import { hashText, RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import type { PlotRef, RunRecord } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import { comparedNames } from "../../logs/criterion-metrics.ts";
import { curvesOf } from "../../judge/curves.ts";
import type { ReportRun } from "../../judge/input.ts";
import { runPictureNames } from "../../report/plots/split-pictures.ts";
import { recordTrouble } from "../../judge/record-shape.ts";
import { recordDigest } from "./earlier-runs.ts";
import { imageFile } from "../render/plot-files.ts";
import {
  cacheKey,
  type CachedReading,
  logsPrint,
  type ReadingCache,
  withoutValues,
} from "./reading-cache.ts";
import { judgedFindings, lastLineOf } from "./rule-input.ts";
import { readRunRecord } from "./run-record.ts";
import { readSystemFile } from "./system-sampler.ts";
import { openTail, readRun, type RunTail } from "./tail.ts";
import { readdir } from "../os/lab-files.ts";
import { defined } from "../../base/defined.ts";
import { orTold } from "../os/unread.ts";

/** Reads of READ_CHUNK bytes per report at most: a log that grows faster is read on later. */
const READS_PER_REPORT = 100_000;

export interface RunFilesRequest {
  /** Absolute path of the run folder. */
  readonly runDir: string;
  readonly folder: RunFolder;
  /** Path from the page to the run folder, with forward slashes. */
  readonly path: string;
  /** The plan whose promised metrics and criteria the rules check. */
  readonly plan: Plan;
  readonly cache: ReadingCache;
  /** For a baseline of another experiment: the asking experiment, whose plan the rules check. */
  readonly usedBy?: string;
}

/** One run as report input. Never rejects, whatever a person or a script left in the folder. */
export async function readRunFiles(request: RunFilesRequest): Promise<ReportRun> {
  const { runDir, folder, path } = request;
  const read = await readRunRecord(runDir);
  const trouble = read.kind === "record" ? recordTrouble(read.record) : undefined;
  const record = read.kind === "record" && trouble === undefined ? read.record : undefined;
  const recordProblem = read.kind === "problem" ? bareReason(read.message) : trouble;
  const cached = await readLogs(request, record);
  const plots = await presentPlots(runDir, cached.reading);
  return {
    folder,
    name: RUN_FOLDER.exec(folder)?.[2] ?? folder,
    path,
    ...defined({ record, recordProblem }),
    reading: cached.reading,
    findings: cached.findings,
    ...lastLineOf(record, cached.reading),
    plots,
    curves: cached.curves,
  };
}

/** What is wrong with a record, without the file name, which the report adds itself. */
function bareReason(message: string): string {
  return message.replace(/^Cannot read \S.*?run\.json: /, "");
}

/** Reads in progress: concurrent reads of one run must not share its tail, so they queue. */
const inProgress = new WeakMap<ReadingCache, Map<string, Promise<CachedReading>>>();

async function readLogs(
  request: RunFilesRequest,
  record: RunRecord | undefined,
): Promise<CachedReading> {
  const key = cacheKey(request.runDir, request.usedBy);
  const queued = inProgress.get(request.cache) ?? new Map<string, Promise<CachedReading>>();
  inProgress.set(request.cache, queued);
  const before = queued.get(key);
  const own = (async () => {
    // Any failure is that reader's; this one reads anew.
    await before?.catch(() => undefined);
    return readLogsNow(key, request, record);
  })();
  queued.set(key, own);
  try {
    return await own;
  } finally {
    if (queued.get(key) === own) queued.delete(key);
  }
}

async function readLogsNow(
  key: string,
  { runDir, folder, plan, cache }: RunFilesRequest,
  record: RunRecord | undefined,
): Promise<CachedReading> {
  const context = hashText(JSON.stringify([{ ...plan, lines: {} }, record ?? null]));
  const print = `${context}\n${await logsPrint(runDir)}`;
  const known = cache.get(key);
  if (known?.print === print) return known;
  const { reading, tail } = await readNew(runDir, record, known);
  const digest = record?.ending === undefined ? undefined : recordDigest(folder, record, reading);
  const found = judgedFindings(plan, record, reading, await readSystemFile(runDir));
  const wanted = [...comparedNames(plan), ...plan.metrics.map((metric) => metric.key)];
  const fresh: CachedReading = {
    print,
    reading: withoutValues(reading),
    findings: found,
    curves: curvesOf(reading, wanted, found),
    ...defined({ digest, tail }),
  };
  cache.set(key, fresh);
  return fresh;
}

/**
 * An ended run is read once, to its last byte. Any other run may go on: an unterminated last line
 * does not count yet, and a log that was read before is read on from there.
 */
async function readNew(
  runDir: string,
  record: RunRecord | undefined,
  known: CachedReading | undefined,
): Promise<{ readonly reading: RunReading; readonly tail?: RunTail }> {
  if (record?.ending !== undefined) {
    // If its logs were being followed, read only the rest.
    await known?.tail?.finish();
    return { reading: known?.tail?.reader.reading() ?? (await readRun(runDir)) };
  }
  const tail = known?.tail ?? openTail(runDir);
  for (let reads = 0; reads < READS_PER_REPORT && (await tail.poll()); reads += 1);
  const reading = tail.reader.reading();
  const follows = record !== undefined || known !== undefined;
  return follows ? { reading, tail } : { reading };
}

/**
 * The plots that nightlab drew: images with a spec beside them. An image without one is the
 * script's own.
 */
async function presentPlots(runDir: string, reading: RunReading): Promise<readonly PlotRef[]> {
  const plots = join(runDir, "plots");
  const present = new Set((await orTold(plots, readdir(plots))) ?? []);
  if (present.size === 0) return [];
  return [...runPictureNames(reading.series)].flatMap(([metric, name]) => {
    const own = [name, `${name}-nightlab`].find(
      (tried) => present.has(imageFile(tried)) && present.has(`${tried}.vl.json`),
    );
    return own === undefined ? [] : [{ metric, file: `plots/${imageFile(own)}` }];
  });
}
