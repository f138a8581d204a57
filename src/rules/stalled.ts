// Rule: a run has been silent for much longer than ever before, and its processes are idle too.
// Silence alone is no finding: evaluations and checkpoints are silent as well.
import { SHORT_RUN_MS } from "../base/limits.ts";
import { spanText } from "../base/time.ts";
import type { SystemSeries } from "../domain/system.ts";
import { rule } from "./rule.ts";

export const stalled = rule({
  name: "stalled",
  tier: "A",
  says: "No line for far longer than any silence before, with processor and GPU idle.",
  silent: "Runs whose processes work, and all runs that cannot be sampled.",
  numbers: {
    minutes: { value: 30, why: "Finished runs are silent for up to 24 min (1,444 s)." },
    times: { value: 3, why: "Of the longest silence before." },
    shortSeconds: { value: 60, why: "For runs that promise to take under 2 min." },
    shortTimes: { value: 5, why: "Of the longest silence before, for those runs." },
    cores: { value: 0.02, why: "Processor time of idle processes that only wait: 2 % of a core." },
    gpu: { value: 0.05, why: "Utilisation below which a GPU does nothing for the run." },
  },
  find({ outcome, silence, system, nowMs, limitMs }, numbers) {
    if (outcome !== undefined || silence === undefined || system === undefined) return [];
    const short = limitMs <= SHORT_RUN_MS;
    const leastMs = short ? numbers.shortSeconds * 1_000 : numbers.minutes * 60_000;
    const factor = short ? numbers.shortTimes : numbers.times;
    const silentMs = nowMs - silence.sinceMs;
    if (silentMs <= Math.max(leastMs, factor * silence.longestMs)) return [];
    if (!isIdle(system, silence.sinceMs + silentMs / 2, numbers)) return [];
    const message = `nothing was written for ${spanText(silentMs)}, and its processes are idle`;
    return [{ message, count: 1, blocking: false }];
  },
});

/** Whether there are at least three samples from `sinceMs` on, all of them idle. */
function isIdle(
  system: SystemSeries,
  sinceMs: number,
  { cores, gpu }: { readonly cores: number; readonly gpu: number },
): boolean {
  const late = system.filter(({ atMs }) => atMs >= sinceMs);
  return late.length >= 3 && late.every((one) => one.cpu <= cores && (one.gpu ?? 0) <= gpu);
}
