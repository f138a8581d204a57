// The pattern for metric lines that the journal of a run's experiment names, if it does.
// Everything that reads the run's logs reads them with it, so that all see the same.
import { open } from "node:fs/promises";
import { join } from "node:path";
import { createHeadReader } from "../../journal/read/frontmatter.ts";
import type { Plan } from "../../domain/journal.ts";
import { ownPattern } from "../../logs/formats/own-pattern.ts";
import type { OwnFormat } from "../../logs/lines/text-reading.ts";

/** Beginning of a journal in which its frontmatter is looked for. */
const FRONTMATTER_BYTES = 128 * 1024;

/** Of many reads after one another nearly all are of one journal, whose frontmatter stays as it is. */
const readHead = createHeadReader();

/** Reads that go on: of an experiment's runs many ask for the same journal at one time. */
const goingOn = new Map<string, Promise<Plan | undefined>>();

/** The plan in `<runDir>/../../JOURNAL.md`; undefined where there is no such file. */
export async function planBeside(runDir: string): Promise<Plan | undefined> {
  const path = join(runDir, "..", "..", "JOURNAL.md");
  const going = goingOn.get(path);
  if (going !== undefined) return going;
  const reading = readPlanOf(path).finally(() => goingOn.delete(path));
  goingOn.set(path, reading);
  return reading;
}

async function readPlanOf(path: string): Promise<Plan | undefined> {
  const handle = await open(path, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const buffer = new Uint8Array(FRONTMATTER_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const text = Buffer.from(buffer.subarray(0, bytesRead)).toString("utf8");
    return readHead(text).plan;
  } catch {
    return undefined;
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/** `metrics_pattern` of that plan; undefined where none is written. */
export async function metricsPatternOf(runDir: string): Promise<string | undefined> {
  return (await planBeside(runDir))?.metricsPattern;
}

/** How the run's own lines are to be read before any format is asked, where that is written. */
export async function ownFormatOf(runDir: string): Promise<OwnFormat | undefined> {
  const pattern = await metricsPatternOf(runDir);
  const own = pattern === undefined ? undefined : ownPattern(pattern);
  return own?.kind === "pattern" ? own.read : undefined;
}
