// The effect handler that renews reports: one at a time, each at most once in its renewal interval,
// and only if something that it is made from has changed. What a report says is in report/.
import { createHash } from "node:crypto";
import { dirname, join, relative } from "node:path";
import { setImmediate as nextTurn, setTimeout as pause } from "node:timers/promises";
import type { ExperimentPath, LabPath } from "../../base/ids.ts";
import type { Trouble } from "../../domain/trouble.ts";
import { whyUnreadable } from "../os/stable-read.ts";
import type { Troubles } from "../state/troubles.ts";
import type { EffectHandlers } from "./effect-handlers.ts";
import { renewReport } from "../pages/pages.ts";
import type { ReadingCache } from "../run-store/reading-cache.ts";
import type { Renderer } from "../render/render.ts";
import { atomicWrite } from "../os/atomic-write.ts";
import { mkdir, readFileSync } from "../os/lab-files.ts";
import { inTurns } from "../os/in-turns.ts";
import {
  lookAtInputs,
  markOf,
  markOfWritten,
  readMark,
  surfaceNow,
  writtenMark,
  type ReportMark,
} from "../pages/report-mark.ts";

/** A renewal looks at every run, so the interval between two grows by this much for each run. */
export const RENEW_RUN_MS = 5;
/** The most that RENEW_RUN_MS adds up to. */
const RENEW_RUNS_MOST_MS = 30_000;
/** While runs go on, the experiment's own pictures are drawn at most this often. */
const FIGURES_MS = 30_000;
/**
 * Reports whose runs are looked at as soon as the daemon has started, which takes some 3 ms for
 * twenty runs; the others follow one each LOOK_LATER_MS.
 */
export const LOOKED_AT_START = 10;
const LOOK_LATER_MS = 5_000;
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
  /** Whether an experiment was touched by more than the first reading of its journal. */
  readonly #isTouched = new Map<ExperimentPath, boolean>();
  /** How many were looked at as at a start. */
  #started = 0;
  /** Experiments whose runs are still to be looked at. */
  readonly #later = new Set<ExperimentPath>();
  #laterTimer: NodeJS.Timeout | undefined;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(parts: ReportHandlersParts) {
    this.#parts = parts;
  }

  /** Schedules a renewal; with `draw`, pictures included. */
  touch(experiment: ExperimentPath, { draw = false } = {}): void {
    if (draw) this.#drawNow.add(experiment);
    // The first time is when its journal is read: nothing has happened yet that this daemon saw.
    this.#isTouched.set(experiment, !draw || this.#isTouched.has(experiment));
    const dueAtMs = this.#earliestMs(experiment);
    if (this.#closed || (this.#dueAtMs.get(experiment) ?? Infinity) <= dueAtMs) return;
    this.#dueAtMs.set(experiment, dueAtMs);
    this.#working ??= this.#work();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#laterTimer);
    await this.#working;
  }

  /**
   * Whether a report that was up to date when the last daemon ended, and of which nothing on the
   * surface has changed since, waits for a look at all files of its runs.
   */
  #isLookedAtLater(experiment: ExperimentPath, known: ReportMark): boolean {
    if (this.#isTouched.get(experiment) === true) return false;
    this.#isTouched.set(experiment, true);
    this.#started += 1;
    if (this.#started <= LOOKED_AT_START || known.surface !== surfaceNow(experiment)) return false;
    this.#later.add(experiment);
    this.#laterTimer ??= setInterval(() => {
      const [next] = this.#later;
      if (next !== undefined) {
        this.#later.delete(next);
        this.touch(next);
        return;
      }
      clearInterval(this.#laterTimer);
      this.#laterTimer = undefined;
    }, LOOK_LATER_MS).unref();
    return true;
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
        if (!(await this.#renew(experiment))) {
          await nextTurn();
          continue;
        }
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
      const markFile = markFileOf(lab, experiment);
      const known = readMark(fileText(markFile));
      if (this.#isLookedAtLater(experiment, known)) return false;
      // Before anything is read: what comes meanwhile is not in the report.
      const inputs = await inTurns(lookAtInputs(experiment));
      this.#runs.set(experiment, inputs.runs);
      const before = markOf(experiment, inputs);
      if (before.whole === known.whole) return false;
      const { isWhole, text } = await this.#write(experiment, lab, tell);
      if (!isWhole) return true;
      const mark = text === undefined ? before : await markOfWritten(experiment, inputs, text);
      if (mark === undefined) return true;
      await mkdir(dirname(markFile), { recursive: true });
      await atomicWrite(markFile, writtenMark(mark));
    } catch (error) {
      warn("report not renewed", { experiment, error: String(error) });
      // A journal that is not read is told as such.
      const isUnread = whyUnreadable(join(experiment, "JOURNAL.md")) !== undefined;
      tell(isUnread ? undefined : String(error));
    }
    return true;
  }

  /**
   * Writes a report. `isWhole`: it is now up to date, pictures included; `text`: what REPORT.md now
   * says, where it was written.
   */
  async #write(
    experiment: ExperimentPath,
    lab: LabPath,
    tell: (why?: string) => void,
  ): Promise<{ readonly isWhole: boolean; readonly text?: string | undefined }> {
    const { cache, renderer, renewed, warn } = this.#parts;
    const drawnAtMs = this.#drawnAtMs.get(experiment) ?? -FIGURES_MS;
    const restMs = drawnAtMs + FIGURES_MS - performance.now();
    const draws = restMs <= 0 || this.#drawNow.has(experiment);
    this.#drawNow.delete(experiment);
    if (draws) this.#drawnAtMs.set(experiment, performance.now());
    let text: string | undefined;
    const { problems, refused, unwritten } = await renewReport(experiment, {
      cache,
      labDir: lab,
      wrote: (page) => (text = page),
      ...(draws ? { renderer } : {}),
    });
    for (const problem of problems) warn("report", { experiment, problem });
    tell(unwritten);
    renewed(experiment, refused);
    // The next touch tries again: the log may have been in the middle of a change.
    if (refused !== undefined) return { isWhole: false };
    if (!draws && !this.#dueAtMs.has(experiment)) {
      this.#dueAtMs.set(experiment, performance.now() + restMs);
    }
    return { isWhole: draws, text };
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

/** The entry that is due first; of several due at once, the one that was added first. */
function soonest<K>(due: ReadonlyMap<K, number>): readonly [K, number] | undefined {
  let found: readonly [K, number] | undefined;
  for (const entry of due) if (found === undefined || entry[1] < found[1]) found = entry;
  return found;
}

/** "" for a file that cannot be read. */
function fileText(path: string): string {
  try {
    return readFileSync(path);
  } catch {
    // Any failure: the report is renewed.
    return "";
  }
}

/** Where the mark of an up-to-date report is kept. */
const markFileOf = (lab: string, experiment: string): string => {
  const name = createHash("sha256").update(relative(lab, experiment)).digest("hex").slice(0, 32);
  return join(lab, ".nightlab", "pages", `${name}.mark`);
};
