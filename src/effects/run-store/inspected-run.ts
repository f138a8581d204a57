// What the rules are to be told of one run folder, as the daemon told them when the run ended: its
// journal's plan, the lab's rules, run.json, its samples and the runs before it.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { runFolder } from "../../base/ids.ts";
import type { Plan } from "../../domain/journal.ts";
import type { RunReading } from "../../domain/sample.ts";
import type { RuleInput } from "../../rules/rule.ts";
import { recordTrouble } from "../../judge/record-shape.ts";
import { readLabSettings } from "../../settings/lab.ts";
import { withLabRules } from "../../settings/rule-values.ts";
import { createEarlierRuns, earlierOf, recordDigest } from "./earlier-runs.ts";
import { planBeside } from "./metrics-pattern.ts";
import { ruleInput } from "./run-files.ts";
import { readRunRecord } from "./run-record.ts";
import { readSystemFile } from "./system-sampler.ts";

/** The plan of the journal two folders above, with the lab's rules; undefined without a journal. */
export async function planOfRun(runDir: string): Promise<Plan | undefined> {
  const plan = await planBeside(runDir);
  if (plan === undefined) return undefined;
  const text = await readFile(labFile(resolve(runDir)), "utf8").catch(() => "");
  return withLabRules(plan, readLabSettings(text, "UTC").value.rules);
}

/** `nightlab.yaml` of the lab that holds a folder; a file that is not there where none does. */
function labFile(folder: string): string {
  for (let dir = folder; ; dir = dirname(dir)) {
    const file = join(dir, "nightlab.yaml");
    if (existsSync(file) || dirname(dir) === dir) return file;
  }
}

/**
 * The rules' input for a run with a record, so that their findings are those of its receipt;
 * undefined where run.json is missing or no record.
 */
export async function inputOfRun(
  runDir: string,
  plan: Plan,
  reading: RunReading,
): Promise<RuleInput | undefined> {
  const read = await readRunRecord(runDir);
  if (read.kind !== "record" || recordTrouble(read.record) !== undefined) return undefined;
  const { record } = read;
  const input = ruleInput(plan, record, reading, await readSystemFile(runDir));
  const folder = runFolder(basename(resolve(runDir)));
  const digest = record.ending === undefined ? undefined : recordDigest(folder, record, reading);
  if (digest === undefined) return input;
  const all = await createEarlierRuns().of(dirname(dirname(resolve(runDir))));
  return { ...input, digest, earlier: earlierOf(digest, all) };
}
