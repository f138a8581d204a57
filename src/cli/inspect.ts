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
 * What the command prints, and its exit code: 0 when the path could be read, whatever is found
 * there; 1 when not, with a text that says why and what to give instead.
 */
export async function inspect(
  path: string,
  options: { readonly json: boolean },
): Promise<{ text: string; exitCode: number }> {
  const facts = await stat(path).catch((error: unknown) => error);
  const runDir = await runFolderOf(path);
  if (runDir !== undefined) return shown(path, await readRun(runDir), options, runDir);
  if (isFile(facts)) {
    try {
      return await shown(path, await readLog(path), options);
    } catch (error) {
      return refused(path, whyNot(error));
    }
  }
  if (facts instanceof Error) return refused(path, whyNot(facts));
  return refused(path, "it is neither a regular file nor a folder with logs/*.log");
}

/** The run folder that a folder is or whose `logs` it is; undefined when it is none. */
async function runFolderOf(path: string): Promise<string | undefined> {
  const isFolder = async (folder: string): Promise<boolean> =>
    (await stat(folder).catch(() => undefined))?.isDirectory() ?? false;
  if (!(await isFolder(path))) return undefined;
  if (await isFolder(join(path, "logs"))) return path;
  const whole = resolve(path);
  return basename(whole) === "logs" ? dirname(whole) : undefined;
}

const isFile = (facts: unknown): boolean =>
  typeof facts === "object" &&
  facts !== null &&
  "isFile" in facts &&
  typeof facts.isFile === "function" &&
  facts.isFile() === true;

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
): Promise<{ text: string; exitCode: number }> {
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

function refused(path: string, why: string): { text: string; exitCode: number } {
  const text =
    `Cannot inspect ${JSON.stringify(path)}: ${why}.\n` +
    "Give a log file (runs/<run>/logs/train.log) or a run folder (runs/<run>).\n";
  return { text, exitCode: 1 };
}

function whyNot(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file or folder";
  if (code === "EACCES" || code === "EPERM") return "you may not read it";
  return error instanceof Error ? error.message : String(error);
}
