// Gathers one run folder for the report: its record, what its logs say, and its plots.
// Which runs count, and what is said of them, is report/.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunDigest } from "../../domain/digest.ts";
import type { Plan } from "../../domain/journal.ts";
import { hashText, RUN_FOLDER, type RunFolder } from "../../base/ids.ts";
import type { PlotRef, RunOutcome, RunRecord } from "../../domain/run.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { SystemSeries } from "../../domain/system.ts";
import { causeOfDeath } from "../../rules/cause.ts";
import { comparedNames } from "../../logs/criterion-metrics.ts";
import { findings, withComparisons } from "../../rules/findings.ts";
import type { RuleInput } from "../../rules/rule.ts";
import { curvesOf } from "../../judge/curves.ts";
import type { ReportRun } from "../../judge/input.ts";
import { runPictureNames } from "../../report/plots/split-pictures.ts";
import { recordTrouble } from "../../judge/record-shape.ts";
import { earlierOf, recordDigest } from "./earlier-runs.ts";
import { imageFile } from "../render/plot-files.ts";
import {
  cacheKey,
  type CachedReading,
  logsPrint,
  type ReadingCache,
  withoutValues,
} from "./reading-cache.ts";
import { readRunRecord } from "./run-record.ts";
import { readSystemFile } from "./system-sampler.ts";
import { openTail, readRun, type RunTail } from "./tail.ts";

/** Turns of READ_CHUNK taken on a growing log for one report: a log that grows faster waits. */
const REPORT_TURNS = 100_000;

export interface RunFilesRequest {
  /** Absolute path of the run folder. */
  readonly runDir: string;
  readonly folder: RunFolder;
  /** Path from the page to the run folder, with forward slashes. */
  readonly path: string;
  /** The plan whose promises and criteria the rules look at. */
  readonly plan: Plan;
  readonly cache: ReadingCache;
  /** For a baseline of another experiment: who asks, since the rules look at its plan. */
  readonly usedBy?: string;
}

/** One run as the report takes it. Never rejects for what a person or a script left there. */
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
    ...(record === undefined ? {} : { record }),
    ...(recordProblem === undefined ? {} : { recordProblem }),
    reading: cached.reading,
    findings: cached.findings,
    ...lastLineOf(record, cached.reading),
    plots,
    curves: cached.curves,
  };
}

/** What is wrong with a record, without the file that the report names itself. */
function bareReason(message: string): string {
  return message.replace(/^Cannot read \S.*?run\.json: /, "");
}

/** The findings of a run from its record and a reading: the same whenever they are asked for. */
export function judgedFindings(
  plan: Plan,
  record: RunRecord | undefined,
  reading: RunReading,
  system: SystemSeries = [],
): ReportRun["findings"] {
  return findings(ruleInput(plan, record, reading, system));
}

/** The runs of an experiment with what the rules add that lay each beside the earlier ones. */
export function withRunComparisons(
  plan: Plan,
  runs: readonly ReportRun[],
  digestOf: (run: ReportRun) => RunDigest | undefined,
): readonly ReportRun[] {
  const all = runs.flatMap((run) => digestOf(run) ?? []);
  return runs.map((run) => {
    const digest = digestOf(run);
    if (digest === undefined) return run;
    const input = ruleInput(plan, run.record, run.reading, []);
    const earlier = earlierOf(digest, all);
    return { ...run, findings: withComparisons(run.findings, { ...input, digest, earlier }) };
  });
}

/** What the rules are told of a run from its record: as the daemon told them at its end. */
export function ruleInput(
  plan: Plan,
  record: RunRecord | undefined,
  reading: RunReading,
  system: SystemSeries,
): RuleInput {
  const startedAtMs = instant(record?.startedAt) ?? 0;
  const endedAtMs = record?.ending === undefined ? undefined : instant(record.endedAt);
  const outcome = outcomeOf(record, reading);
  return {
    reading,
    plan,
    system,
    ...(record === undefined ? {} : { args: record.args.slice(1), gpus: record.gpus.length }),
    ...(outcome === undefined ? {} : { outcome }),
    startedAtMs,
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
    limitMs: record?.limitMs ?? 0,
    long: record?.long ?? false,
    // A report knows no present: what a rule would say of a run's silence is the daemon's to say.
    nowMs: endedAtMs ?? startedAtMs,
    verb: record?.verb ?? "run",
  };
}

/** Readings that go on: two that are asked for at one time must not follow a log together. */
const goingOn = new WeakMap<ReadingCache, Map<string, Promise<CachedReading>>>();

async function readLogs(
  request: RunFilesRequest,
  record: RunRecord | undefined,
): Promise<CachedReading> {
  const key = cacheKey(request.runDir, request.usedBy);
  const going = goingOn.get(request.cache) ?? new Map<string, Promise<CachedReading>>();
  goingOn.set(request.cache, going);
  const before = going.get(key);
  const mine = (async () => {
    await before?.catch(() => undefined);
    return readLogsNow(key, request, record);
  })();
  going.set(key, mine);
  try {
    return await mine;
  } finally {
    if (going.get(key) === mine) going.delete(key);
  }
}

async function readLogsNow(
  key: string,
  { runDir, folder, plan, cache }: RunFilesRequest,
  record: RunRecord | undefined,
): Promise<CachedReading> {
  const told = hashText(JSON.stringify([{ ...plan, lines: {} }, record ?? null]));
  const print = `${told}\n${await logsPrint(runDir)}`;
  const known = cache.get(key);
  if (known?.print === print) return known;
  const { reading, tail } = await readNew(runDir, record, known);
  const digest = record?.ending === undefined ? undefined : recordDigest(folder, record, reading);
  const said = judgedFindings(plan, record, reading, await readSystemFile(runDir));
  const wanted = [...comparedNames(plan), ...plan.metrics.map((metric) => metric.key)];
  const fresh: CachedReading = {
    print,
    reading: withoutValues(reading),
    findings: said,
    curves: curvesOf(reading, wanted, said),
    ...(digest === undefined ? {} : { digest }),
    ...(tail === undefined ? {} : { tail }),
  };
  cache.set(key, fresh);
  return fresh;
}

/**
 * A run that has ended is read to its last byte, once. Any other may go on: a last line without
 * its end is no line yet, and logs that have grown before are followed from where they were.
 */
async function readNew(
  runDir: string,
  record: RunRecord | undefined,
  known: CachedReading | undefined,
): Promise<{ readonly reading: RunReading; readonly tail?: RunTail }> {
  if (record?.ending !== undefined) {
    // What was followed until now is read on from there.
    await known?.tail?.finish();
    return { reading: known?.tail?.reader.reading() ?? (await readRun(runDir)) };
  }
  const tail = known?.tail ?? openTail(runDir);
  for (let turns = 0; turns < REPORT_TURNS && (await tail.poll()); turns += 1);
  const reading = tail.reader.reading();
  const follows = record !== undefined || known !== undefined;
  return follows ? { reading, tail } : { reading };
}

function outcomeOf(
  record: RunRecord | undefined,
  reading: RunReading,
): Pick<RunOutcome, "ending" | "cause" | "exitCode" | "lastLine"> | undefined {
  if (record?.ending === undefined || record.cause === undefined) return undefined;
  const { ending, cause, exitCode } = record;
  return {
    ending,
    cause,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...lastLineOf(record, reading),
  };
}

/** The line of the log that tells of the end: run.json does not keep it, the logs do. */
function lastLineOf(
  record: RunRecord | undefined,
  reading: RunReading,
): Pick<RunOutcome, "lastLine"> {
  if (record?.ending !== "failed" || record.exitCode === undefined) return {};
  const death = causeOfDeath({
    exit: { code: record.exitCode, endedAtMs: 0, overLimit: record.cause?.kind === "over-limit" },
    limitMs: record.limitMs,
    reading,
    hostOomKill: record.cause?.kind === "host-out-of-memory",
    verb: record.verb,
  });
  return death.lastLine === undefined ? {} : { lastLine: death.lastLine };
}

/**
 * Plots of nightlab's that lie in the run's folder: an image with its spec beside it. A picture
 * without one is the script's own.
 */
async function presentPlots(runDir: string, reading: RunReading): Promise<readonly PlotRef[]> {
  const there = new Set(await readdir(join(runDir, "plots")).catch(() => []));
  if (there.size === 0) return [];
  return [...runPictureNames(reading.series)].flatMap(([metric, name]) => {
    const own = [name, `${name}-nightlab`].find(
      (tried) => there.has(imageFile(tried)) && there.has(`${tried}.vl.json`),
    );
    return own === undefined ? [] : [{ metric, file: `plots/${imageFile(own)}` }];
  });
}

function instant(stamp: string | undefined): number | undefined {
  const ms = Date.parse(stamp ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
