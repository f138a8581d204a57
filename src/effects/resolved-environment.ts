// What uv resolved for a script that has no lock file, kept beside the run's record so that the
// same packages can be had again. It changes nothing of the person's.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { EXPORT_MS } from "../limits.ts";
import type { AttemptSpec } from "../model/run.ts";
import { chooseRunner } from "./runner.ts";
import { writeWhole } from "./write-whole.ts";

const FILE = "requirements.txt";

/**
 * Writes `requirements.txt`, with hashes, into a run's folder; its name, or undefined where there
 * is nothing to write: another runner, a lock that says it already, no dependencies, no answer.
 */
export async function keepResolved(spec: AttemptSpec, dir: string): Promise<string | undefined> {
  const { experiment, script, lab } = spec;
  const runner = await chooseRunner(experiment, lab, spec.runner);
  if (runner.kind === "missing" || runner.runner !== "uv") return undefined;
  if ((await stat(join(experiment, `${script}.lock`)).catch(() => undefined)) !== undefined) {
    return undefined;
  }
  const args = ["export", "--quiet", "--no-header", "--script", `./${script}`];
  const asked = await execa(runner.binary, args, {
    cwd: experiment,
    timeout: EXPORT_MS,
    reject: false,
    stdin: "ignore",
  });
  if (asked.failed || asked.stdout.trim() === "") return undefined;
  await writeWhole(join(dir, FILE), `${asked.stdout}\n`);
  return FILE;
}
