// The effect handler that renews reports: one at a time, each at most once in its renewal interval,
// and only if something that it is made from has changed. What a report says is in report/.
import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ExperimentPath, LabPath } from "../../base/ids.ts";
import type { Trouble } from "../../domain/trouble.ts";
import { whyUnreadable } from "../os/stable-read.ts";
import type { Troubles } from "../state/troubles.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { renewReport } from "../pages/pages.ts";
import type { ReadingCache } from "../run-store/reading-cache.ts";
import type { Renderer } from "../render/render.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { mkdir, readdir, readFile, stat } from "../os/lab-files.ts";

/** A renewal looks at every run, so the interval between two grows by this much for each run. */
export const RENEW_RUN_MS = 5;
/** The most that RENEW_RUN_MS adds up to. */
const RENEW_RUNS_MOST_MS = 30_000;
/** While runs go on, the experiment's own pictures are drawn at most this often. */
const FIGURES_MS = 30_000;
/** While one report waits for its time, another may come due: look at least this often. */
const LOOK_MS = 100;

export interface ReportHandlers extends Pick<EffectHandlers, "renew-report"> {
  /** Something that the report is made from may have changed. */
  readonly touch: (experiment: ExperimentPath) => void;
  /** Resolves when nothing is being written. */
  close(): Promise<void>;
}

export interface ReportHandlersParts {
  /** The lab of an experiment; undefined where the experiment is gone. */
  readonly labOf: (experiment: ExperimentPath) => LabPath | undefined;
  /** The report of an experiment is up to date, or `trouble` says why its old one stays. */
  readonly renewed: (experiment: ExperimentPath, trouble?: string) => void;
  /** What logs said, shared with other readers of them. */
  readonly cache: ReadingCache;
  /** Draws the experiment's own pictures. */
  readonly renderer: Renderer;
  /** The least time between two renewals of a report, in ms. */
  readonly renewMs: (experiment: ExperimentPath) => number;
  readonly troubles: Troubles;
  readonly warn: (message: string, facts: Readonly<Record<string, unknown>>) => void;
}

/**
 * Reports are renewed one at a time, and one experiment's at most once in `renewMs`, or in the
 * interval that its number of runs asks for. Its own pictures are drawn at once when a run has
 * ended; while runs go on, at most once in FIGURES_MS.
 */
export function reportHandlers(parts: ReportHandlersParts): ReportHandlers {
  const renewals = new ReportRenewals(parts);
  return {
    touch: (experiment) => renewals.touch(experiment),
    "renew-report": ({ experiment }) => renewals.touch(experiment, { draw: true }),
    close: () => renewals.close(),
  };
}

/** The queue of reports to be renewed. All its times are ms of the process's monotonic clock. */
class ReportRenewals {
  readonly #parts: ReportHandlersParts;
  readonly #dueAtMs = new Map<ExperimentPath, number>();
  readonly #renewedAtMs = new Map<ExperimentPath, number>();
  readonly #drawnAtMs = new Map<ExperimentPath, number>();
  /** How many run folders each experiment had at its last look. */
  readonly #runs = new Map<ExperimentPath, number>();
  /** Experiments whose pictures are drawn without waiting for FIGURES_MS. */
  readonly #drawNow = new Set<ExperimentPath>();
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(parts: ReportHandlersParts) {
    this.#parts = parts;
  }

  /** Schedules a renewal; with `draw`, pictures included. */
  touch(experiment: ExperimentPath, { draw = false } = {}): void {
    if (draw) this.#drawNow.add(experiment);
    const dueAtMs = this.#earliestMs(experiment);
    if (this.#closed || (this.#dueAtMs.get(experiment) ?? Infinity) <= dueAtMs) return;
    this.#dueAtMs.set(experiment, dueAtMs);
    this.#working ??= this.#work();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
  }

  /** When a report may be renewed again. */
  #earliestMs(experiment: ExperimentPath): number {
    const renewMs = this.#parts.renewMs(experiment);
    const runsMs = Math.min((this.#runs.get(experiment) ?? 0) * RENEW_RUN_MS, RENEW_RUNS_MOST_MS);
    // `renew: 0s` in the settings asks for no pause at all.
    const restMs = renewMs === 0 ? 0 : Math.max(renewMs, runsMs);
    return (this.#renewedAtMs.get(experiment) ?? -restMs) + restMs;
  }

  async #work(): Promise<void> {
    for (;;) {
      const next = soonest(this.#dueAtMs);
      if (next === undefined) break;
      const [experiment, dueAtMs] = next;
      const waitMs = dueAtMs - performance.now();
      if (this.#closed) this.#dueAtMs.clear();
      else if (waitMs > 0) await pause(Math.min(waitMs, LOOK_MS));
      else {
        this.#dueAtMs.delete(experiment);
        if (!(await this.#renew(experiment))) continue;
        this.#renewedAtMs.set(experiment, performance.now());
        // Changes during the renewal were scheduled without its rest: apply it now.
        const again = this.#dueAtMs.get(experiment);
        if (again !== undefined) {
          this.#dueAtMs.set(experiment, Math.max(again, this.#earliestMs(experiment)));
        }
      }
    }
    this.#working = undefined;
  }

  /** Renews a report that is out of date; false where there was nothing to do. Never rejects. */
  async #renew(experiment: ExperimentPath): Promise<boolean> {
    const { labOf, troubles, warn } = this.#parts;
    const lab = labOf(experiment);
    if (lab === undefined) return false;
    const tell = (why?: string): void =>
      troubles.tell({ lab }, `report ${experiment}`, reportTroubles(experiment, lab, why));
    try {
      const { mark, folders } = await fingerprint(experiment);
      this.#runs.set(experiment, folders);
      const markFile = markFileOf(lab, experiment);
      // Any failure: the report is renewed.
      if (mark === (await readFile(markFile, "utf8").catch(() => ""))) return false;
      if (await this.#write(experiment, lab, tell)) {
        await mkdir(dirname(markFile), { recursive: true });
        await atomicWrite(markFile, mark);
      }
    } catch (error) {
      warn("report not renewed", { experiment, error: String(error) });
      // A journal that is not read is told as such.
      const isUnread = whyUnreadable(join(experiment, "JOURNAL.md")) !== undefined;
      tell(isUnread ? undefined : String(error));
    }
    return true;
  }

  /** Writes a report; true if it is now up to date, pictures included. */
  async #write(
    experiment: ExperimentPath,
    lab: LabPath,
    tell: (why?: string) => void,
  ): Promise<boolean> {
    const { cache, renderer, renewed, warn } = this.#parts;
    const drawnAtMs = this.#drawnAtMs.get(experiment) ?? -FIGURES_MS;
    const restMs = drawnAtMs + FIGURES_MS - performance.now();
    const draws = restMs <= 0 || this.#drawNow.has(experiment);
    this.#drawNow.delete(experiment);
    if (draws) this.#drawnAtMs.set(experiment, performance.now());
    const { problems, refused, unwritten } = await renewReport(experiment, {
      cache,
      labDir: lab,
      ...(draws ? { renderer } : {}),
    });
    for (const problem of problems) warn("report", { experiment, problem });
    tell(unwritten);
    renewed(experiment, refused);
    // The next touch tries again: the log may have been in the middle of a change.
    if (refused !== undefined) return false;
    if (!draws && !this.#dueAtMs.has(experiment)) {
      this.#dueAtMs.set(experiment, performance.now() + restMs);
    }
    return draws;
  }
}

/** REPORT.md as a trouble of its experiment, if it has one. */
function reportTroubles(
  experiment: ExperimentPath,
  lab: string,
  why: string | undefined,
): readonly Trouble[] {
  if (why === undefined) return [];
  return [{ where: join(relative(lab, experiment), "REPORT.md"), says: `is not renewed: ${why}` }];
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The entry that is due first; of several due at once, the one that was added first. */
function soonest<K>(due: ReadonlyMap<K, number>): readonly [K, number] | undefined {
  let found: readonly [K, number] | undefined;
  for (const entry of due) if (found === undefined || entry[1] < found[1]) found = entry;
  return found;
}

/** Where the fingerprint of an up-to-date report is kept. */
const markFileOf = (lab: string, experiment: string): string => {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "pages", `${name}.mark`);
};

/**
 * `mark` changes whenever a file that the report is made from has changed, or the report itself.
 * `folders` is the number of run folders.
 */
async function fingerprint(
  experiment: string,
): Promise<{ readonly mark: string; readonly folders: number }> {
  const marks: string[] = [];
  const mark = async (path: string): Promise<void> => {
    // Any failure, here and below: the report is renewed, which tells.
    const found = await stat(join(experiment, path)).catch(() => undefined);
    if (found !== undefined) marks.push(`${path} ${found.ino} ${found.size} ${found.mtimeMs}`);
  };
  for (const name of ["JOURNAL.md", "IGNORED_RUNS.md", "REPORT.md"]) await mark(name);
  // Any failure.
  const runs = (await readdir(join(experiment, "runs")).catch(() => [])).toSorted(byName);
  for (const run of runs) {
    const inRun = ["run.json", "logs", "plots"].map((name) => join("runs", run, name));
    for (const path of inRun) await mark(path);
    const logs = join("runs", run, "logs");
    // Any failure.
    for (const log of await readdir(join(experiment, logs)).catch(() => [])) {
      await mark(join(logs, log));
    }
  }
  return {
    mark: createHash("sha256").update(marks.join("\n")).digest("hex"),
    folders: runs.length,
  };
}
