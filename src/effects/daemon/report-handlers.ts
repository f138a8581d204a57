// The hand that renews reports: one at a time, each at most once a second, and only when something
// that it is made from has changed. What a report says is in report/.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ExperimentPath } from "../../base/ids.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { renewReport } from "../pages/pages.ts";
import type { ReadingCache } from "../run-store/reading-cache.ts";
import type { Renderer } from "../render/render.ts";
import { atomicWrite } from "../os/atomic-write.ts";

/** And a report with many runs rests so long for each of them: a renewal looks at all. */
export const RENEW_RUN_MS = 5;
const RENEW_RUNS_MOST_MS = 30_000;
/** Experiment pictures of runs that go on are drawn anew at most this often. */
const FIGURES_MS = 30_000;

export interface ReportHandlers extends Pick<EffectHandlers, "renew-report"> {
  readonly touch: (experiment: ExperimentPath) => void;
  /** Resolves when nothing is being written. */
  close(): Promise<void>;
}

export interface ReportHandlersParts {
  readonly labOf: (experiment: ExperimentPath) => string | undefined;
  /** The report of an experiment is up to date, or `trouble` says why its old one stays. */
  readonly renewed: (experiment: ExperimentPath, trouble?: string) => void;
  /** What logs said, shared with whoever else reads them. */
  readonly cache: ReadingCache;
  /** Draws the experiment's own pictures. */
  readonly renderer: Renderer;
  /** How long a report rests after a renewal. */
  readonly renewMs: (experiment: ExperimentPath) => number;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/**
 * Reports are made one at a time, and one experiment's not more than once in `renewMs`, or in what
 * its number of runs asks for. Its own pictures are drawn at once where a run has ended; while runs
 * go on they rest for FIGURES_MS.
 */
export function reportHandlers(around: ReportHandlersParts): ReportHandlers {
  /** When each is due, in ms of the process's own clock. */
  const due = new Map<ExperimentPath, number>();
  const renewedAtMs = new Map<ExperimentPath, number>();
  const drawnAtMs = new Map<ExperimentPath, number>();
  /** How many runs each had when it was last looked at. */
  const runs = new Map<ExperimentPath, number>();
  /** Experiments with more news than a log that has grown. */
  const asked = new Set<ExperimentPath>();
  const { cache } = around;
  let working: Promise<void> | undefined;
  let closed = false;

  const work = async (): Promise<void> => {
    for (let next = soonest(due); next !== undefined; next = soonest(due)) {
      const [experiment, dueAtMs] = next;
      const waitMs = dueAtMs - performance.now();
      if (closed) due.clear();
      else if (waitMs > 0) await pause(Math.min(waitMs, LOOK_MS));
      else {
        due.delete(experiment);
        if (!(await renew(experiment))) continue;
        renewedAtMs.set(experiment, performance.now());
        // News from while it was made knew of no rest.
        const again = due.get(experiment);
        if (again !== undefined) due.set(experiment, Math.max(again, restedAtMs(experiment)));
      }
    }
    working = undefined;
  };
  const renew = async (experiment: ExperimentPath): Promise<boolean> => {
    const lab = around.labOf(experiment);
    if (lab === undefined) return false;
    try {
      const { mark, folders } = await fingerprint(experiment);
      runs.set(experiment, folders);
      const markFile = markFileOf(lab, experiment);
      if (mark === (await readFile(markFile, "utf8").catch(() => ""))) return false;
      const restMs = (drawnAtMs.get(experiment) ?? -FIGURES_MS) + FIGURES_MS - performance.now();
      const draws = restMs <= 0 || asked.has(experiment);
      asked.delete(experiment);
      if (draws) drawnAtMs.set(experiment, performance.now());
      const { problems, refused } = await renewReport(experiment, {
        cache,
        labDir: lab,
        ...(draws ? { renderer: around.renderer } : {}),
      });
      for (const problem of problems) around.warn("report", { experiment, problem });
      around.renewed(experiment, refused);
      // Tried again at the next look: the log may have been in the middle of a change.
      if (refused !== undefined) return true;
      if (!draws) {
        if (!due.has(experiment)) due.set(experiment, performance.now() + restMs);
        return true;
      }
      await mkdir(dirname(markFile), { recursive: true });
      await atomicWrite(markFile, mark);
      return true;
    } catch (error) {
      around.warn("report not renewed", { experiment, error: String(error) });
      return true;
    }
  };
  const restedAtMs = (experiment: ExperimentPath): number => {
    const askedMs = around.renewMs(experiment);
    const runsMs = Math.min((runs.get(experiment) ?? 0) * RENEW_RUN_MS, RENEW_RUNS_MOST_MS);
    // Who wrote `renew: 0s` wants no rest.
    const restMs = askedMs === 0 ? 0 : Math.max(askedMs, runsMs);
    return (renewedAtMs.get(experiment) ?? -restMs) + restMs;
  };
  const touch = (experiment: ExperimentPath): void => {
    const dueAtMs = restedAtMs(experiment);
    if (closed || (due.get(experiment) ?? Infinity) <= dueAtMs) return;
    due.set(experiment, dueAtMs);
    working ??= work();
  };
  return {
    touch,
    "renew-report": ({ experiment }) => {
      asked.add(experiment);
      touch(experiment);
    },
    async close() {
      closed = true;
      await working;
    },
  };
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The entry that is due first. */
function soonest<K>(due: ReadonlyMap<K, number>): readonly [K, number] | undefined {
  let found: readonly [K, number] | undefined;
  for (const entry of due) if (found === undefined || entry[1] < found[1]) found = entry;
  return found;
}

/** While one report rests another may come due. */
const LOOK_MS = 100;

const markFileOf = (lab: string, experiment: string): string => {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "pages", `${name}.mark`);
};

/** Changes whenever a file that the report is made from has changed, or the report itself. */
async function fingerprint(
  experiment: string,
): Promise<{ readonly mark: string; readonly folders: number }> {
  const marks: string[] = [];
  const mark = async (path: string): Promise<void> => {
    const found = await stat(join(experiment, path)).catch(() => undefined);
    if (found !== undefined) marks.push(`${path} ${found.ino} ${found.size} ${found.mtimeMs}`);
  };
  for (const name of ["JOURNAL.md", "IGNORED_RUNS.md", "REPORT.md"]) await mark(name);
  const runs = (await readdir(join(experiment, "runs")).catch(() => [])).toSorted(byName);
  for (const run of runs) {
    const inRun = ["run.json", "logs", "plots"].map((name) => join("runs", run, name));
    for (const path of inRun) await mark(path);
    const logs = join("runs", run, "logs");
    for (const log of await readdir(join(experiment, logs)).catch(() => [])) {
      await mark(join(logs, log));
    }
  }
  return {
    mark: createHash("sha256").update(marks.join("\n")).digest("hex"),
    folders: runs.length,
  };
}
