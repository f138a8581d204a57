// Renews the report of an experiment after each of some lines in one of its logs, as the daemon
// does, and prints times and memory as JSON. It is a process of its own, so that both are its own.
import { appendFile } from "node:fs/promises";
import { createReadingCache } from "../src/effects/run-store/experiment-files.ts";
import { renewReport } from "../src/effects/pages/pages.ts";
import { createRenderer } from "../src/effects/render/render.ts";
import { trimHeap } from "../src/effects/os/trim-heap.ts";
import { measure } from "./measure.ts";

const [experiment = "", log = "", pictures = ""] = process.argv.slice(2);
trimHeap();
const renderer = createRenderer();
const options = {
  cache: createReadingCache(),
  ...(pictures === "pictures" ? { renderer } : {}),
};
await renewReport(experiment, options);
const timing = await measure(5, async (round) => {
  const loss = (1 / (5 + round)).toFixed(4);
  const values = `{"step": ${1_000 + round}, "train/loss": ${loss}, "val/loss": ${loss}}`;
  await appendFile(log, `2025-02-02 14:34:00 | INFO | metric ${values}\n`);
  const from = performance.now();
  const { problems } = await renewReport(experiment, options);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return performance.now() - from;
});
await renderer.close();
// In KB on Linux.
console.log(JSON.stringify({ timing, peakMb: process.resourceUsage().maxRSS / 1_000 }));
