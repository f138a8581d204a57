// The plan that governs a run: the frontmatter of the journal two folders above it, with the rules
// of the lab's nightlab.yaml. The plan may name a pattern for metric lines; everything that reads
// the run's logs uses it, so that all readers see the same values.
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createHeadReader } from "../../journal/read/frontmatter.ts";
import type { Plan } from "../../domain/journal.ts";
import { ownPattern } from "../../logs/formats/own-pattern.ts";
import type { OwnFormat } from "../../logs/lines/metric-line.ts";
import { withLabRules } from "../../settings/rule-values.ts";
import { open } from "../os/lab-files.ts";
import { orTold } from "../os/unread.ts";
import { readSettingsInForce } from "./lab-settings.ts";

/** How much of a journal is read to find its frontmatter. */
const FRONTMATTER_BYTES = 128 * 1024;

/** Shared by all reads: nearly all consecutive ones are of one journal and the same frontmatter. */
const readHead = createHeadReader();

/** Reads in progress, by path: many runs of one experiment ask for the same journal at once. */
const inProgress = new Map<string, Promise<Plan | undefined>>();

/** The plan in `<runDir>/../../JOURNAL.md`; undefined where there is no such file. */
async function planBeside(runDir: string): Promise<Plan | undefined> {
  const path = join(runDir, "..", "..", "JOURNAL.md");
  const earlier = inProgress.get(path);
  if (earlier !== undefined) return earlier;
  const reading = readPlan(path).finally(() => inProgress.delete(path));
  inProgress.set(path, reading);
  return reading;
}

async function readPlan(path: string): Promise<Plan | undefined> {
  const text = await orTold(path, headOf(path));
  return text === undefined ? undefined : readHead(text).plan;
}

async function headOf(path: string): Promise<string> {
  const handle = await open(path);
  try {
    const buffer = new Uint8Array(FRONTMATTER_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return Buffer.from(buffer.subarray(0, bytesRead)).toString("utf8");
  } finally {
    await handle.close();
  }
}

/** The plan of the journal two folders above, with the lab's rules; undefined without a journal. */
export async function planOfRun(runDir: string): Promise<Plan | undefined> {
  const plan = await planBeside(runDir);
  return plan === undefined ? undefined : withRulesOf(plan, labAbove(resolve(runDir)));
}

/** A plan with the rule settings of a lab, which apply where the journal sets none. */
export async function withRulesOf(plan: Plan, lab: string): Promise<Plan> {
  return withLabRules(plan, (await readSettingsInForce(lab, "UTC")).settings.rules);
}

/** The lab that holds a folder; the root, which is none, where no folder above is one. */
function labAbove(folder: string): string {
  for (let dir = folder; ; dir = dirname(dir)) {
    if (existsSync(join(dir, "nightlab.yaml")) || dirname(dir) === dir) return dir;
  }
}

/** `metrics_pattern` of the run's journal; undefined where none is written. */
export async function metricsPatternOf(runDir: string): Promise<string | undefined> {
  return (await planBeside(runDir))?.metricsPattern;
}

/** The journal's own line format, which takes precedence over all others; undefined without one. */
export async function ownFormatOf(runDir: string): Promise<OwnFormat | undefined> {
  const pattern = await metricsPatternOf(runDir);
  const own = pattern === undefined ? undefined : ownPattern(pattern);
  return own?.kind === "pattern" ? own.read : undefined;
}
