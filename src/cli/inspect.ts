// `nightlab inspect PATH`: shows what is read from a log file or a run folder, and what the
// rules say of it, so that nobody has to guess what nightlab sees. It writes nothing.
import { open, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { readRun } from "../effects/tail.ts";
import { READ_CHUNK, SHORT_RUN_MS } from "../limits.ts";
import type { Plan } from "../model/journal.ts";
import type { RunReading } from "../model/sample.ts";
import { findings } from "../observe/findings.ts";
import type { RuleInput } from "../observe/rules/rule.ts";
import { createRunReader } from "../observe/run-reader.ts";
import { type Answer, refused } from "./answer.ts";
import { fileErrorText } from "./file-error.ts";
import { recordedRun } from "./inspect-record.ts";
import { inspectText } from "./inspect-text.ts";

/** Without a journal nothing is promised. */
const NO_PLAN: Plan = {
  metrics: [],
  script: "train.py",
  evalScript: "eval.py",
  rulesOff: [],
  lines: {},
};

/**
 * What the command prints. Whatever is found in the logs, a path that could be read is exit code
 * 0; one that could not is 2, with a text that says why and what to give instead.
 */
export async function inspect(path: string, options: { readonly json: boolean }): Promise<Answer> {
  try {
    const facts = await stat(path);
    if (facts.isFile()) return await shown(path, await readLog(path), options);
    const runDir = facts.isDirectory() ? await runFolderOf(path) : undefined;
    if (runDir !== undefined) return await shown(path, await readRun(runDir), options, runDir);
    return cannot(path, facts.isDirectory() ? "it has no folder logs/" : "it is no regular file");
  } catch (error) {
    return cannot(path, fileErrorText(error));
  }
}

/** The run folder that a folder is, or whose `logs` it is; undefined when it is neither. */
async function runFolderOf(folder: string): Promise<string | undefined> {
  const logs = await stat(join(folder, "logs")).catch(() => undefined);
  if (logs?.isDirectory() === true) return folder;
  const whole = resolve(folder);
  return basename(whole) === "logs" ? dirname(whole) : undefined;
}

async function readLog(path: string): Promise<RunReading> {
  const reader = createRunReader();
  const handle = await open(path, "r");
  try {
    const buffer = new Uint8Array(READ_CHUNK);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      reader.feed(basename(path), buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
  reader.finish();
  return reader.reading();
}

async function shown(
  path: string,
  reading: RunReading,
  { json }: { readonly json: boolean },
  runDir?: string,
): Promise<Answer> {
  const recorded = runDir === undefined ? undefined : await recordOf(runDir);
  const input: RuleInput = {
    reading,
    plan: NO_PLAN,
    startedAtMs: 0,
    nowMs: 0,
    limitMs: SHORT_RUN_MS,
    long: false,
    verb: "run",
    ...recorded,
  };
  const said = findings(input);
  if (!json) return { text: inspectText(path, reading, said), exitCode: 0 };
  const { series, ...rest } = reading;
  const value = {
    path,
    series: series.map(({ summary, stepKey }) => ({ ...summary, stepKey })),
    findings: recorded === undefined ? said.map(({ atMs: _, ...finding }) => finding) : said,
    ...rest,
  };
  return { text: `${JSON.stringify(value, null, 2)}\n`, exitCode: 0 };
}

async function recordOf(runDir: string): Promise<ReturnType<typeof recordedRun>> {
  const text = await readFile(join(runDir, "run.json"), "utf8").catch(() => undefined);
  return text === undefined ? undefined : recordedRun(text);
}

function cannot(path: string, why: string): Answer {
  return refused(
    `Cannot inspect ${JSON.stringify(path)}: ${why}.\n` +
      "Give a log file (runs/<run>/logs/train.log) or a run folder (runs/<run>).\n",
  );
}
