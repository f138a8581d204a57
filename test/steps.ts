// Steps of a piece of work, file by file: how often each block of code ran, as V8 counts it. Unlike
// time they are the same on any machine under any load. What a built-in does within one step, such
// as a regular expression, is not counted.
import { Session } from "node:inspector";

const session = new Session();
session.connect();
session.post("Profiler.enable");
session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });

/** The steps of `work` by file. */
export function stepsOf(work: () => void): ReadonlyMap<string, number> {
  take();
  work();
  return take();
}

/** Steps since the last call. */
function take(): ReadonlyMap<string, number> {
  const steps = new Map<string, number>();
  // A session to the own process answers before `post` returns.
  session.post("Profiler.takePreciseCoverage", (error, { result }) => {
    if (error !== null) throw error;
    for (const { url, functions } of result) {
      let sum = 0;
      for (const { ranges } of functions) for (const { count } of ranges) sum += count;
      if (sum > 0) steps.set(url, (steps.get(url) ?? 0) + sum);
    }
  });
  return steps;
}
