// `nightlab inspect PATH|ID`: shows what nightlab reads from a log file or a run folder, and what
// its rules find there. Writes nothing.
import { existsSync } from "node:fs";
import { orAbsent } from "../effects/os/absent.ts";
import { open, readFile, stat } from "../effects/os/lab-files.ts";
import { basename, dirname, join, resolve } from "node:path";
import { readRun, READ_CHUNK } from "../effects/run-store/tail.ts";
import { SHORT_RUN_MS } from "../base/limits.ts";
import type { Plan } from "../domain/journal.ts";
import type { RunReading } from "../domain/sample.ts";
import { inputOfRun } from "../effects/run-store/rule-input.ts";
import { ownFormatOf, planOfRun } from "../effects/run-store/run-plan.ts";
import { createUnpacker } from "../effects/os/unpack.ts";
import { findings } from "../rules/findings.ts";
import { betterWay, splitOf } from "../logs/metric-role.ts";
import type { TextOptions } from "../logs/lines/line-reader.ts";
import type { RuleInput } from "../rules/rule.ts";
import { createRunReader } from "../logs/run-reader.ts";
import { type CommandResult, refused } from "./command-result.ts";
import { fileErrorText } from "./file-error.ts";
import { createExplainer } from "./inspect-explain.ts";
import { recordedRun } from "./inspect-record.ts";
import { inspectText } from "./inspect-text.ts";
import { runPathOf } from "./lab-world.ts";
import { defined } from "../base/defined.ts";

/** The plan of a log without a journal: it names no metrics. */
const NO_PLAN: Plan = {
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

export interface InspectOptions {
  readonly json: boolean;
  /**
   * Show how lines are parsed instead: each kind of line (`true`), or the line with this number.
   */
  readonly explain?: true | string;
}

/**
 * Inspects a path, or the run that an id or name means. Exit code 0: it could be read, whatever was
 * found. 2: it could not; the text says why and what to give instead.
 */
export async function inspect(target: string, options: InspectOptions): Promise<CommandResult> {
  const isWord = !target.includes("/") && !existsSync(target);
  const path = (isWord ? runPathOf(target, ".") : undefined) ?? target;
  try {
    const facts = await stat(path);
    if (options.explain !== undefined)
      return await explained(path, facts.isFile(), options.explain);
    if (facts.isFile()) return await shown(path, await readLog(path), options);
    const runDir = facts.isDirectory() ? await runFolderOf(path) : undefined;
    if (runDir !== undefined) return await shown(path, await readRun(runDir), options, runDir);
    return cannot(path, facts.isDirectory() ? "it has no folder logs/" : "it is no regular file");
  } catch (error) {
    return cannot(path, fileErrorText(error));
  }
}

/** The run folder that this is, or whose `logs` this is; undefined if it is neither. */
async function runFolderOf(folder: string): Promise<string | undefined> {
  // Any failure: it is no run folder then.
  const logs = await stat(join(folder, "logs")).catch(() => undefined);
  if (logs?.isDirectory() === true) return folder;
  const whole = resolve(folder);
  return basename(whole) === "logs" ? dirname(whole) : undefined;
}

async function explained(
  path: string,
  isFile: boolean,
  line: true | string,
): Promise<CommandResult> {
  if (!isFile) return cannot(path, "lines are explained of one file");
  const number = line === true ? undefined : Number(line);
  if (number !== undefined && !(Number.isInteger(number) && number > 0)) {
    return cannot(path, `${JSON.stringify(line)} is no line number`);
  }
  const explainer = createExplainer(number);
  await readLog(path, {
    onRead: (at, _offset, text, read) => explainer.see({ line: at, text, read }),
  });
  return { text: explainer.text(path), exitCode: 0 };
}

async function readLog(path: string, options: TextOptions = {}): Promise<RunReading> {
  const own = await ownFormatOf(dirname(dirname(resolve(path))));
  const reader = createRunReader({ ...options, own: () => own });
  const name = basename(path);
  const unpacker = createUnpacker((bytes) => reader.feed(name, bytes));
  const handle = await open(path);
  try {
    const buffer = new Uint8Array(READ_CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, bytesRead);
      if (name.endsWith(".gz")) await unpacker.feed(bytes);
      else reader.feed(name, bytes);
    }
  } finally {
    unpacker.close();
    await handle.close();
  }
  reader.finish();
  return reader.reading();
}

async function shown(
  path: string,
  reading: RunReading,
  { json }: InspectOptions,
  runDir?: string,
): Promise<CommandResult> {
  const plan = (runDir === undefined ? undefined : await planOfRun(runDir)) ?? NO_PLAN;
  const complete = runDir === undefined ? undefined : await inputOfRun(runDir, plan, reading);
  // Without a complete record, use the valid part of run.json.
  const recorded = complete ?? (runDir === undefined ? undefined : await recordOf(runDir));
  const input: RuleInput = {
    reading,
    plan,
    startedAtMs: 0,
    nowMs: 0,
    limitMs: SHORT_RUN_MS,
    long: false,
    verb: "run",
    ...recorded,
  };
  const found = findings(input);
  if (!json) return { text: inspectText(path, reading, found, plan), exitCode: 0 };
  const { series, lineFacts: _facts, ...rest } = reading;
  const value = {
    path,
    series: series.map(({ summary, stepKey, reducedBy, attemptFrom }) => ({
      ...summary,
      stepKey,
      split: splitOf(summary.key),
      better: betterWay(plan, summary.key) ?? "unknown",
      ...defined({ reducedBy, attemptFrom }),
    })),
    findings: recorded === undefined ? found.map(({ atMs: _, ...finding }) => finding) : found,
    ...rest,
  };
  return { text: `${JSON.stringify(value, null, 2)}\n`, exitCode: 0 };
}

async function recordOf(runDir: string): Promise<ReturnType<typeof recordedRun>> {
  const text = await orAbsent(readFile(join(runDir, "run.json"), "utf8"));
  return text === undefined ? undefined : recordedRun(text);
}

function cannot(path: string, why: string): CommandResult {
  return refused(
    `Cannot inspect ${JSON.stringify(path)}: ${why}.\n` +
      "Give a log file (runs/<run>/logs/train.log) or a run folder (runs/<run>).\n",
  );
}
