// One more line in one of 500 runs: how long until the report of the experiment is renewed, and
// that this needs less than 300 MB in a process of its own.
import { appendFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createReadingCache } from "../src/effects/experiment-files.ts";
import { renewReport } from "../src/effects/pages.ts";
import { measure } from "./measure.ts";
import type { Bench } from "./run.ts";

const RUNS = 500;
const LINES = 200;
const MOST_BYTES = 300e6;

export const bench: Bench = {
  what: `report of ${RUNS} runs, one more line in one of them`,
  boundMs: 2_000,
  run: async () => {
    const experiment = await mkdtemp(join(tmpdir(), "nightlab-bench-"));
    try {
      const logs = await makeRuns(experiment);
      const cache = createReadingCache();
      await renewReport(experiment, { cache });
      let peak = 0;
      const timing = await measure(5, async (round) => {
        await appendFile(logs, metric(LINES + round + 10));
        const from = performance.now();
        const { problems } = await renewReport(experiment, { cache });
        if (problems.length > 0) throw new Error(problems.join("\n"));
        peak = Math.max(peak, process.memoryUsage().rss);
        return performance.now() - from;
      });
      if (peak > MOST_BYTES) throw new Error(`${(peak / 1e6).toFixed(0)} MB, more than 300 MB`);
      return timing;
    } finally {
      await rm(experiment, { recursive: true });
    }
  },
};

function metric(step: number): string {
  const loss = (1 / (1 + step / 50)).toFixed(4);
  return `2025-02-02 14:30:00 | INFO | metric {"step": ${step}, "train/loss": ${loss}, "val/loss": ${loss}}\n`;
}

/** The last run's log. */
async function makeRuns(experiment: string): Promise<string> {
  const journal =
    "---\nsuccess: val/loss < 0.4\nmetrics: [val/loss]\nbaseline: try-0\n---\n\n# Many\n";
  await writeFile(join(experiment, "JOURNAL.md"), journal);
  let log = "";
  for (let i = 0; i < RUNS; i += 1) {
    const minute = String(i % 60).padStart(2, "0");
    const hour = String(Math.floor(i / 60)).padStart(2, "0");
    const logs = join(experiment, "runs", `2025-02-02T${hour}-${minute}-00-try-${i}`, "logs");
    await mkdir(logs, { recursive: true });
    log = join(logs, "train.log");
    await writeFile(log, Array.from({ length: LINES }, (_, step) => metric(step)).join(""));
  }
  return log;
}
