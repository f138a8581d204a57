// Reads the logs of the run folder given, as the daemon does, and prints what it took as JSON.
// It is a process of its own, so that the memory is that of reading and of nothing else.
import { readRun } from "../src/effects/run-store/tail.ts";

const before = process.cpuUsage();
const reading = await readRun(process.argv[2] ?? ".");
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    cpuMs: (user + system) / 1000,
    // In KB on Linux.
    peakMb: process.resourceUsage().maxRSS / 1000,
    metrics: Object.fromEntries(reading.series.map(({ summary }) => [summary.key, summary.count])),
  }),
);
