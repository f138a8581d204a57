// One more line in one of 500 runs: how long until the report of the experiment is renewed, alone
// and with its pictures and its live page, and that this needs less than 300 MB in a process.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Timing } from "./measure.ts";
import type { Bench } from "./run.ts";

const RUNS = 500;
const LINES = 200;
const MOST_MB = 300;
const RENEW = fileURLToPath(new URL("renew-many.ts", import.meta.url));

const reportBench = (what: string, pictures: "alone" | "pictures"): Bench => ({
  what,
  boundMs: 2_000,
  run: async () => {
    const experiment = await mkdtemp(join(tmpdir(), "nightlab-bench-"));
    try {
      const log = await makeRuns(experiment);
      const said = execFileSync(process.execPath, [RENEW, experiment, log, pictures]);
      const { timing, peakMb } = JSON.parse(said.toString()) as {
        readonly timing: Timing;
        readonly peakMb: number;
      };
      if (peakMb > MOST_MB) throw new Error(`${peakMb.toFixed(0)} MB, more than ${MOST_MB} MB`);
      return timing;
    } finally {
      await rm(experiment, { recursive: true });
    }
  },
});

export const benches: readonly Bench[] = [
  reportBench(`report of ${RUNS} runs, one more line in one of them`, "alone"),
  reportBench(`report, pictures and live page of ${RUNS} runs, one more line in one`, "pictures"),
];

function metric(step: number): string {
  const loss = (1 / (1 + step / 50)).toFixed(4);
  const second = String(step % 60).padStart(2, "0");
  const stamp = `2025-02-02 14:3${Math.floor(step / 60)}:${second}`;
  return `${stamp} | INFO | metric {"step": ${step}, "train/loss": ${loss}, "val/loss": ${loss}}\n`;
}

/** The last run's log. */
async function makeRuns(experiment: string): Promise<string> {
  const journal =
    "---\nsuccess: val/loss < 0.4\nmetrics: [val/loss]\nbaseline: try-0\n---\n\n# Many\n";
  await writeFile(join(experiment, "JOURNAL.md"), journal);
  const text = Array.from({ length: LINES }, (_, step) => metric(step)).join("");
  let log = "";
  for (let i = 0; i < RUNS; i += 1) {
    const minute = String(i % 60).padStart(2, "0");
    const hour = String(Math.floor(i / 60)).padStart(2, "0");
    const logs = join(experiment, "runs", `2025-02-02T${hour}-${minute}-00-try-${i}`, "logs");
    await mkdir(logs, { recursive: true });
    log = join(logs, "train.log");
    await writeFile(log, text);
  }
  return log;
}
