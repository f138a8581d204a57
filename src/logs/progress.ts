// How far a run is and when it will end, from what its logs say of its steps.
// Where they do not say how many there are, nothing is projected.
import type { RunReading } from "../domain/sample.ts";

/** Observations of a run's progress that are kept. */
const PACE_OBSERVATIONS = 64;
/** A pace over a shorter time than this is too uncertain to project the end. */
const PACE_SPAN_MS = 2_000;

/** `done` of `total`, with 0 ≤ done ≤ total and total > 0. */
export interface Progress {
  readonly unit: "step" | "epoch" | "%";
  readonly done: number;
  readonly total: number;
}

/**
 * How far a run is: by its log lines (`step:1/1530`), else by the last console line that says it
 * (`3/10`, `45%|`, `(12 %)`), else by its arguments (`--epochs 20`) and the last logged step.
 */
export function progressOf(reading: RunReading, args: readonly string[]): Progress | undefined {
  const logged = (reading.lineFacts ?? []).flatMap(({ progress }) => progress ?? []);
  // Steps may be counted anew in each epoch, so epochs are the better measure.
  const inLogs =
    logged.find(({ unit }) => unit === "epoch") ?? logged.toSorted((a, b) => b.total - a.total)[0];
  return sound(inLogs) ?? sound(onConsole(reading.lastLines)) ?? sound(byArguments(reading, args));
}

function sound(progress: Progress | undefined): Progress | undefined {
  if (progress === undefined) return undefined;
  const { done, total } = progress;
  return total > 0 && done >= 0 && done <= total ? progress : undefined;
}

const OF = /(?<![\d.:/-])(\d{1,9})\s{0,2}\/\s{0,2}(\d{1,9})(?![\d./-])/;
const EPOCH_OF = /epoch\W{0,4}(\d{1,6})\s{0,2}\/\s{0,2}(\d{1,6})/i;
const SHARE = /(?<![\d.])(\d{1,3}(?:\.\d{1,3})?)\s?%/;

function onConsole(lines: readonly string[]): Progress | undefined {
  const last = lines.findLast((line) => OF.test(line) || SHARE.test(line));
  if (last === undefined) return undefined;
  if (/epoch/i.test(last)) {
    // Any other count in the line is within the epoch, not of the whole run.
    const epoch = EPOCH_OF.exec(last);
    return epoch === null
      ? undefined
      : { unit: "epoch", done: Number(epoch[1]), total: Number(epoch[2]) };
  }
  const of = OF.exec(last);
  if (of !== null) return { unit: "step", done: Number(of[1]), total: Number(of[2]) };
  return { unit: "%", done: Number(SHARE.exec(last)?.[1]), total: 100 };
}

const EPOCHS = /^--(?:max[-_]|num[-_]|n[-_])?(?:train[-_])?epochs$/;
const STEPS = /^--(?:max[-_]|num[-_]|n[-_]|total[-_])?(?:train[-_])?(?:steps|iters|iterations)$/;

function byArguments(reading: RunReading, args: readonly string[]): Progress | undefined {
  for (const [name, unit] of [
    [EPOCHS, "epoch"],
    [STEPS, "step"],
  ] as const) {
    const total = Number(valueOf(args, name));
    if (!Number.isInteger(total)) continue;
    const fitting = reading.series.filter(
      ({ stepKey }) => stepKey === unit || (unit === "step" && stepKey === "iteration"),
    );
    const done = fitting.flatMap(({ steps }) => reached(steps));
    if (done.length > 0) return { unit, done: Math.max(...done), total };
  }
  return undefined;
}

function valueOf(args: readonly string[], name: RegExp): string | undefined {
  const at = args.findIndex((arg) => name.test(arg.split("=")[0] ?? ""));
  const arg = args[at];
  if (arg === undefined) return undefined;
  const value = arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : args[at + 1];
  return value !== undefined && /^\d{1,12}$/.test(value) ? value : undefined;
}

/** Steps done: where they count from 0, one more than the last one's number. Empty without one. */
function reached(steps: Float64Array): readonly number[] {
  const last = steps.at(-1);
  if (last === undefined || !Number.isFinite(last)) return [];
  return [steps[0] === 0 ? last + 1 : last];
}

export interface Pace {
  /** Takes what the logs said at a time, in ms since 1970. */
  see(progress: Progress | undefined, atMs: number): void;
  /** When the run will end at its recent pace, in ms since 1970; undefined while unclear. */
  endsAtMs(): number | undefined;
}

/** Follows a run's progress over time. A count that starts again and again projects nothing. */
export function createPace(): Pace {
  let seen: { readonly atMs: number; readonly done: number }[] = [];
  let total = 0;
  /** The count fell without a new total: it is within an epoch, not of the whole run. */
  let restarts = false;
  return {
    see(progress, atMs) {
      if (progress === undefined) return;
      const last = seen.at(-1);
      const fell = last !== undefined && progress.done < last.done;
      if (progress.total !== total) restarts = false;
      else restarts ||= fell;
      if (progress.total !== total || fell) seen = [];
      total = progress.total;
      if (seen.at(-1)?.done === progress.done) return;
      seen.push({ atMs, done: progress.done });
      if (seen.length > PACE_OBSERVATIONS) seen = seen.filter((_, i) => i % 2 === 0);
    },
    endsAtMs() {
      const [first, last] = [seen[0], seen.at(-1)];
      if (first === undefined || last === undefined || restarts) return undefined;
      // The later half of the time: a run begins slower, with compilation and cold caches.
      const middle = first.atMs + (last.atMs - first.atMs) / 2;
      const from = seen.findLast(({ atMs }) => atMs <= middle) ?? first;
      const [tookMs, did] = [last.atMs - from.atMs, last.done - from.done];
      if (tookMs < PACE_SPAN_MS || did <= 0) return undefined;
      return Math.round(last.atMs + ((total - last.done) * tookMs) / did);
    },
  };
}
