// How far a run has come and when it will be through, from what its logs say of its steps.
// Where they do not say how many there are, nothing is projected.
import type { RunReading } from "../domain/sample.ts";

/** Sights of a run's progress that are kept: its pace is that of their later half... */
const PACE_OBSERVATIONS = 64;
/** ...and over a shorter time it says little. */
const PACE_SPAN_MS = 2_000;

export interface Progress {
  readonly unit: "step" | "epoch" | "%";
  readonly done: number;
  readonly total: number;
}

/**
 * The way of a run so far: as a log line tells it (`step:1/1530`), else as its console does last
 * (`3/10`, `45%|`, `(12 %)`), else from its arguments (`--epochs 20`) and the last logged step.
 */
export function progressOf(reading: RunReading, args: readonly string[]): Progress | undefined {
  const told = (reading.lineFacts ?? []).flatMap(({ progress }) => progress ?? []);
  // A step within an epoch begins anew with each one: epochs tell more.
  const inLogs =
    told.find(({ unit }) => unit === "epoch") ?? told.toSorted((a, b) => b.total - a.total)[0];
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
    // What else it counts is within the epoch, and says nothing of the whole way.
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

/** Steps that are behind it: where they count from 0, one more than the last one's number. */
function reached(steps: Float64Array): readonly number[] {
  const last = steps.at(-1);
  if (last === undefined || !Number.isFinite(last)) return [];
  return [steps[0] === 0 ? last + 1 : last];
}

export interface Pace {
  /** What the logs said at a time, ms since 1970. */
  see(progress: Progress | undefined, atMs: number): void;
  /** When the run will be through at the pace of late; undefined while that says little. */
  endsAtMs(): number | undefined;
}

/** Follows a run's progress over time; of a count that begins again and again nothing is projected. */
export function createPace(): Pace {
  let seen: { readonly atMs: number; readonly done: number }[] = [];
  let total = 0;
  /** It fell back to its beginning: it counts within an epoch, and not the whole way. */
  let comesAgain = false;
  return {
    see(progress, atMs) {
      if (progress === undefined) return;
      const last = seen.at(-1);
      const fell = last !== undefined && progress.done < last.done;
      if (progress.total !== total) comesAgain = false;
      else comesAgain ||= fell;
      if (progress.total !== total || fell) seen = [];
      total = progress.total;
      if (seen.at(-1)?.done === progress.done) return;
      seen.push({ atMs, done: progress.done });
      if (seen.length > PACE_OBSERVATIONS) seen = seen.filter((_, i) => i % 2 === 0);
    },
    endsAtMs() {
      const [first, last] = [seen[0], seen.at(-1)];
      if (first === undefined || last === undefined || comesAgain) return undefined;
      // The beginning is slower, with compilation and cold caches: the later half tells.
      const middle = first.atMs + (last.atMs - first.atMs) / 2;
      const from = seen.findLast(({ atMs }) => atMs <= middle) ?? first;
      const [tookMs, did] = [last.atMs - from.atMs, last.done - from.done];
      if (tookMs < PACE_SPAN_MS || did <= 0) return undefined;
      return Math.round(last.atMs + ((total - last.done) * tookMs) / did);
    },
  };
}
